import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { randomNonce, randomPKCECodeVerifier, randomState } from 'openid-client';
import type { Clock } from '../../protocol/clock.js';
import { parseJsonObject } from '../../protocol/compact-jws.js';
import { SealingKeys } from '../cookie/sealing-keys.js';
import { SetCookies } from '../cookie/set-cookies.js';
import type { SignInChecks } from '../provider/oidc-client.js';
import { SESSION_CLOCK } from '../session-clock.js';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from '../session.options.js';

/** One way through the provider, as the browser that began it carries it. */
export interface SignInAttempt extends SignInChecks {
  readonly returnTo: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

/** Seconds. */
const LIFETIME = 600;
/** Tabs, and ways that were not gone to their end. */
const MOST = 5;
/** Cookies of that kind in one request; more are of somebody else's making. Neither the work nor the answer's head must grow with them. */
const MOST_LOOKED_AT = 20;
/** Ends the state of an attempt that was begun because the one before was lost: where cookies are off, nothing else could tell. */
const SECOND = '.2';

/** A cookie for each attempt, so that two tabs do not disturb each other and nobody can begin one for somebody else (login CSRF, RFC 9700 §4.7). */
@Injectable()
export class SignInAttempts {
  private readonly keys: SealingKeys;

  constructor(
    private readonly cookies: SetCookies,
    @Inject(SESSION_OPTIONS) private readonly options: ResolvedSessionOptions,
    @Inject(SESSION_CLOCK) private readonly clock: Clock,
  ) {
    this.keys = new SealingKeys('sign-in', options.keys);
  }

  /** A new attempt, and the Set-Cookie lines that go with it. */
  begin(
    request: IncomingMessage,
    { returnTo, second = false }: Pick<SignInAttempt, 'returnTo'> & { readonly second?: boolean },
  ): { readonly attempt: SignInAttempt; readonly lines: readonly string[] } {
    const attempt = {
      state: randomState() + (second ? SECOND : ''),
      nonce: randomNonce(),
      codeVerifier: randomPKCECodeVerifier(),
      returnTo,
      startedAt: this.clock.now().getTime(),
    };
    const name = this.nameOf(attempt.state);
    const value = this.keys.seal(Buffer.from(JSON.stringify(attempt)), name);
    const surplus = this.known(request.headers.cookie).slice(MOST - 1);
    return {
      attempt,
      lines: [...(this.cookies.set(name, value, LIFETIME, []) ?? []), ...surplus.flatMap((old) => this.cookies.clear(old, [old]))],
    };
  }

  /** The attempt of this browser that the answer belongs to; undefined: none, or its time is over. */
  find(request: IncomingMessage, state: string): SignInAttempt | undefined {
    const attempt = this.open(this.nameOf(state), request.headers.cookie);
    return attempt?.state === state ? attempt : undefined;
  }

  isSecond(state: string): boolean {
    return state.endsWith(SECOND);
  }

  /** Set-Cookie lines that end an attempt: an answer is good once. */
  end({ state }: SignInAttempt): readonly string[] {
    const name = this.nameOf(state);
    return this.cookies.clear(name, [name]);
  }

  /** Newest first. Of very many, which no browser of ours has, only some are looked at. */
  private known(header: string | undefined): string[] {
    const names = [...(header ?? '').matchAll(/(?:^|;\s*)([\w-]+)=/g)].flatMap(([, name]) => (name?.startsWith(this.prefix) ? [name] : []));
    const attempts = names.slice(0, MOST_LOOKED_AT).map((name) => ({ name, startedAt: this.open(name, header)?.startedAt ?? 0 }));
    return attempts.sort((a, b) => b.startedAt - a.startedAt).map(({ name }) => name);
  }

  private open(name: string, header: string | undefined): SignInAttempt | undefined {
    const { value } = this.cookies.receive(name, header);
    const opened = value === undefined ? undefined : this.keys.open(value, name);
    const attempt = opened && (parseJsonObject(opened.content) as unknown as SignInAttempt | undefined);
    return attempt && this.clock.now().getTime() < attempt.startedAt + LIFETIME * 1000 ? attempt : undefined;
  }

  private get prefix(): string {
    return `${this.options.cookie.name}-in-`;
  }

  private nameOf(state: string): string {
    return this.prefix + createHash('sha256').update(state).digest('hex').slice(0, 12);
  }
}
