import { Req, Res } from '@nestjs/common';
import type { BrowserReply } from '../../identity/browser/browser-request.js';
import { PageReplies } from '../../identity/pages/page-replies.js';
import type { PageRequest } from '../../identity/pages/page-request.js';
import { PageRoute } from '../../identity/pages/page-route.decorator.js';
import { OAuthError } from '../../protocol/oauth-error.js';
import { placeName, policySource } from '../../protocol/redirect-uri.js';
import { AuthorizationCompletion } from '../authorization/authorization-completion.js';
import { RefusedAuthorizationError } from '../authorization/refused-authorization.error.js';
import { WAY_PATHS } from '../authorization/way-paths.js';
import { ClientPolicy } from '../clients/client-policy.js';
import { AuthorizationPage } from './authorization-page.decorator.js';
import { pageScopes } from './page-scopes.js';
import { Visits } from './visits.js';

const PAGE = { path: WAY_PATHS.consent, step: 'consent' } as const;

/** `/consent`: asks the person whether the client may do what it asks for. */
@AuthorizationPage()
export class ConsentController {
  constructor(
    private readonly visits: Visits,
    private readonly completion: AuthorizationCompletion,
    private readonly policy: ClientPolicy,
    private readonly replies: PageReplies,
  ) {}

  @PageRoute('GET', PAGE.path)
  async show(@Req() request: PageRequest, @Res() reply: BrowserReply): Promise<void> {
    const visit = await this.visits.arrive(request, reply, PAGE);
    if (!visit) return;
    const { client, session, allowed } = visit.standing;
    const { scopes, redirectUri, uiLocales } = visit.ticket.request;
    const model = {
      form: await this.visits.form(request, reply, PAGE, visit),
      appName: client.displayName,
      account: session.account.email,
      scopes: pageScopes(scopes, await this.policy.knownScopes(), allowed),
      host: placeName(redirectUri),
    };
    await this.replies.send(request, reply, 'consent', model, { formAction: [policySource(redirectUri)], uiLocales });
  }

  @PageRoute('POST', PAGE.path)
  async decide(@Req() request: PageRequest, @Res() reply: BrowserReply): Promise<void> {
    const visit = await this.visits.receive(request, reply, PAGE);
    if (!visit) return;
    const { ticket, standing, decision } = visit;
    if (decision !== 'allow')
      throw new RefusedAuthorizationError(ticket.request, new OAuthError({ code: 'access_denied', description: 'The person said no.' }));
    await this.completion.agree(request, reply, ticket, standing);
  }
}
