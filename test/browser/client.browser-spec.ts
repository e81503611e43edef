import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { transform } from '@swc/core';
import type { Browser, Page } from 'playwright-core';
import { ClientStore } from '../../src/storage/client.store.js';
import { seeChanges } from '../support/configuration.js';
import { startService, type TestService } from '../support/service-app.js';
import { launchChromium } from './support/chromium.js';

const ROUNDS = 6;

let browser: Browser;
let site: Server;
let origin: string;
/** Refresh tokens as they were presented. */
const presented: string[] = [];

/** A provider without any leeway, an API and the page of an app, on one origin. */
beforeAll(async () => {
  site = createServer((request, response) => {
    void answer(request.url ?? '', request).then(
      ([type, text]) => response.writeHead(200, { 'content-type': type }).end(text),
      () => response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"invalid_grant"}'),
    );
  });
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
  origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  site.closeAllConnections();
  site.close();
  await once(site, 'close');
});

async function answer(path: string, body: AsyncIterable<Buffer>): Promise<[type: string, text: string]> {
  const sources = /^\/client\/([a-z-]+)\.js$/.exec(path);
  if (sources) return ['text/javascript', await compiled(`${sources[1]}.ts`)];
  if (path === '/api/') return ['text/plain', 'fine'];
  if (path !== '/token') return ['text/html', '<!doctype html><title>App</title>'];
  let form = '';
  for await (const part of body) form += String(part);
  const token = new URLSearchParams(form).get('refresh_token') ?? '';
  const spent = presented.includes(token);
  presented.push(token);
  if (spent || token !== `r${presented.length - 1}`) throw new Error('reuse');
  await new Promise((resolve) => setTimeout(resolve, 30)); // so that the other tab comes while it is on its way
  return ['application/json', JSON.stringify({ access_token: `a${presented.length}`, refresh_token: `r${presented.length}` })];
}

async function compiled(file: string): Promise<string> {
  const source = await readFile(new URL(`../../src/client/${file}`, import.meta.url), 'utf8');
  const { code } = await transform(source, {
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    module: { type: 'es6' },
    swcrc: false,
  });
  return code;
}

/** A tab with the app in it, whose clock the test moves. */
async function open(page: Page): Promise<Page> {
  await page.goto(`${origin}/`);
  await page.evaluate(`(async () => {
    const { CountersignClient, oauth, webStorage } = await import('/client/index.js');
    window.time = Date.now();
    window.asked = [];
    window.client = new CountersignClient({
      refresher: oauth({ tokenEndpoint: '${origin}/token', clientId: 'app' }),
      apis: ['${origin}/api/'],
      storage: webStorage(localStorage),
      onSignInNeeded: (reason) => window.asked.push(reason),
      now: () => window.time,
    });
  })()`);
  return page;
}

describe('Two tabs on one localStorage', () => {
  it('refresh once each time that both are due, and both go on', async () => {
    const context = await browser.newContext();
    const tabs = [await open(await context.newPage()), await open(await context.newPage())];
    await tabs[0]?.evaluate(`window.client.signedIn({ access_token: 'a0', refresh_token: 'r0' })`);
    for (let round = 1; round <= ROUNDS; round++) {
      const calls = tabs.map((tab) =>
        tab.evaluate(`(async () => {
          window.time += 301_000;
          const answers = await Promise.all(Array.from({ length: 5 }, () => window.client.fetch('api/')));
          return [...answers.map(({ status }) => status), await window.client.accessToken(), ...window.asked];
        })()`),
      );
      expect(await Promise.all(calls)).toEqual(tabs.map(() => [200, 200, 200, 200, 200, `a${round}`]));
      expect(presented).toHaveLength(round);
    }
    await tabs[0]?.evaluate(`window.client.signOut()`);
    // Chromium tells another tab's process of a change to localStorage a moment later.
    await tabs[1]?.waitForFunction(`window.client.isSignedIn().then((signedIn) => !signedIn)`);
    await context.close();
  });
});

/** Seconds that an access token lives. */
const LIFETIME = 900;

describe('A page of another origin than the service, by the sign-in API (Fetch §3.2)', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await startService();
    const client = await service.get(ClientStore).find('first-party');
    if (!client) throw new Error('There is no first-party client.');
    await service.get(ClientStore).update({ ...client, allowedOrigins: [origin] }, service.clock.now());
    await seeChanges(service);
  });
  afterAll(() => service.close());

  /** The app on a page: somebody can register there. */
  async function prepare(page: Page): Promise<void> {
    await page.evaluate(`(async () => {
      const { CountersignClient, signInApi } = await import('/client/index.js');
      window.time = ${service.clock.now().getTime()};
      window.client = new CountersignClient({ refresher: signInApi('${service.url}'), apis: ['${service.url}/auth/'], now: () => window.time });
      window.me = () => window.client.fetch('${service.url}/auth/me').then(({ status }) => status, ({ name }) => name);
      const body = JSON.stringify({ email: crypto.randomUUID() + '@example.test', password: 'correct-horse-battery-staple' });
      window.register = () => fetch('${service.url}/auth/register', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
        .then((answer) => answer.json()).catch(({ name }) => name);
    })()`);
  }

  it('whose origin the operator has allowed, registers, refreshes and signs out', async () => {
    const page = await (await browser.newContext()).newPage();
    await page.goto(`${origin}/`);
    await prepare(page);
    await page.evaluate(`window.register().then((pair) => window.client.signedIn(pair))`);
    expect(await page.evaluate(`window.me()`)).toBe(200);
    const before = await page.evaluate(`window.client.accessToken()`);
    service.clock.advance(LIFETIME + 1);
    await page.evaluate(`window.time += ${LIFETIME + 1} * 1000`);
    expect(await page.evaluate(`Promise.all([window.me(), window.me()])`)).toEqual([200, 200]);
    expect(await page.evaluate(`window.client.accessToken()`)).not.toBe(before);
    await page.evaluate(`window.client.signOut()`);
    expect(await page.evaluate(`window.me()`)).toBe('SignInNeededError');
    await page.context().close();
  });

  it('whose origin is none of these, gets nothing: the browser keeps the answers from it', async () => {
    const page = await (await browser.newContext()).newPage();
    await page.goto(`${origin.replace('127.0.0.1', 'localhost')}/`);
    await prepare(page);
    expect(await page.evaluate(`window.register()`)).toBe('TypeError');
    await page.context().close();
  });
});
