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
  begin(request: IncomingMessage, returnTo: string): { readonly attempt: SignInAttempt; readonly lines: readonly string[] } {
    const attempt = {
      state: randomState(),
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

  /** Set-Cookie lines that end an attempt: an answer is good once. */
  end({ state }: SignInAttempt): readonly string[] {
    const name = this.nameOf(state);
    return this.cookies.clear(name, [name]);
  }

  /** Newest first. */
  private known(header: string | undefined): string[] {
    const names = [...(header ?? '').matchAll(/(?:^|;\s*)([\w-]+)=/g)].flatMap(([, name]) => (name?.startsWith(this.prefix) ? [name] : []));
    const started = (name: string): number => this.open(name, header)?.startedAt ?? 0;
    return names.sort((a, b) => started(b) - started(a));
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
