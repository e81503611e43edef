import { Req, Res } from '@nestjs/common';
import type { BrowserReply } from '../../identity/browser/browser-request.js';
import { queryOf, type PageRequest } from '../../identity/pages/page-request.js';
import { PageRoute } from '../../identity/pages/page-route.decorator.js';
import { AuthorizationEntrance } from '../authorization/authorization-entrance.js';
import type { AuthorizationTicket } from '../authorization/authorization-ticket.js';
import { AuthorizationTickets } from '../authorization/authorization-tickets.js';
import { AuthorizationWay } from '../authorization/authorization-way.js';
import { ExpiredRequestError } from '../authorization/expired-request.error.js';
import { WAY_PATHS } from '../authorization/way-paths.js';
import { AuthorizationPage } from './authorization-page.decorator.js';

/** `/connect/authorize/continue`: decides anew what a request under way needs next. Reload, back and other tabs all come out here. */
@AuthorizationPage()
export class ContinueController {
  constructor(
    private readonly tickets: AuthorizationTickets,
    private readonly entrance: AuthorizationEntrance,
    private readonly way: AuthorizationWay,
  ) {}

  @PageRoute('GET', WAY_PATHS.continue)
  async goOn(@Req() request: PageRequest, @Res() reply: BrowserReply): Promise<void> {
    const text = queryOf(request, 'ticket');
    const ticket = (await this.tickets.open(text, request)) ?? (await this.claimed(request, reply, text));
    if (!ticket) throw new ExpiredRequestError();
    await this.way.go(request, reply, ticket);
  }

  private async claimed(request: PageRequest, reply: BrowserReply, text: string | undefined): Promise<AuthorizationTicket | undefined> {
    const posted = await this.tickets.openUnclaimed(text);
    return posted && this.entrance.claim(request, reply, posted);
  }
}
