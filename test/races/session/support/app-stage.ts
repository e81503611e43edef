import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeJwt } from 'jose';
import type { RefreshOptions } from '../../../../src/session/session.options.js';
import { TestBrowser } from '../../../../src/testing/browser/test-browser.js';
import { FaultyProvider } from '../../../../src/testing/provider/faulty-provider.js';
import { AppProcess, type AppProcessSettings } from '../../../session/support/start-app-process.js';
import { WAYS, type Orders } from '../../../session/support/web-app.js';
import { createDatabase, type TestDatabase } from '../../../support/postgres.js';

/** Where browsers believe that the app is. */
const BASE_URL = 'https://shop.example';
/** Milliseconds after which the tokens of a sign-in are over. */
export const OVER_AFTER = 1_200;

/** Somebody who has signed in, in one of the ways. */
export interface SignedIn {
  readonly way: number;
  readonly sub: string;
  readonly cookie: string;
  /** The refresh tokens of the sign-in. */
  readonly family: string;
}

export interface AppStageOptions {
  readonly processes: number;
  readonly poolSize?: number;
  readonly refresh?: RefreshOptions;
}

/** Processes of one app that share a database, each with the app in every way, and the provider that signs people in. Time is real. */
export class AppStage {
  private constructor(
    readonly processes: AppProcess[],
    readonly provider: FaultyProvider,
    readonly database: TestDatabase,
  ) {}

  static async open({ processes, poolSize = 5, refresh = {} }: AppStageOptions): Promise<AppStage> {
    const database = await createDatabase();
    const provider = await FaultyProvider.start({
      clients: [{ id: 'shop', secret: 'secret', redirectUris: [`${BASE_URL}/session/callback`] }],
    });
    const session = {
      baseUrl: BASE_URL,
      processes,
      oidc: { issuer: provider.issuer, clientId: 'shop', clientSecret: 'secret' },
      keys: [randomBytes(32).toString('base64')],
      // A token is refreshed a second before its end, and not within a second of its issue.
      refresh: { before: 1, ...refresh },
    };
    const settings: AppProcessSettings = { databaseUrl: database.url, poolSize, ways: WAYS, session };
    const started = Array.from({ length: processes }, () => AppProcess.start(settings));
    return new AppStage(await Promise.all(started), provider, database);
  }

  /** Takes a process out, without a farewell. */
  async kill(process: AppProcess): Promise<void> {
    this.processes.splice(this.processes.indexOf(process), 1);
    await process.kill();
  }

  /** People whose access tokens are over: one in every way. */
  async expired(): Promise<SignedIn[]> {
    const people = [];
    for (const way of WAYS.keys()) people.push(await this.signIn(way));
    await sleep(OVER_AFTER);
    return people;
  }

  /** With an access token of a second; those that follow it live longer. */
  async signIn(way: number, sub = 'ada', process = this.process(0)): Promise<SignedIn> {
    this.provider.person = { sub };
    this.provider.settings.accessTokenLifetime = 1;
    const browser = new TestBrowser({ hosts: { [BASE_URL]: process.url(way) } });
    const page = await browser.navigate(`${BASE_URL}/orders`);
    if (page.status !== 200) throw new Error(`The sign-in came to ${page.status}: ${page.body}`);
    this.provider.settings.accessTokenLifetime = 300;
    const cookie = browser.jar.cookieHeader(BASE_URL, { site: 'same-origin', navigation: false, method: 'GET' }) ?? '';
    return { way, sub, cookie, family: this.provider.signIns.at(-1)?.family ?? '' };
  }

  /** -1: the last one. */
  process(at: number): AppProcess {
    const process = this.processes.at(at % this.processes.length);
    if (!process) throw new Error('There is no process.');
    return process;
  }

  /** A script's request at one of the processes. */
  async orders(at: number, { way, cookie }: SignedIn): Promise<Orders> {
    const answer = await fetch(`${this.process(at).url(way)}/orders`, { headers: { cookie, 'x-csrf': '1' } });
    const body = (await answer.json()) as Orders['body'];
    return { status: answer.status, cookies: answer.headers.getSetCookie(), retryAfter: answer.headers.get('retry-after'), body };
  }

  /** How often the provider was asked to refresh that sign-in's tokens. */
  refreshes({ family }: SignedIn): number {
    return this.provider.calls('token', 'refresh_token').filter((call) => call.family === family).length;
  }

  async close(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.kill()));
    await this.provider.close();
    await this.database.drop();
  }
}

/** The same person with the cookie that the answer brought. */
export function afterAnswer(person: SignedIn, { cookies }: Orders): SignedIn {
  return cookies.length === 0 ? person : { ...person, cookie: cookies.map((line) => line.split(';')[0]).join('; ') };
}

/** What answers have in common. One status and one token: all were served alike. */
export const summary = (answers: readonly Orders[]): object => ({
  answers: answers.length,
  statuses: [...new Set(answers.map(({ status }) => status))],
  tokens: new Set(answers.map(({ body }) => body.token)).size,
  people: [...new Set(answers.flatMap(({ body }) => [body.user?.sub, subjectOf(body.token)]))],
});

const subjectOf = (token: string | undefined): string | undefined => (token === undefined ? undefined : decodeJwt(token).sub);

/** Of so many answers to one person. */
export const served = (answers: number, sub = 'ada'): object => ({ answers, statuses: [200], tokens: 1, people: [sub] });

/** In every way at once. */
export const inEveryWay = <T>(people: readonly SignedIn[], work: (person: SignedIn) => Promise<T>): Promise<Record<string, T>> =>
  Promise.all(people.map(async (person) => [WAYS[person.way]?.join(' on '), await work(person)] as const)).then(Object.fromEntries);

/** In one way after the other: what is timed must not wait for the other ways. */
export async function inEachWay<T>(people: readonly SignedIn[], work: (person: SignedIn) => Promise<T>): Promise<Record<string, T>> {
  const results: Record<string, T> = {};
  for (const person of people) results[WAYS[person.way]?.join(' on ') ?? ''] = await work(person);
  return results;
}

/** What is expected of every way. */
export const alike = <T>(expected: T): Record<string, T> => Object.fromEntries(WAYS.map((way) => [way.join(' on '), expected]));
