import { Injectable } from '@nestjs/common';
import { BrowserCookies } from '../../identity/browser/browser-cookies.js';
import type { BrowserReply, BrowserRequest } from '../../identity/browser/browser-request.js';
import { IssuerAddress } from '../../identity/issuer-address.js';
import type { Parameters } from '../../protocol/form.js';
import { invalidRequest } from '../../protocol/oauth-error.js';
import { PATHS } from '../endpoints/endpoint-table.js';
import { AuthorizationRequests } from './authorization-requests.js';
import type { AuthorizationTicket } from './authorization-ticket.js';
import { AuthorizationTickets, markOf } from './authorization-tickets.js';
import { PushedRequests } from './pushed-requests.js';
import { WAY_PATHS } from './way-paths.js';

/** Authorization requests as browsers bring them, by themselves or by reference. */
@Injectable()
export class AuthorizationEntrance {
  constructor(
    private readonly requests: AuthorizationRequests,
    private readonly pushed: PushedRequests,
    private readonly tickets: AuthorizationTickets,
    private readonly cookies: BrowserCookies,
    private readonly address: IssuerAddress,
  ) {}

  /** @throws OAuthError, RefusedAuthorizationError, StorageUnavailableError */
  async enter(browser: BrowserRequest, reply: BrowserReply, parameters: Parameters): Promise<AuthorizationTicket> {
    const requestUri = parameters.get('request_uri');
    if (!this.pushed.isOurs(requestUri)) {
      const request = await this.requests.receive(parameters);
      return this.tickets.start(request, this.cookies.browser(browser, reply));
    }
    // RFC 9126 §4, RFC 9101 §5: nothing beside counts.
    const client = parameters.require('client_id');
    const mark = this.cookies.browser(browser, reply);
    const used = await this.pushed.use(requestUri, client, markOf(mark));
    if (!used) throw invalidRequest('The request_uri is unknown, used up, too old, or of another client or browser.');
    return this.tickets.start(used.request, mark, used.id);
  }

  /** The request of an unclaimed ticket: from now on of this browser. */
  claim(browser: BrowserRequest, reply: BrowserReply, request: AuthorizationTicket['request']): AuthorizationTicket {
    return this.tickets.start(request, this.cookies.browser(browser, reply));
  }

  /**
   * Where a form of another site goes on as a GET, since a browser sends no cookies along with it, and so nobody would ever be signed in
   * (SameSite=Lax, RFC 6265bis §5.6.7.1).
   *
   * @throws OAuthError, RefusedAuthorizationError, StorageUnavailableError
   */
  async redirection(parameters: Parameters): Promise<string> {
    const requestUri = parameters.get('request_uri');
    if (this.pushed.isOurs(requestUri))
      return this.address.href(PATHS.authorization, { client_id: parameters.require('client_id'), request_uri: requestUri });
    const ticket = this.tickets.start(await this.requests.receive(parameters));
    return this.address.href(WAY_PATHS.continue, { ticket: await this.tickets.seal(ticket) });
  }
}
