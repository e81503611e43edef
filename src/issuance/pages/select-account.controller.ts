import { Req, Res } from '@nestjs/common';
import type { BrowserReply } from '../../identity/browser/browser-request.js';
import { PageReplies } from '../../identity/pages/page-replies.js';
import type { PageRequest } from '../../identity/pages/page-request.js';
import { PageRoute } from '../../identity/pages/page-route.decorator.js';
import { Clock } from '../../protocol/clock.js';
import { policySource } from '../../protocol/redirect-uri.js';
import { AuthorizationWay } from '../authorization/authorization-way.js';
import { WAY_PATHS } from '../authorization/way-paths.js';
import { AuthorizationPage } from './authorization-page.decorator.js';
import { Visits } from './visits.js';

const PAGE = { path: WAY_PATHS.selectAccount, step: 'select-account' } as const;

/** `/select-account`: asks the person whether to go on as who they are, for `prompt=select_account`. OpenID Connect Core §3.1.2.1 */
@AuthorizationPage()
export class SelectAccountController {
  constructor(
    private readonly visits: Visits,
    private readonly way: AuthorizationWay,
    private readonly replies: PageReplies,
    private readonly clock: Clock,
  ) {}

  @PageRoute('GET', PAGE.path)
  async show(@Req() request: PageRequest, @Res() reply: BrowserReply): Promise<void> {
    const visit = await this.visits.arrive(request, reply, PAGE);
    if (!visit) return;
    const { client, session } = visit.standing;
    const { redirectUri, uiLocales } = visit.ticket.request;
    const form = await this.visits.form(request, reply, PAGE, visit);
    const model = { form, appName: client.displayName, account: session.account.email };
    await this.replies.send(request, reply, 'select-account', model, { formAction: [policySource(redirectUri)], uiLocales });
  }

  @PageRoute('POST', PAGE.path)
  async choose(@Req() request: PageRequest, @Res() reply: BrowserReply): Promise<void> {
    const visit = await this.visits.receive(request, reply, PAGE);
    if (!visit) return;
    const { ticket, standing, decision } = visit;
    const progress = decision === 'continue' ? { chosenSid: standing.session.sid } : { anotherSince: this.clock.now().getTime() };
    this.replies.redirect(reply, await this.way.href({ ...ticket, ...progress }));
  }
}
