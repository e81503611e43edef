import { Injectable } from '@nestjs/common';
import { Clock } from '../../protocol/clock.js';
import { OAuthError } from '../../protocol/oauth-error.js';
import { newAccessNumber, newIdentifier } from '../../protocol/token-string.js';
import { AuthorizationStore } from '../../storage/authorization.store.js';
import type { ClientRecord } from '../../storage/client.store.js';
import { ClientDirectory } from '../clients/client-directory.js';
import { ClientPolicy } from '../clients/client-policy.js';
import type { MachineGrant } from '../grants/grant.js';
import { AccessTokenMinter } from './access-token-minter.js';
import { endOf } from './lifetimes.js';
import type { IssuedTokens } from './token-issuer.js';

/** Access tokens for clients themselves, hung on the client's standing grant. */
@Injectable()
export class MachineTokens {
  constructor(
    private readonly policy: ClientPolicy,
    private readonly clients: ClientDirectory,
    private readonly store: AuthorizationStore,
    private readonly minter: AccessTokenMinter,
    private readonly clock: Clock,
  ) {}

  /** @throws OAuthError invalid_client when the client was disabled meanwhile */
  async issue(client: ClientRecord, grant: MachineGrant): Promise<IssuedTokens> {
    const issued = await this.attempt(client, grant);
    if (issued) return issued;
    // The record was some seconds old: disabled since, or enabled again with a new standing grant.
    const current = await this.clients.read(client.id);
    const again = current && !current.disabledAt ? await this.attempt(current, grant) : undefined;
    if (!again) throw new OAuthError({ code: 'invalid_client', description: 'Client authentication failed.' });
    return again;
  }

  private async attempt(client: ClientRecord, { scopes, resources }: MachineGrant): Promise<IssuedTokens | undefined> {
    const settings = this.policy.settings(client);
    const now = this.clock.now();
    const expiresAt = endOf(now, settings.accessTokenLifetime);
    const draft = this.minter.draft({
      authorizationId: client.standingAuthorizationId,
      number: newAccessNumber(),
      expiresAt,
      ...(settings.referenceAccessTokens && { identifier: newIdentifier() }),
      payload: { scopes, resources },
    });
    if (!(await this.store.issueStanding(client.id, now, draft.entry))) return undefined;
    const facts = { subject: client.id, client: client.id, scopes, resources, claims: {}, issuedAt: now, expiresAt };
    return {
      accessToken: this.minter.write(draft, facts, settings.accessTokenAlgorithm),
      expiresIn: settings.accessTokenLifetime,
      scopes,
    };
  }
}
