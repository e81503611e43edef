import { Injectable } from '@nestjs/common';
import type { BrowserReply } from '../../identity/browser/browser-request.js';
import { PageForms, type FormPurpose } from '../../identity/pages/page-forms.js';
import type { PageForm } from '../../identity/pages/page-models.js';
import { formOf, queryOf, type PageRequest } from '../../identity/pages/page-request.js';
import type { AuthorizationTicket } from '../authorization/authorization-ticket.js';
import { AuthorizationTickets } from '../authorization/authorization-tickets.js';
import { AuthorizationWay } from '../authorization/authorization-way.js';
import { ExpiredRequestError } from '../authorization/expired-request.error.js';
import type { Step } from '../authorization/next-step.js';
import { Standings, type StandingOfSession } from '../authorization/standings.js';

/** A signed-in person at a page on the way. */
export interface Visit {
  readonly ticket: AuthorizationTicket;
  readonly standing: StandingOfSession;
}

/** A page on the way: where it is, and the step it is for. */
export interface WayPage {
  readonly path: string;
  readonly step: Exclude<Step, 'sign-in'>;
}

/** Of the steps of one who is signed in. */
const ORDER: readonly Step[] = ['wrong-person', 'select-account', 'consent', 'issue'];

/** What the pages on the way have in common: they send on whoever need not stay, and take no answer but this person's to this very request. */
@Injectable()
export class Visits {
  constructor(
    private readonly tickets: AuthorizationTickets,
    private readonly standings: Standings,
    private readonly way: AuthorizationWay,
    private readonly forms: PageForms,
  ) {}

  /** Undefined: sent on. @throws ExpiredRequestError, RefusedAuthorizationError, StorageUnavailableError */
  async arrive(request: PageRequest, reply: BrowserReply, { step }: WayPage): Promise<Visit | undefined> {
    const ticket = await this.open(queryOf(request, 'ticket'), request);
    const standing = await this.standings.of(ticket, request);
    if (standing.step === step) return { ticket, standing };
    await this.way.go(request, reply, ticket);
    return undefined;
  }

  /** The button that was pressed, also if the page need not be asked any more: a no is a no. Undefined: sent on. @throws as `arrive` */
  async receive(request: PageRequest, reply: BrowserReply, page: WayPage): Promise<(Visit & { readonly decision?: string }) | undefined> {
    const form = formOf(request);
    const text = form.get('ticket') ?? '';
    const ticket = await this.open(text, request);
    const standing = await this.standings.of(ticket, request);
    if (standing.step !== 'sign-in') {
      // Another person's answer, or another site's. Who is here now can look at the page again.
      if (!this.forms.isGenuine(request, purposeOf(page, standing, text), form)) throw new ExpiredRequestError(await this.way.href(ticket));
      const decision = form.get('decision');
      if (ORDER.indexOf(standing.step) >= ORDER.indexOf(page.step))
        return { ticket, standing, ...(decision !== undefined && { decision }) };
    }
    await this.way.go(request, reply, ticket);
    return undefined;
  }

  async form(request: PageRequest, reply: BrowserReply, page: WayPage, { ticket, standing }: Visit): Promise<PageForm> {
    const text = await this.tickets.seal(ticket);
    return this.forms.make(request, reply, purposeOf(page, standing, text), { ticket: text });
  }

  private async open(text: string | undefined, request: PageRequest): Promise<AuthorizationTicket> {
    const ticket = await this.tickets.open(text, request);
    if (!ticket) throw new ExpiredRequestError();
    return ticket;
  }
}

/** A form for one session and one request is worth nothing for another. */
const purposeOf = ({ path }: WayPage, { session }: StandingOfSession, ticket: string): FormPurpose => ({
  path,
  about: [session.sid, ticket],
});
