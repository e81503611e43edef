import { Injectable } from '@nestjs/common';
import { FirstPartyTokenError, FirstPartyTokens, type SignIn, type TokenPair } from '../../../src/identity/first-party-tokens.js';
import { OwnTokens } from '../../../src/identity/own-tokens.js';
import { Clock } from '../../../src/protocol/clock.js';
import { bucketOf, EntryType } from '../../../src/protocol/entry-key.js';
import { tokenHash } from '../../../src/protocol/hashing.js';
import { sealPayload } from '../../../src/protocol/sealed-payload.js';
import { formatToken, newAccessNumber, newIdentifier, parseToken, type ReferenceToken } from '../../../src/protocol/token-string.js';
import { uuidv7 } from '../../../src/protocol/uuid.js';
import { AuthorizationStore, type NewEntry } from '../../../src/storage/authorization.store.js';
import { referenceTokenClaims } from '../../../src/storage/reference-token-claims.js';
import { RevocationStore } from '../../../src/storage/revocation.store.js';
import { TokenEntryStore } from '../../../src/storage/token-entry.store.js';
import { Principal } from '../../../src/validation/principal.js';

export const FIRST_PARTY = 'first-party';
export const ACCESS_SECONDS = 900;

const REFRESH_SECONDS = 14 * 86_400;
const FORMATS = { referenceAccess: true, selfContainedRefresh: false };

/**
 * The plainest issuance there can be, on the real stores: reference tokens only, no leeway, no derived successors. It lets the sign-in API be tested
 * by itself; what issuance makes of these ports is issuance's to test.
 */
@Injectable()
export class EntryTokens implements FirstPartyTokens, OwnTokens {
  constructor(
    private readonly authorizations: AuthorizationStore,
    private readonly entries: TokenEntryStore,
    private readonly revocations: RevocationStore,
    private readonly clock: Clock,
  ) {}

  async signIn({ subject, claims, credentialVersion, userAgent, address }: SignIn): Promise<TokenPair | undefined> {
    const authorizationId = uuidv7(this.now());
    const link = this.entry(authorizationId, EntryType.refreshToken, 0n, REFRESH_SECONDS);
    const access = this.entry(authorizationId, EntryType.accessToken, newAccessNumber(), ACCESS_SECONDS);
    const grant = { authorizationId, client: FIRST_PARTY, subject, scopes: [], resources: ['urn:test'], claims, formats: FORMATS };
    const session = { sid: uuidv7(this.now()), userAgent, address };
    const started = await this.authorizations.start(
      { ...grant, createdAt: this.now(), expiresAt: this.inSeconds(2 * REFRESH_SECONDS), credentialVersion, session },
      link.entry,
      access.entry,
    );
    return started ? pair(access.token, link.token) : undefined;
  }

  async refresh({ refreshToken }: { refreshToken: string }): Promise<TokenPair> {
    const token = parseToken(refreshToken);
    const record = token && (await this.entries.find(token.key, this.now()));
    if (!token || !record?.hash?.equals(tokenHash(token))) throw new FirstPartyTokenError('refresh-token-not-found');
    const { authorizationId, number } = token.key;
    const successor = this.entry(authorizationId, EntryType.refreshToken, number + 1n, REFRESH_SECONDS);
    const access = this.entry(authorizationId, EntryType.accessToken, newAccessNumber(), ACCESS_SECONDS);
    const outcome = await this.authorizations.redeem({
      presented: { key: token.key, hash: tokenHash(token) },
      client: FIRST_PARTY,
      now: this.now(),
      leeway: 0,
      nonce: 1,
      keyId: 1,
      successor: successor.entry,
      access: access.entry,
      formats: FORMATS,
    });
    if (outcome?.outcome === 'won') return pair(access.token, successor.token);
    if (outcome) throw new FirstPartyTokenError('refresh-token-used');
    throw new FirstPartyTokenError(record.status === 'expired' ? 'refresh-token-expired' : 'refresh-token-revoked');
  }

  async signOut(refreshToken: string): Promise<void> {
    const token = parseToken(refreshToken);
    if (token) await this.revocations.revokeFamily(token.key, tokenHash(token), FIRST_PARTY, this.now());
  }

  async verify(accessToken: string): Promise<Principal | undefined> {
    const token = parseToken(accessToken);
    if (token?.key.type !== EntryType.accessToken) return undefined;
    const record = await this.entries.find(token.key, this.now());
    const claims = record?.status === 'valid' ? referenceTokenClaims(token, record) : undefined;
    return claims && claims.client_id === FIRST_PARTY ? Principal.fromClaims(claims) : undefined;
  }

  private entry(authorizationId: string, type: EntryType, number: bigint, lifetime: number): { token: ReferenceToken; entry: NewEntry } {
    const expiresAt = this.inSeconds(lifetime);
    const token = { key: { bucket: bucketOf(expiresAt), authorizationId, type, number }, identifier: newIdentifier() };
    const payload = type === EntryType.accessToken ? sealPayload(token, {}) : undefined;
    return { token, entry: { key: token.key, expiresAt, hash: tokenHash(token), payload } };
  }

  private now(): Date {
    return this.clock.now();
  }

  private inSeconds(seconds: number): Date {
    return new Date(this.now().getTime() + seconds * 1000);
  }
}

const pair = (access: ReferenceToken, refresh: ReferenceToken): TokenPair => ({
  accessToken: formatToken(access),
  expiresIn: ACCESS_SECONDS,
  refreshToken: formatToken(refresh),
  refreshTokenExpiresIn: REFRESH_SECONDS,
});
