import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
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
/**
 * Tabs, and ways that were not gone to their end. Any site can have them begun, and Node answers 431 to more than 16,384 bytes of headers. A cookie's name
 * is of 35 characters, its value, with the longest path, of 445: the five and the largest session (three times 4,040) are below 14,600, which leaves more
 * than 1,700 for everything else.
 */
const MOST = 5;
/** Cookies of that kind in one request; more are of somebody else's making. Neither the work nor the answer's head must grow with them. */
const MOST_LOOKED_AT = 20;
/** Ends the state of an attempt that was begun because the one before was lost: where cookies are off, nothing else could tell. */
const SECOND = '.2';

/** What the cookie holds. All that is random follows from the secret, so that it is small. */
interface Kept extends Pick<SignInAttempt, 'returnTo' | 'startedAt'> {
  /** 256 bits, base64url. */
  readonly secret: string;
  readonly second?: true;
}

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
    { returnTo, second }: Pick<SignInAttempt, 'returnTo'> & { readonly second?: true | undefined },
  ): { readonly attempt: SignInAttempt; readonly lines: readonly string[] } {
    const secret = randomBytes(32).toString('base64url');
    const kept = { secret, ...(second && { second }), returnTo, startedAt: this.clock.now().getTime() };
    const attempt = attemptOf(kept);
    const name = this.nameOf(attempt.state);
    const value = this.keys.seal(Buffer.from(JSON.stringify(kept)), name);
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
    const kept = opened && (parseJsonObject(opened.content) as unknown as Kept | undefined);
    return kept && this.clock.now().getTime() < kept.startedAt + LIFETIME * 1000 ? attemptOf(kept) : undefined;
  }

  private get prefix(): string {
    return `${this.options.cookie.name}-in-`;
  }

  private nameOf(state: string): string {
    return this.prefix + createHash('sha256').update(state).digest('hex').slice(0, 12);
  }
}

/** One way: neither of state and nonce, which the provider sees, leads to the others. 43 characters each, as RFC 7636 §4.1 wants. */
function attemptOf({ secret, second, returnTo, startedAt }: Kept): SignInAttempt {
  const derived = (what: string): string => createHash('sha256').update(`${what} ${secret}`).digest('base64url');
  const state = derived('state') + (second ? SECOND : '');
  return { state, nonce: derived('nonce'), codeVerifier: derived('code verifier'), returnTo, startedAt };
}
