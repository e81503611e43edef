import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { BrowserReply, BrowserRequest } from '../browser/browser-request.js';
import { PageErrors } from './page-errors.js';

/** Answers whatever a page throws as a page: never JSON, never a stack. */
@Catch()
export class PageErrorFilter implements ExceptionFilter {
  constructor(private readonly errors: PageErrors) {}

  async catch(error: unknown, host: ArgumentsHost): Promise<void> {
    const http = host.switchToHttp();
    await this.errors.answer(error, http.getRequest<BrowserRequest>(), http.getResponse<BrowserReply>());
  }
}
