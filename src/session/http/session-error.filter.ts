import type { IncomingMessage } from 'node:http';
import { Catch, Inject, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { StorageUnavailableError } from '../../storage/storage-unavailable.error.js';
import { SetCookies } from '../cookie/set-cookies.js';
import { plainError } from '../provider/plain-error.js';
import { RefreshFailure } from '../provider/refresh-failure.js';
import { SessionEvents } from '../session-events.js';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from '../session.options.js';
import { SessionEndedError } from '../state/open-session.js';
import { SessionStoreUnavailableError } from '../state/session-store-unavailable.error.js';
import { isNavigation, isOwnPath, isSpeculative } from './navigation.js';
import { nodePairOf } from './node-pair.js';
import { goOnPage, PAGE } from './own-pages.js';
import { BrowserGoneError } from './carrier.js';
import { SignInNeededError } from './sign-in-needed.error.js';

/** Seconds after which to ask again, where nobody said when. */
const RETRY_AFTER = 5;
/** Milliseconds between two lines of the same in the log. */
const QUIET = 10_000;
/** For people; scripts get a problem. */
const LATER_PAGE =
  '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Not now</title></head>' +
  '<body><h1>That does not work at the moment</h1><p>You are still signed in. Please try again in a few seconds.</p></body></html>';
/** Nobody reads it; logs use this number for a client that has gone. */
const NOBODY_THERE = 499;

/** Answers for routes whose session is missing, or cannot be used at the moment. RFC 9457 */
@Catch(SignInNeededError, SessionEndedError, RefreshFailure, SessionStoreUnavailableError, BrowserGoneError)
export class SessionErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('Sessions');
  private quietUntil = 0;

  constructor(
    private readonly host: HttpAdapterHost,
    private readonly events: SessionEvents,
    private readonly cookies: SetCookies,
    @Inject(SESSION_OPTIONS) private readonly options: ResolvedSessionOptions,
  ) {}

  catch(error: Error, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const reply = http.getResponse<object>();
    const signIn = `${this.options.path}/login`;
    if (error instanceof SignInNeededError && error.redirect) {
      const { request } = nodePairOf(http.getRequest<object>(), reply);
      // A browser drops what it asked for ahead, and asks again when the person comes.
      if (isSpeculative(request)) return this.answer(reply, 503, { 'cache-control': 'no-store' });
      if (this.hidesSession(request)) return this.answer(reply, 200, PAGE, goOnPage('One moment', request.url ?? '/'));
      return this.answer(reply, 302, { location: `${signIn}?returnTo=${encodeURIComponent(request.url ?? '/')}` });
    }
    if (error instanceof SignInNeededError || error instanceof SessionEndedError) {
      return this.answer(reply, 401, {}, { title: 'Nobody is signed in.', signIn });
    }
    if (error instanceof BrowserGoneError) return this.answer(reply, NOBODY_THERE, {});
    if (error instanceof SessionStoreUnavailableError) this.storeUnavailable(error);
    const isProvider = error instanceof RefreshFailure;
    const headers = { 'retry-after': String((isProvider ? error.retryAfter : undefined) ?? RETRY_AFTER) };
    const { request } = nodePairOf(http.getRequest<object>(), reply);
    if (isNavigation(request)) return this.answer(reply, 503, { ...headers, 'cache-control': 'no-store' }, LATER_PAGE);
    const isMisconfigured = isProvider && error.kind === 'misconfigured';
    const ofProvider = isMisconfigured ? 'The provider does not take this app.' : 'The provider cannot be reached.';
    const title = isProvider ? ofProvider : 'Sessions cannot be looked up.';
    return this.answer(reply, 503, headers, { title, code: isProvider ? 'idp_unavailable' : 'session_store_unavailable' });
  }

  /**
   * Whether there may be a session that a link of another site did not bring along (SameSite=Strict): it will once the page asks for itself. The person
   * would get there in any case, through a provider where they are signed in; this way they keep their session.
   */
  private hidesSession(request: IncomingMessage): boolean {
    const { url, headers } = request;
    const { name, sameSite } = this.options.cookie;
    const isFromElsewhere = sameSite === 'strict' && isNavigation(request) && headers['sec-fetch-site'] === 'cross-site';
    return isFromElsewhere && isOwnPath(url) && this.cookies.receive(name, headers.cookie).pieces.length === 0;
  }

  /** Each request of each person comes here then: the log has it now and again. */
  private storeUnavailable({ cause }: SessionStoreUnavailableError): void {
    const told = plainError(cause instanceof StorageUnavailableError ? cause.cause : cause);
    this.events.emit('store.unavailable', { cause: told });
    if (performance.now() < this.quietUntil) return;
    this.quietUntil = performance.now() + QUIET;
    this.logger.error({ msg: 'Sessions cannot be looked up', why: told.message });
  }

  /** @param content a page, or a problem */
  private answer(reply: object, status: number, headers: Readonly<Record<string, string>>, content: string | object = ''): void {
    const { httpAdapter } = this.host;
    for (const [name, value] of Object.entries(headers)) httpAdapter.setHeader(reply, name, value);
    const isProblem = typeof content === 'object';
    if (content !== '') httpAdapter.setHeader(reply, 'content-type', isProblem ? 'application/problem+json' : 'text/html; charset=utf-8');
    httpAdapter.reply(reply, isProblem ? JSON.stringify({ type: 'about:blank', status, ...content }) : content, status);
  }
}
