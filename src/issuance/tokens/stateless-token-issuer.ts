import { Injectable } from '@nestjs/common';
import { Clock } from '../../protocol/clock.js';
import { newAccessNumber } from '../../protocol/token-string.js';
import { uuidv7 } from '../../protocol/uuid.js';
import { OAuthError } from '../../protocol/oauth-error.js';
import type { ClientRecord } from '../../storage/client.store.js';
import { grantedClaims } from '../../storage/granted-claims.js';
import { ClientDirectory } from '../clients/client-directory.js';
import { ClientPolicy } from '../clients/client-policy.js';
import type { Grant } from '../grants/grant.js';
import { AccessTokenMinter, type AccessTokenFacts } from './access-token-minter.js';
import { earlier, endOf, secondsUntil } from './lifetimes.js';
import { scopesOf, StatelessRefreshTokens } from './stateless-refresh-tokens.js';
import { RefreshRefusedError, TokenIssuer, type IssuedTokens } from './token-issuer.js';

/**
 * The minter without token storage: nothing is kept, so nothing can be revoked, and a refresh token can be used again until it expires. The person and
 * the client are looked at on each refresh.
 */
@Injectable()
export class StatelessTokenIssuer extends TokenIssuer {
  constructor(
    private readonly policy: ClientPolicy,
    private readonly minter: AccessTokenMinter,
    private readonly refreshing: StatelessRefreshTokens,
    private readonly clients: ClientDirectory,
    private readonly clock: Clock,
  ) {
    super();
  }

  override async issue(client: ClientRecord, grant: Grant): Promise<IssuedTokens> {
    if (grant.kind === 'code') throw new OAuthError({ code: 'unsupported_grant_type', description: 'Codes need token storage.' });
    // No statement joins its row here, and a remembered record never decides whether it is enabled still.
    const current = await this.clients.read(client.id);
    if (!current || current.disabledAt) throw refusalOf(grant);
    const now = this.clock.now();
    const settings = this.policy.settings(client);
    const accessEnd = endOf(now, settings.accessTokenLifetime);
    if (grant.kind === 'machine') {
      const { scopes, resources } = grant;
      return this.write(
        client,
        { subject: client.id, client: client.id, scopes, resources, claims: {}, issuedAt: now, expiresAt: accessEnd },
        now,
      );
    }
    const content = grant.kind === 'redeem' ? await this.refreshing.accept(client, grant, now) : this.refreshing.open(client, grant, now);
    const granted = scopesOf(content);
    const scopes = (grant.kind === 'redeem' ? grant.scopes : undefined) ?? granted;
    const facts: AccessTokenFacts = {
      subject: content.sub,
      client: client.id,
      scopes,
      resources: (grant.kind === 'redeem' ? grant.resources : undefined) ?? content.aud,
      claims: grantedClaims({ scopes: granted, claims: content.claims }, scopes),
      ...(content.sid !== undefined && { sid: content.sid }),
      issuedAt: now,
      expiresAt: earlier(accessEnd, new Date(content.end * 1000)),
    };
    const tokens = this.write(client, facts, now);
    if (grant.kind === 'new-chain' && !grant.refreshable) return tokens;
    const refresh = await this.refreshing.write(content, settings.refreshTokenLifetime, now);
    return { ...tokens, ...refresh };
  }

  private write(client: ClientRecord, facts: AccessTokenFacts, now: Date): IssuedTokens {
    const draft = this.minter.draft({ authorizationId: uuidv7(now), number: newAccessNumber(), expiresAt: facts.expiresAt, payload: {} });
    return {
      accessToken: this.minter.write(draft, facts, this.policy.settings(client).accessTokenAlgorithm),
      expiresIn: secondsUntil(facts.expiresAt, endOf(now, 0)),
      scopes: facts.scopes,
    };
  }
}

function refusalOf({ kind }: Grant): OAuthError {
  if (kind === 'redeem') return new RefreshRefusedError('revoked');
  if (kind === 'new-chain') return new OAuthError({ code: 'invalid_grant', description: 'The sign-in is no longer valid.' });
  return new OAuthError({ code: 'invalid_client', description: 'Client authentication failed.' });
}
