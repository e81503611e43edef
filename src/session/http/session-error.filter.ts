import { Catch, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { RefreshFailure } from '../provider/refresh-failure.js';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from '../session.options.js';
import { SessionEndedError } from '../state/open-session.js';
import { SessionStoreUnavailableError } from '../state/session-store-unavailable.error.js';
import { nodePairOf } from './node-pair.js';
import { SignInNeededError } from './sign-in-needed.error.js';

/** Seconds after which to ask again, where nobody said when. */
const RETRY_AFTER = 5;

/** Answers for routes whose session is missing, or cannot be used at the moment. RFC 9457 */
@Catch(SignInNeededError, SessionEndedError, RefreshFailure, SessionStoreUnavailableError)
export class SessionErrorFilter implements ExceptionFilter {
  constructor(
    private readonly host: HttpAdapterHost,
    @Inject(SESSION_OPTIONS) private readonly options: ResolvedSessionOptions,
  ) {}

  catch(error: Error, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const reply = http.getResponse<object>();
    const signIn = `${this.options.path}/login`;
    if (error instanceof SignInNeededError && error.redirect) {
      const { url = '/' } = nodePairOf(http.getRequest<object>(), reply).request;
      return this.answer(reply, 302, { location: `${signIn}?returnTo=${encodeURIComponent(url)}` });
    }
    if (error instanceof SignInNeededError || error instanceof SessionEndedError) {
      return this.answer(reply, 401, {}, { title: 'Nobody is signed in.', signIn });
    }
    const retryAfter = error instanceof RefreshFailure ? error.retryAfter : undefined;
    const title = error instanceof RefreshFailure ? 'The provider cannot be reached.' : 'Sessions cannot be looked up.';
    const code = error instanceof RefreshFailure ? 'idp_unavailable' : 'session_store_unavailable';
    return this.answer(reply, 503, { 'retry-after': String(retryAfter ?? RETRY_AFTER) }, { title, code });
  }

  private answer(reply: object, status: number, headers: Readonly<Record<string, string>>, problem?: object): void {
    const { httpAdapter } = this.host;
    for (const [name, value] of Object.entries(headers)) httpAdapter.setHeader(reply, name, value);
    if (problem) httpAdapter.setHeader(reply, 'content-type', 'application/problem+json');
    httpAdapter.reply(reply, problem ? JSON.stringify({ type: 'about:blank', status, ...problem }) : '', status);
  }
}
