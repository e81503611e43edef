import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PageOptions } from '../../src/identity/pages/page.options.js';
import { startService, type TestService } from '../support/service-app.js';
import { Beside } from './support/beside.js';
import { newBrowser, textOf } from './support/visitor.js';

const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
const WEBP = Buffer.from('UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA', 'base64');
const SVG =
  '\uFEFF<?xml version="1.0"?>\n<!-- ours -->\n<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script><rect width="9" height="9"/></svg>';

const beside = new Beside();
let service: TestService;
let folder: string;
beforeAll(async () => {
  service = await startService();
  folder = await mkdtemp(join(tmpdir(), 'countersign-pages-'));
});
afterEach(() => beside.close());
afterAll(async () => {
  await service.close();
  await rm(folder, { recursive: true });
});

const file = async (name: string, content: string | Buffer): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
};
const branded = (pages: Partial<PageOptions>): Promise<TestService> => beside.start(service, { identity: { pages } });
const refusal = (pages: object): Promise<string> =>
  branded(pages as Partial<PageOptions>).then(
    () => 'it started',
    (error: unknown) => String(error),
  );
/** Addresses of what the page refers to, by kind. */
const assetOf = async (from: TestService, kind: 'pages' | 'theme' | 'logo'): Promise<string> =>
  new RegExp(`(?:href|src)="(/[^"]*/${kind}\\.[^"]*)"`).exec((await newBrowser(from).get('/sign-in')).html)?.[1] ?? '';

describe('Assets', () => {
  it.each(['pages', 'theme', 'logo'] as const)('%s: kept for a year under an address of this content', async (kind) => {
    const path = await assetOf(service, kind);
    const { headers, status } = await fetch(service.url + path);
    expect(status).toBe(200);
    expect(Object.fromEntries(headers)).toMatchObject({
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
      'content-type': kind === 'logo' ? 'image/svg+xml' : 'text/css; charset=utf-8',
    });
    const etag = headers.get('etag') ?? '';
    const known = await fetch(service.url + path, { headers: { 'if-none-match': `"x", W/${etag}` } });
    expect([known.status, await known.text(), known.headers.get('etag')]).toEqual([304, '', etag]);
    const head = await fetch(service.url + path, { method: 'HEAD' });
    expect([head.status, head.headers.get('etag'), await head.text()]).toEqual([200, etag, '']);
  });

  it('of another version are answered by ours, and not kept: an instance beside us may have sent the page', async () => {
    const path = await assetOf(service, 'pages');
    const stale = await fetch(service.url + path.replace(/\.[\w-]{16}\./, `.${'A'.repeat(16)}.`));
    expect([stale.status, stale.headers.get('cache-control')]).toEqual([200, 'no-cache']);
  });

  it.each([
    'pages.css',
    'nothing.AAAAAAAAAAAAAAAA.css',
    '..%2f..%2fpackage.json',
    '%2e%2e%2fmain.js',
    'pages.AAAAAAAAAAAAAAAA.js',
    '__proto__',
  ])('%s is none', async (name) => {
    const answer = await fetch(`${service.url}/assets/${name}`);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
  });

  it('are found under an issuer with a path, by the address that links have there', async () => {
    const tenant = await beside.start(service, { issuance: { issuer: 'https://id.example.test/tenant' } });
    const { html } = await newBrowser(tenant).get('/sign-in');
    expect(html).toMatch(/href="\/tenant\/assets\/pages\.[\w-]{16}\.css"/);
    expect(html).toContain('action="/tenant/sign-in"');
  });
});

