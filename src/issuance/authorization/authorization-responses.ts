import { Inject, Injectable, Logger } from '@nestjs/common';
import type { BrowserReply, BrowserRequest } from '../../identity/browser/browser-request.js';
import { PageReplies } from '../../identity/pages/page-replies.js';
import { policySource, withParameters } from '../../protocol/redirect-uri.js';
import { errorAnswer } from '../endpoints/error-answer.js';
import { ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';
import type { ResponseTarget } from './authorization-request.js';
import type { RefusedAuthorizationError } from './refused-authorization.error.js';

/** Sends authorization responses to clients, through the browser. */
@Injectable()
export class AuthorizationResponses {
  private readonly logger = new Logger('Issuance');

  constructor(
    private readonly replies: PageReplies,
    @Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions,
  ) {}

  /** RFC 6749 §4.1.2. With the issuer, so that a client of several knows who answered: RFC 9207, mix-up in RFC 9700 §4.4. */
  async send(
    browser: BrowserRequest,
    reply: BrowserReply,
    { redirectUri, responseMode, state }: ResponseTarget,
    answer: Readonly<Record<string, string>>,
  ): Promise<void> {
    const parameters = { ...answer, ...(state !== undefined && { state }), iss: this.options.issuer };
    if (responseMode === 'query') return this.replies.redirect(reply, withParameters(redirectUri, parameters));
    const form = { action: redirectUri, fields: parameters };
    await this.replies.send(browser, reply, 'form-post', { form }, { formAction: [policySource(redirectUri)] });
  }

  /** RFC 6749 §4.1.2.1. */
  async refuse(browser: BrowserRequest, reply: BrowserReply, { target, cause }: RefusedAuthorizationError): Promise<void> {
    const { body, fault } = errorAnswer(cause);
    if (fault) this.logger.error({ msg: fault.message, err: fault.cause });
    await this.send(browser, reply, target, body);
  }
}
