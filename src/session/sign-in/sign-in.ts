import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../../protocol/clock.js';
import { addLateCookies } from '../http/late-cookies.js';
import type { NodePair } from '../http/node-pair.js';
import { returnPath } from '../http/navigation.js';
import { OidcClient } from '../provider/oidc-client.js';
import { SESSION_CLOCK } from '../session-clock.js';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from '../session.options.js';
import { SessionTooLargeError } from '../state/session-too-large.error.js';
import { SignInAttempts, type SignInAttempt } from './sign-in-attempts.js';
import { NewSessions } from './new-sessions.js';

/** How a sign-in came out. */
export type SignInOutcome = { readonly returnTo: string } | { readonly returnTo?: undefined; readonly refused: string };

/** From this app to the provider and back. OpenID Connect Core §3.1, with PKCE (RFC 7636) and a nonce. */
@Injectable()
export class SignIn {
  constructor(
    private readonly attempts: SignInAttempts,
    private readonly provider: OidcClient,
    private readonly sessions: NewSessions,
    @Inject(SESSION_OPTIONS) private readonly options: ResolvedSessionOptions,
    @Inject(SESSION_CLOCK) private readonly clock: Clock,
  ) {}

  /** Where the browser goes. @throws when the provider cannot be reached */
  async begin({ request, response }: NodePair, returnTo: unknown): Promise<string> {
    const { attempt, lines } = this.attempts.begin(request, returnPath(returnTo));
    const url = await this.provider.signInUrl(this.callback, attempt);
    addLateCookies(response, () => lines);
    return url.href;
  }

  /** What the browser brought back. */
  async finish({ request, response }: NodePair): Promise<SignInOutcome> {
    const answer = new URL(request.url ?? '/', this.options.baseUrl);
    const attempt = this.attempts.find(request, answer.searchParams.get('state') ?? '');
    if (!attempt) return { refused: 'The sign-in took too long, or began in another browser.' };
    const ended = this.attempts.end(attempt);
    addLateCookies(response, () => ended);
    const received = await this.received(answer, attempt);
    if (!received?.claims) return { refused: 'The provider did not sign you in.' };
    const state = { user: received.claims, tokens: received.tokens, createdAt: this.clock.now().getTime(), data: {} };
    try {
      const opened = await this.sessions.open({ request, response }, state);
      return opened ? { returnTo: attempt.returnTo } : { refused: 'This app did not let you in.' };
    } catch (error) {
      if (error instanceof SessionTooLargeError) return { refused: error.message };
      throw error;
    }
  }

  private async received(answer: URL, attempt: SignInAttempt) {
    const callback = new URL(this.callback);
    callback.search = answer.search;
    try {
      return await this.provider.signIn(callback, attempt);
    } catch {
      return undefined;
    }
  }

  private get callback(): string {
    return `${this.options.baseUrl}${this.options.path}/callback`;
  }
}
