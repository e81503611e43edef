import { Injectable } from '@nestjs/common';
import { BrowserCookies } from '../../identity/browser/browser-cookies.js';
import type { BrowserReply, BrowserRequest } from '../../identity/browser/browser-request.js';
import type { BrowserSession } from '../../identity/browser/browser-sessions.js';
import { FormTokens } from '../../identity/browser/form-tokens.js';
import { isSameOrigin } from '../../identity/browser/same-origin.js';
import { IssuerAddress } from '../../identity/issuer-address.js';
import type { PageForm } from '../../identity/pages/page-models.js';
import type { Parameters } from '../../protocol/form.js';

export const SIGN_OUT_PATH = '/sign-out';

/** The form by which a person says that they want to sign out. It is good for one session, in one browser, for one app's request. */
@Injectable()
export class SignOutForm {
  constructor(
    private readonly cookies: BrowserCookies,
    private readonly tokens: FormTokens,
    private readonly address: IssuerAddress,
  ) {}

  /** Where it is shown. `ticket`: the request of an app. */
  href(ticket: string | undefined): string {
    return this.address.href(SIGN_OUT_PATH, ticketField(ticket));
  }

  write(request: BrowserRequest, reply: BrowserReply, session: BrowserSession, ticket: string | undefined): PageForm {
    const csrf = this.tokens.issue(this.cookies.browser(request, reply), purposeOf(session, ticket));
    return { action: this.address.href(SIGN_OUT_PATH), fields: { csrf, ...ticketField(ticket) } };
  }

  /** Whether it was filled in on our page, by whoever is signed in there. RFC 9700 §4.7 */
  isGenuine(request: BrowserRequest, session: BrowserSession, form: Parameters): boolean {
    const purpose = purposeOf(session, ticketOf(form));
    return isSameOrigin(request, this.address.origin) && this.tokens.verify(this.cookies.knownBrowser(request), purpose, form.get('csrf'));
  }
}

export const ticketOf = (parameters: Parameters): string | undefined => parameters.get('request');

const ticketField = (ticket: string | undefined): Record<string, string> => (ticket === undefined ? {} : { request: ticket });

const purposeOf = ({ sid }: BrowserSession, ticket = ''): string[] => ['sign-out', sid, ticket];
