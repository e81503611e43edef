import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { BrowserReply, BrowserRequest } from '../../identity/browser/browser-request.js';
import { PageErrors } from '../../identity/pages/page-errors.js';
import { PageReplies } from '../../identity/pages/page-replies.js';
import { AuthorizationResponses } from './authorization-responses.js';
import { ExpiredRequestError } from './expired-request.error.js';
import { RefusedAuthorizationError } from './refused-authorization.error.js';

/** Answers the client where it and its redirect URI are proven, the person otherwise: nothing else is ever redirected to (RFC 9700 §4.11). */
@Catch()
export class AuthorizationErrorFilter implements ExceptionFilter {
  constructor(
    private readonly responses: AuthorizationResponses,
    private readonly replies: PageReplies,
    private readonly errors: PageErrors,
  ) {}

  async catch(error: unknown, host: ArgumentsHost): Promise<void> {
    const http = host.switchToHttp();
    const request = http.getRequest<BrowserRequest>();
    const reply = http.getResponse<BrowserReply>();
    try {
      await this.answer(error, request, reply);
    } catch (failure) {
      await this.errors.answer(failure, request, reply);
    }
  }

  private answer(error: unknown, request: BrowserRequest, reply: BrowserReply): Promise<void> {
    if (error instanceof RefusedAuthorizationError) return this.responses.refuse(request, reply, error);
    if (!(error instanceof ExpiredRequestError)) return this.errors.answer(error, request, reply);
    const model = { code: 'expired' as const, ...(error.href !== undefined && { href: error.href }) };
    return this.replies.send(request, reply, 'message', model, { status: 400 });
  }
}
