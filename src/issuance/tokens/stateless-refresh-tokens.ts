import { Inject, Injectable } from '@nestjs/common';
import { OAuthError } from '../../protocol/oauth-error.js';
import { formatScope, isSubset } from '../../protocol/scope.js';
import { uuidv7 } from '../../protocol/uuid.js';
import { seconds } from '../../storage/reference-token-claims.js';
import type { ClientRecord } from '../../storage/client.store.js';
import { UserStore } from '../../storage/user.store.js';
import { ClientPolicy } from '../clients/client-policy.js';
import { ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';
import type { NewChainGrant, RedeemGrant } from '../grants/grant.js';
import { earlier, endOf, secondsUntil } from './lifetimes.js';
import { RefreshEnvelope, type RefreshEnvelopeContent } from './refresh-envelope.js';
import { RefreshRefusedError } from './token-issuer.js';

/** Self-contained refresh tokens that are all there is of a chain. */
@Injectable()
export class StatelessRefreshTokens {
  constructor(
    private readonly envelope: RefreshEnvelope,
    private readonly users: UserStore,
    private readonly policy: ClientPolicy,
    @Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions,
  ) {}

  /** The content of a new chain's first token. */
  open(client: ClientRecord, grant: NewChainGrant, now: Date): RefreshEnvelopeContent {
    const end = endOf(now, this.policy.settings(client).chainLifetime);
    return {
      iss: this.options.issuer,
      client_id: client.id,
      sub: grant.subject,
      scope: formatScope(grant.scopes),
      aud: grant.resources,
      claims: grant.claims,
      iat: seconds(now),
      exp: seconds(end),
      end: seconds(end),
      ...(grant.session && { sid: uuidv7(now) }),
      ...(grant.credentialVersion !== undefined && { cv: grant.credentialVersion }),
    };
  }

  /** @throws RefreshRefusedError; OAuthError invalid_scope, invalid_target; StorageUnavailableError */
  async accept(client: ClientRecord, { presented, scopes, resources }: RedeemGrant, now: Date): Promise<RefreshEnvelopeContent> {
    // A reference cannot be looked up without storage.
    if ('key' in presented || presented.client_id !== client.id || presented.iss !== this.options.issuer)
      throw new RefreshRefusedError('not-found');
    if (seconds(now) >= Math.min(presented.exp, presented.end)) throw new RefreshRefusedError('expired');
    const user = presented.cv === undefined ? undefined : await this.users.find({ id: presented.sub });
    if (presented.cv !== undefined && (!user || user.disabledAt || user.credentialVersion !== presented.cv))
      throw new RefreshRefusedError('revoked');
    if (scopes && !isSubset(scopes, scopesOf(presented))) {
      throw new OAuthError({ code: 'invalid_scope', description: 'The scope is wider than what was granted.' });
    }
    if (resources && !isSubset(resources, presented.aud))
      throw new OAuthError({ code: 'invalid_target', description: 'A resource was not granted.' });
    return presented;
  }

  async write(
    content: RefreshEnvelopeContent,
    lifetime: number,
    now: Date,
  ): Promise<{ refreshToken: string; refreshTokenExpiresIn: number }> {
    const expiresAt = earlier(endOf(now, lifetime), new Date(content.end * 1000));
    return {
      refreshToken: await this.envelope.seal({ ...content, iat: seconds(now), exp: seconds(expiresAt) }),
      refreshTokenExpiresIn: secondsUntil(expiresAt, now),
    };
  }
}

export const scopesOf = (content: RefreshEnvelopeContent): string[] => content.scope.split(' ').filter((scope) => scope !== '');