describe("The operator's brand", () => {
  it('name, texts by language, and colour, light and dark', async () => {
    const own = await branded({
      name: 'Kettle <& Co>',
      color: '#ffdd00',
      texts: { en: { 'sign-in.title': 'Welcome <back>' }, de: { 'sign-in.title': 'Willkommen' } },
    });
    const browser = newBrowser(own);
    const english = await browser.get('/sign-in');
    expect(english.html).toMatch(/<h1>Welcome &lt;back&gt;<\/h1>/);
    expect(english.html).toMatch(/<title>Welcome &lt;back&gt; – Kettle &lt;&amp; Co&gt;<\/title>/);
    browser.headers = { 'accept-language': 'de' };
    expect((await browser.get('/sign-in')).html).toMatch(/<h1>Willkommen<\/h1>/);
    const theme = await (await fetch(own.url + (await assetOf(own, 'theme')))).text();
    expect(theme).toMatch(/^:root\{--accent:#ffdd00;.*--on-accent:#000000;/);
    expect(theme).toContain('@media (prefers-color-scheme:dark)');
    const [, light, dark] = /--accent-text:(#\w{6})[^]*--accent-text:(#\w{6})/.exec(theme) ?? [];
    expect(light).not.toBe('#ffdd00'); // on white nobody could read it
    expect(dark).toBe('#ffdd00');
  });

  it.each([
    ['SVG', SVG, 'image/svg+xml', 'svg'],
    ['PNG', PNG, 'image/png', 'png'],
    ['WebP', WEBP, 'image/webp', 'webp'],
  ])('a logo in %s, whatever the file is called, that cannot do anything', async (_kind, content, type, extension) => {
    const own = await branded({ name: 'Kettle', logo: await file('logo.dat', content) });
    const path = await assetOf(own, 'logo');
    expect(path).toMatch(new RegExp(`\\.${extension}$`));
    const answer = await fetch(own.url + path);
    expect(answer.headers.get('content-type')).toBe(type);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    // No scripts, no origin: an SVG is a document when it is opened by itself.
    expect(answer.headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'; sandbox");
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(Buffer.from(content));
    expect((await newBrowser(own).get('/sign-in')).html).toMatch(/<img class="brand-logo" src="[^"]*" alt="Kettle">/);
  });

  it('templates of their own in place of ours, with parts', async () => {
    const templates = await mkdtemp(join(folder, 'templates-'));
    await writeFile(join(templates, '_slogan.eta'), 'Tea & <%= it.name %>');
    await writeFile(
      join(templates, 'sign-in.eta'),
      `<% layout('@layout', { title: 'Hello' }) %><p><%~ include('@_slogan', it) %></p><form method="post" action="<%= it.model.form.action %>"><%~ include('@fields', it) %></form>`,
    );
    await writeFile(join(templates, 'notes.txt'), 'not a template');
    const own = await branded({ name: '<b>Kettle</b>', templates });
    const page = await newBrowser(own).get('/sign-in');
    expect(page.html).toContain('<p>Tea & &lt;b&gt;Kettle&lt;/b&gt;</p>');
    expect(page.html).toContain('name="csrf"');
    expect(textOf(await newBrowser(own).get('/register'))).toContain('Create an account');
  });
});

describe('A brand that cannot be shown is refused at start', () => {
  const withTemplate = async (name: string, content: string): Promise<string> => {
    const templates = await mkdtemp(join(folder, 'bad-'));
    await writeFile(join(templates, name), content);
    return templates;
  };

  it.each<[string, () => Promise<object>, RegExp]>([
    ['a name of nothing', async () => ({ name: ' ' }), /pages\.name must be a text of 1 to 60/],
    ['a name with a line break', async () => ({ name: 'a\nb' }), /pages\.name/],
    ['a colour in words', async () => ({ color: 'blue' }), /pages\.color must be a colour of the form #rrggbb/],
    ['a logo that is not there', async () => ({ logo: join(folder, 'nowhere.svg') }), /pages\.logo cannot be read \(ENOENT\)/],
    ['a logo that is a folder', async () => ({ logo: folder }), /pages\.logo must name a file/],
    ['a logo that is no picture', async () => ({ logo: await file('x.svg', '<html><svg></svg></html>') }), /must be an SVG, PNG or WebP/],
    [
      'a logo that is too large',
      async () => ({ logo: await file('big.png', Buffer.concat([PNG, Buffer.alloc(262_144)])) }),
      /256 KiB at most/,
    ],
    ['texts in a language there is not', async () => ({ texts: { fr: {} } }), /no pages in "fr"/],
    ['texts without a place', async () => ({ texts: { en: { 'sign-in.titel': 'x' } } }), /"sign-in\.titel" of en is none of the texts/],
    ['templates that are not there', async () => ({ templates: join(folder, 'nowhere') }), /pages\.templates cannot be read \(ENOENT\)/],
    ['templates that are a file', async () => ({ templates: await file('templates', 'x') }), /pages\.templates cannot be read \(ENOTDIR\)/],
    [
      'a template that replaces nothing',
      async () => ({ templates: await withTemplate('signin.eta', 'x') }),
      /holds signin\.eta, which replaces nothing: there are account, .*sign-in, /,
    ],
    [
      'a template whose tag is never closed',
      async () => ({ templates: await withTemplate('sign-in.eta', '<p><%= it.name') }),
      /holds sign-in\.eta, which does not compile: unclosed tag at line 1 col 4/,
    ],
    [
      'a template whose code is none',
      async () => ({ templates: await withTemplate('sign-in.eta', '<% if ( { %>') }),
      /holds sign-in\.eta, which does not compile: Unexpected token/,
    ],
  ])('%s', async (_what, options, fault) => {
    expect(await refusal(await options())).toMatch(fault);
  });

  it('all that is wrong at once', async () => {
    const fault = await refusal({ name: '', color: 'red', logo: '/nowhere', templates: '/nowhere', texts: { fr: {} } });
    for (const name of ['name', 'color', 'logo', 'templates', 'texts']) expect(fault).toContain(`pages.${name}`);
  });
});
