import type { LoggerService } from '@nestjs/common';
import type { IdentityModuleExtras } from '../../../src/identity/identity.module.js';
import type { IdentityModuleOptions } from '../../../src/identity/identity.options.js';
import { Argon2 } from '../../../src/identity/passwords/argon2.js';
import type { TestDatabase } from '../../support/postgres.js';
import { startService, type TestService, type TestServiceOptions } from '../../support/service-app.js';
import type { TestClock } from '../../support/test-clock.js';
import { Argon2Probe } from './argon2-probe.js';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>;
  /** Of JSON; undefined for an empty body. */
  readonly body: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- assertions look into it as a client would
  readonly text: string;
}

export interface RequestOptions {
  readonly body?: unknown;
  /** Sent as it is, in place of `body`. */
  readonly raw?: string | Buffer;
  readonly token?: string;
  readonly headers?: Record<string, string>;
  readonly address?: string;
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS';

/** The service as an app sees it; requests come from whatever address the test wants. */
export class IdentityApp {
  readonly argon2: Argon2Probe;
  /** What was logged since this app was made, until the next one was. */
  readonly log: string[] = [];
  private readonly sharers: IdentityApp[] = [];
  private closing: Promise<void> | undefined;

  constructor(readonly service: TestService) {
    this.argon2 = new Argon2Probe(service.get(Argon2));
    service.app.useLogger(recorder(this.log));
  }

  get clock(): TestClock {
    return this.service.clock;
  }

  get database(): TestDatabase {
    return this.service.database;
  }

  get<T>(type: abstract new (...args: never[]) => T): T {
    return this.service.get(type);
  }

  async request(method: Method, url: string, options: RequestOptions = {}): Promise<Answer> {
    const { body, raw, token, headers = {}, address = '192.0.2.1' } = options;
    const json = raw === undefined && body !== undefined;
    const answer = await this.service.app.inject({
      method,
      url,
      remoteAddress: address,
      headers: {
        ...(json && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(json ? { payload: JSON.stringify(body) } : raw !== undefined && { payload: raw }),
    });
    const text = answer.payload;
    return { status: answer.statusCode, headers: answer.headers, body: text === '' ? undefined : JSON.parse(text), text };
  }

  post(path: string, body?: unknown, options: RequestOptions = {}): Promise<Answer> {
    return this.request('POST', `/auth/${path}`, { body, ...options });
  }

  me(token: string): Promise<Answer> {
    return this.request('GET', '/auth/me', { token });
  }

  /** A new person, signed in. */
  async register(email = newEmail(), password = GOOD_PASSWORD): Promise<{ email: string; password: string; id: string } & Answer['body']> {
    const answer = await this.post('register', { email, password }, { address: freshAddress() });
    if (answer.status !== 201) throw new Error(`registering answered ${answer.status}: ${answer.text}`);
    return { ...answer.body, email, password, id: answer.body.user.id };
  }

  /** Those that share its database are closed with it, lest a test that failed before it closed its own keep the process alive. */
  close(): Promise<void> {
    this.closing ??= Promise.all(this.sharers.map((app) => app.close())).then(() => this.service.close());
    return this.closing;
  }

  closedWith(other: IdentityApp): this {
    other.sharers.push(this);
    return this;
  }
}

export const GOOD_PASSWORD = 'blue kettle 7 sparrows';

/** Lifetime of an access token unless a test sets it. */
export const ACCESS_SECONDS = 900;

let counter = 0;
export const newEmail = (): string => `person${++counter}@example.test`;

/** One that no test has used: nothing was counted under it yet. */
export const freshAddress = (): string => `10.${(++counter >> 16) & 255}.${(counter >> 8) & 255}.${counter & 255}`;

export interface AppOptions {
  readonly options?: IdentityModuleOptions & IdentityModuleExtras;
  readonly issuance?: TestServiceOptions['issuance'];
  /** Of another app: two instances on one database. */
  readonly sharing?: IdentityApp;
  readonly ownKeys?: boolean;
}

/** The whole service on a database of its own, on a clock the test moves, with the costs of Argon2 that it has in production. */
export async function createIdentityApp({ options = {}, issuance = {}, sharing, ownKeys = false }: AppOptions = {}): Promise<IdentityApp> {
  const identity = { argon2: {}, ...options };
  const app = new IdentityApp(await startService({ identity, issuance, ownKeys, ...(sharing && { beside: sharing.service }) }));
  return sharing ? app.closedWith(sharing) : app;
}

function recorder(lines: string[]): LoggerService {
  const write = (...parts: unknown[]): void =>
    void lines.push(parts.map((part) => (typeof part === 'string' ? part : JSON.stringify(part))).join(' '));
  return { log: write, error: write, warn: write, debug: write, verbose: write, fatal: write };
}
