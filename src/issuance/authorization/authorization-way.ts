import { Injectable } from '@nestjs/common';
import type { BrowserReply, BrowserRequest } from '../../identity/browser/browser-request.js';
import { IssuerAddress } from '../../identity/issuer-address.js';
import { PAGE_PATHS } from '../../identity/pages/page-paths.js';
import { PageReplies } from '../../identity/pages/page-replies.js';
import { OAuthError, type OAuthErrorCode } from '../../protocol/oauth-error.js';
import { AuthorizationCompletion } from './authorization-completion.js';
import type { AuthorizationTicket } from './authorization-ticket.js';
import { AuthorizationTickets } from './authorization-tickets.js';
import { WAY_PATHS } from './way-paths.js';
import type { Step } from './next-step.js';
import { answerable, RefusedAuthorizationError } from './refused-authorization.error.js';
import { Standings } from './standings.js';

type Page = Exclude<Step, 'issue' | 'wrong-person'>;

/** What stands in for a page where none may be shown, or no page would help. OpenID Connect Core §3.1.2.6 */
const REFUSALS: Record<Exclude<Step, 'issue'>, OAuthErrorCode> = {
  'sign-in': 'login_required',
  'wrong-person': 'login_required',
  'select-account': 'account_selection_required',
  consent: 'consent_required',
};

/** Leads a person from page to page until the client has its answer. */
@Injectable()
export class AuthorizationWay {
  constructor(
    private readonly standings: Standings,
    private readonly completion: AuthorizationCompletion,
    private readonly tickets: AuthorizationTickets,
    private readonly replies: PageReplies,
    private readonly address: IssuerAddress,
  ) {}

  /** To whatever is next. @throws ExpiredRequestError, RefusedAuthorizationError, StorageUnavailableError */
  go(browser: BrowserRequest, reply: BrowserReply, ticket: AuthorizationTicket): Promise<void> {
    const { request } = ticket;
    const next = () => this.next(browser, reply, ticket);
    // Where the app waits for an answer out of sight, nobody would read a page that says the database is away.
    return request.prompts.includes('none') ? answerable(request, next) : next();
  }

  /** Where this way is gone on, whatever page a person is on. */
  async href(ticket: AuthorizationTicket): Promise<string> {
    return this.address.href(WAY_PATHS.continue, { ticket: await this.tickets.seal(ticket) });
  }

  private async next(browser: BrowserRequest, reply: BrowserReply, ticket: AuthorizationTicket): Promise<void> {
    const standing = await this.standings.of(ticket, browser);
    if (standing.step === 'issue') return this.completion.complete(browser, reply, ticket, standing);
    if (standing.step === 'wrong-person' || ticket.request.prompts.includes('none')) throw refusal(ticket, standing.step);
    this.replies.redirect(reply, await this.hrefOf(standing.step, ticket));
  }

  private async hrefOf(page: Page, ticket: AuthorizationTicket): Promise<string> {
    if (page === 'sign-in') return this.address.href(PAGE_PATHS.signIn, { continue: await this.href(ticket) });
    return this.address.href(page === 'consent' ? WAY_PATHS.consent : WAY_PATHS.selectAccount, { ticket: await this.tickets.seal(ticket) });
  }
}

const refusal = ({ request }: AuthorizationTicket, step: keyof typeof REFUSALS): RefusedAuthorizationError =>
  new RefusedAuthorizationError(request, new OAuthError({ code: REFUSALS[step] }));
