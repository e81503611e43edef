import { Injectable } from '@nestjs/common';
import type { BrowserReply, BrowserRequest } from '../browser/browser-request.js';
import { localeOf } from './locale.js';
import type { PageModels, PageName } from './page-models.js';
import { Pages } from './pages.js';

export interface PageReplyOptions {
  /** @default 200 */
  readonly status?: number;
  /** Where the form, and the redirect that answers it, may lead beside us: Chromium holds redirects to form-action, too. CSP3 §6.4.2 */
  readonly formAction?: readonly string[];
  /** `ui_locales`: languages in the app's order of preference. OpenID Connect Core §3.1.2.1 */
  readonly uiLocales?: readonly string[];
  /** Seconds until it makes sense to try again. RFC 9110 §10.2.3 */
  readonly retryAfter?: number;
}

/** Sends pages, with what keeps others from framing, caching, extending or reading them. */
@Injectable()
export class PageReplies {
  constructor(private readonly pages: Pages) {}

  async send<Name extends PageName>(
    request: BrowserRequest,
    reply: BrowserReply,
    page: Name,
    model: PageModels[Name],
    { status = 200, formAction = [], uiLocales = [], retryAfter }: PageReplyOptions = {},
  ): Promise<void> {
    const locale = localeOf(uiLocales, request.headers['accept-language']);
    const html = await this.pages.render(page, model, locale);
    reply
      .status(status)
      .headers({
        ...PAGE_HEADERS,
        'content-security-policy': policy(formAction, page === 'form-post'),
        'content-language': locale,
        'content-type': 'text/html; charset=utf-8',
        ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
      })
      .send(html);
  }

  /** For when there can be no page. */
  plain(reply: BrowserReply, status: number, text: string): void {
    reply
      .status(status)
      .headers({ ...PAGE_HEADERS, 'content-security-policy': policy([], false), 'content-type': 'text/plain; charset=utf-8' })
      .send(text);
  }

  /** 303: whatever the method was, the next is a GET (RFC 9700 §4.12). */
  redirect(reply: BrowserReply, location: string): void {
    reply
      .status(303)
      .headers({ ...PAGE_HEADERS, location })
      .send();
  }
}

const PAGE_HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY', // for browsers that do not know frame-ancestors
  'referrer-policy': 'same-origin', // with no-referrer a form of ours would come from the origin "null"
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
};

const policy = (formAction: readonly string[], scripted: boolean): string =>
  [
    "default-src 'none'",
    "style-src 'self'",
    "img-src 'self'",
    ...(scripted ? ["script-src 'self'"] : []), // of ours there is one: it sends an answer by POST
    ["form-action 'self'", ...formAction].join(' '),
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ');
