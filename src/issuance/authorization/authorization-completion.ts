import { Injectable } from '@nestjs/common';
import type { BrowserReply, BrowserRequest } from '../../identity/browser/browser-request.js';
import { Clock } from '../../protocol/clock.js';
import { OAuthError } from '../../protocol/oauth-error.js';
import { isSubset } from '../../protocol/scope.js';
import { ConsentStore } from '../../storage/consent.store.js';
import { AuthorizationCodes } from '../tokens/authorization-codes.js';
import { AuthorizationResponses } from './authorization-responses.js';
import type { AuthorizationTicket } from './authorization-ticket.js';
import { ExpiredRequestError } from './expired-request.error.js';
import { RefusedAuthorizationError } from './refused-authorization.error.js';
import type { StandingOfSession } from './standings.js';

/** The end of the way: the client gets its code. */
@Injectable()
export class AuthorizationCompletion {
  constructor(
    private readonly codes: AuthorizationCodes,
    private readonly consents: ConsentStore,
    private readonly responses: AuthorizationResponses,
    private readonly clock: Clock,
  ) {}

  /** The person agrees at this moment. @throws as `complete` */
  async agree(browser: BrowserRequest, reply: BrowserReply, ticket: AuthorizationTicket, standing: StandingOfSession): Promise<void> {
    await this.consents.allow(standing.session.subject, standing.client.id, ticket.request.scopes, this.clock.now());
    await this.complete(browser, reply, ticket, { ...standing, asking: 'once' });
  }

  /**
   * Nothing is left to ask. Whether that still holds when the code is stored, the statement decides.
   *
   * @throws ExpiredRequestError, RefusedAuthorizationError: it does not; StorageUnavailableError
   */
  async complete(browser: BrowserRequest, reply: BrowserReply, ticket: AuthorizationTicket, standing: StandingOfSession): Promise<void> {
    const { request, pushedRequest } = ticket;
    const { client, session, asking } = standing;
    if (asking === 'never') await this.allowSilently(standing, request.scopes);
    const code = await this.codes.issue({
      ...request,
      client,
      session,
      ...(pushedRequest !== undefined && { pushedRequest }),
    });
    if (code !== undefined) return this.responses.send(browser, reply, request, { code });
    if (!request.prompts.includes('none')) throw new ExpiredRequestError();
    throw new RefusedAuthorizationError(request, new OAuthError({ code: 'interaction_required' }));
  }

  /** People are not asked about apps of the house, but see them among their apps. */
  private async allowSilently({ client, session }: StandingOfSession, scopes: readonly string[]): Promise<void> {
    const allowed = await this.consents.find(session.subject, client.id);
    if (!allowed || !isSubset(scopes, allowed)) await this.consents.allow(session.subject, client.id, scopes, this.clock.now());
  }
}
