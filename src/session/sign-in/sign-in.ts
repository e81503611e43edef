import { Inject, Injectable, Logger } from '@nestjs/common';
import { AuthorizationResponseError } from 'openid-client';
import { addLateCookies } from '../http/late-cookies.js';
import type { NodePair } from '../http/node-pair.js';
import { returnPath } from '../http/navigation.js';
import { OidcClient, type ReceivedTokens } from '../provider/oidc-client.js';
import { plainError } from '../provider/plain-error.js';
import { signInFailure } from '../provider/sign-in-failure.js';
import { RefreshNews } from '../refresh/refresh-news.js';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from '../session.options.js';
import { reachingStore } from '../state/reaching-store.js';
import { SessionTooLargeError } from '../state/session-too-large.error.js';
import { NewSessions } from './new-sessions.js';
import { SignInAttempts, type SignInAttempt } from './sign-in-attempts.js';

/** Where a sign-in leads next: to the provider, back to a page of the app, or nowhere. */
export type SignInStep =
  | { readonly to: 'provider'; readonly url: string }
  | { readonly to: 'app'; readonly path: string }
  | { readonly to: 'nowhere'; readonly why: string; readonly status: 400 | 503; readonly returnTo: string };

/** Marks the answer that comes again from the app's own page: once, since there need not be a session. */
const FROM_HERE = 'from_here';

const NOT_SIGNED_IN = 'The provider did not sign you in.';

const nowhere = (why: string, returnTo: string, status: 400 | 503 = 400): SignInStep => ({ to: 'nowhere', why, status, returnTo });

/** From this app to the provider and back. OpenID Connect Core §3.1, with PKCE (RFC 7636) and a nonce. */
@Injectable()
export class SignIn {
  private readonly logger = new Logger('Sessions');

  constructor(
    private readonly attempts: SignInAttempts,
    private readonly provider: OidcClient,
    private readonly sessions: NewSessions,
    private readonly news: RefreshNews,
    @Inject(SESSION_OPTIONS) private readonly options: ResolvedSessionOptions,
  ) {}

  /** @param second the attempt before was lost */
  async begin({ request, response }: NodePair, returnTo: unknown, second?: true): Promise<SignInStep> {
    const { attempt, lines } = this.attempts.begin(request, { returnTo: returnPath(returnTo), second });
    try {
      const { href } = await this.provider.signInUrl(this.callback, attempt);
      addLateCookies(response, () => lines);
      return { to: 'provider', url: href };
    } catch (error) {
      this.logger.warn({ msg: 'Nobody can sign in: the provider cannot be reached', why: plainError(error).message });
      return nowhere('The provider cannot be reached at the moment.', attempt.returnTo, 503);
    }
  }

  /** What the browser brought back. @throws SessionStoreUnavailableError */
  async finish(pair: NodePair): Promise<SignInStep> {
    const answer = new URL(pair.request.url ?? '/', this.options.baseUrl).searchParams;
    const attempt = this.attempts.find(pair.request, answer.get('state') ?? '');
    if (!attempt) return this.lost(pair, answer);
    if (this.hidesSession(pair, answer)) return { to: 'app', path: this.fromHere(answer) };
    answer.delete(FROM_HERE);
    const ended = this.attempts.end(attempt);
    addLateCookies(pair.response, () => ended);
    const received = await this.received(answer, attempt);
    if ('to' in received) return received;
    if (!received.claims) return nowhere(NOT_SIGNED_IN, attempt.returnTo);
    const state = { user: received.claims, tokens: received.tokens, createdAt: received.tokens.receivedAt };
    try {
      const opened = await reachingStore(this.sessions.open(pair, state));
      if (opened) return { to: 'app', path: attempt.returnTo };
      const { refreshToken } = received.tokens;
      if (refreshToken !== undefined) void this.provider.revoke(refreshToken).catch(() => undefined); // nobody is going to use it
      return nowhere('This app did not let you in.', attempt.returnTo);
    } catch (error) {
      if (error instanceof SessionTooLargeError) return nowhere(error.message, attempt.returnTo);
      throw error;
    }
  }

  /** Whether there may be a session that the browser did not bring along from the provider (SameSite=Strict): signed in over, it would live on unseen. */
  private hidesSession({ request }: NodePair, answer: URLSearchParams): boolean {
    const isStrict = this.options.cookie.sameSite === 'strict';
    return isStrict && answer.has('code') && !answer.has(FROM_HERE) && !this.sessions.isPresented(request);
  }

  /** The same once more, as a navigation that begins at this app. */
  private fromHere(answer: URLSearchParams): string {
    return `${this.options.path}/callback?${new URLSearchParams([...answer, [FROM_HERE, '1']]).toString()}`;
  }

  /**
   * The browser has no attempt that the answer belongs to: it took too long, or the answer is somebody else's. Begun again it is this browser's own. Once:
   * where cookies are off, it would go on forever.
   */
  private lost(pair: NodePair, answer: URLSearchParams): Promise<SignInStep> | SignInStep {
    const isOver = this.attempts.isSecond(answer.get('state') ?? '') || answer.has('error');
    return isOver ? nowhere('The sign-in took too long, or this browser takes no cookies.', '/') : this.begin(pair, '/', true);
  }

  private async received(answer: URLSearchParams, attempt: SignInAttempt): Promise<ReceivedTokens | SignInStep> {
    const callback = new URL(this.callback);
    callback.search = answer.toString();
    try {
      return await this.provider.signIn(callback, attempt);
    } catch (error) {
      const isNo = error instanceof AuthorizationResponseError && error.error === 'access_denied';
      if (!isNo) this.logger.warn({ msg: 'A sign-in came to nothing', why: plainError(error).message });
      const failure = signInFailure(error);
      if (!failure) return nowhere(NOT_SIGNED_IN, attempt.returnTo);
      this.news.failed(failure);
      const isOurs = failure.kind === 'misconfigured';
      return nowhere(`The provider ${isOurs ? 'does not take this app' : 'cannot be reached'} at the moment.`, attempt.returnTo, 503);
    }
  }

  private get callback(): string {
    return `${this.options.baseUrl}${this.options.path}/callback`;
  }
}
