import { Injectable, Logger } from '@nestjs/common';
import type { BrowserReply, BrowserRequest } from '../browser/browser-request.js';
import { errorMessage } from './error-message.js';
import { PageReplies } from './page-replies.js';

/** Answers errors as pages. Whoever knows better where to go on has caught them before. */
@Injectable()
export class PageErrors {
  private readonly logger = new Logger('Pages');

  constructor(private readonly replies: PageReplies) {}

  /** Never throws: if not even the message can be rendered, there is a line of text. */
  async answer(error: unknown, request: BrowserRequest, reply: BrowserReply): Promise<void> {
    if (reply.sent) return;
    const { status, model, retryAfter, fault } = errorMessage(error);
    reply.removeHeader('location'); // a redirect that failed is none, and its address may be what cannot be sent
    if (fault) this.logger.error({ msg: fault.message, err: fault.cause });
    try {
      await this.replies.send(request, reply, 'message', model, { status, ...(retryAfter !== undefined && { retryAfter }) });
    } catch (failure) {
      this.logger.error({ msg: 'The message page cannot be rendered', err: failure });
      this.replies.plain(reply, status, [model.code, ...(model.correlation === undefined ? [] : [model.correlation])].join(' '));
    }
  }
}
