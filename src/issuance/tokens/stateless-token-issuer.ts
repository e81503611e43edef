import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../protocol/clock.js';
import { OAuthError } from '../../protocol/oauth-error.js';
import { formatScope, isSubset } from '../../protocol/scope.js';
import { newAccessNumber } from '../../protocol/token-string.js';
import { uuidv7 } from '../../protocol/uuid.js';
import { seconds } from '../../storage/reference-token-claims.js';
import type { ClientRecord } from '../../storage/client.store.js';
import { UserStore } from '../../storage/user.store.js';
import { ClientPolicy } from '../clients/client-policy.js';
import { ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';
import type { Grant, RedeemGrant } from '../grants/grant.js';
import { AccessTokenMinter, type AccessTokenFacts } from './access-token-minter.js';
import { earlier, endOf, secondsUntil } from './lifetimes.js';
import { RefreshEnvelope, type RefreshEnvelopeContent } from './refresh-envelope.js';
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
    private readonly clock: Clock,
  ) {
    super();
  }

  override async issue(client: ClientRecord, grant: Grant): Promise<IssuedTokens> {
    const now = this.clock.now();
    const settings = this.policy.settings(client);
    const accessEnd = endOf(now, settings.accessTokenLifetime);
    if (grant.kind === 'machine') {
      const { scopes, resources } = grant;
      return this.write(client, { subject: client.id, client: client.id, scopes, resources, claims: {}, issuedAt: now, expiresAt: accessEnd }, now);
    }
    const content = grant.kind === 'redeem' ? await this.refreshing.accept(client, grant, now) : this.refreshing.open(client, grant, now);
    const facts: AccessTokenFacts = {
      subject: content.sub,
      client: client.id,
      scopes: (grant.kind === 'redeem' ? grant.scopes : undefined) ?? scopesOf(content),
      resources: (grant.kind === 'redeem' ? grant.resources : undefined) ?? content.aud,
      claims: content.claims,
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
  open(client: ClientRecord, grant: Extract<Grant, { kind: 'new-chain' }>, now: Date): RefreshEnvelopeContent {
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
    if ('key' in presented || presented.client_id !== client.id || presented.iss !== this.options.issuer) throw new RefreshRefusedError('not-found');
    if (seconds(now) >= Math.min(presented.exp, presented.end)) throw new RefreshRefusedError('expired');
    const user = presented.cv === undefined ? undefined : await this.users.find({ id: presented.sub });
    if (presented.cv !== undefined && (!user || user.disabledAt || user.credentialVersion !== presented.cv)) throw new RefreshRefusedError('revoked');
    if (scopes && !isSubset(scopes, scopesOf(presented))) {
      throw new OAuthError({ code: 'invalid_scope', description: 'The scope is wider than what was granted.' });
    }
    if (resources && !isSubset(resources, presented.aud)) throw new OAuthError({ code: 'invalid_target', description: 'A resource was not granted.' });
    return presented;
  }

  async write(content: RefreshEnvelopeContent, lifetime: number, now: Date): Promise<{ refreshToken: string; refreshTokenExpiresIn: number }> {
    const expiresAt = earlier(endOf(now, lifetime), new Date(content.end * 1000));
    return {
      refreshToken: await this.envelope.seal({ ...content, iat: seconds(now), exp: seconds(expiresAt) }),
      refreshTokenExpiresIn: secondsUntil(expiresAt, now),
    };
  }
}

const scopesOf = (content: RefreshEnvelopeContent): string[] => content.scope.split(' ').filter((scope) => scope !== '');
