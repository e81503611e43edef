import { Inject, Injectable } from '@nestjs/common';
import { sha256 } from '../../protocol/hashing.js';
import type { ClientRecord } from '../../storage/client.store.js';
import { ClientPolicy } from '../clients/client-policy.js';
import { ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';
import { ClientJwts } from './client-jwts.js';
import { JwtType } from './jwt-types.js';
import type { PersonOfGrant } from './minted-tokens.js';

/** All that an id token may say. */
export const ID_TOKEN_CLAIMS = ['iss', 'sub', 'aud', 'azp', 'iat', 'exp', 'auth_time', 'amr', 'nonce', 'sid', 'at_hash'] as const;

/** What a grant's claims say of the sign-in. The others are for access tokens and userinfo. */
const OF_THE_SIGN_IN = ['auth_time', 'acr', 'amr'] as const;

/**
 * Id tokens (OpenID Connect Core §2): who signed in, when and how. They have no entry: they open nothing. There is always an access token beside, so
 * that what the scopes tell of the person is left to userinfo (§5.4).
 */
@Injectable()
export class IdTokens {
  constructor(
    private readonly jwts: ClientJwts,
    private readonly policy: ClientPolicy,
    @Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions,
  ) {}

  /** @param nonce of the authorization request; §12.2: none on a refresh */
  write(client: ClientRecord, { subject, sid, claims }: PersonOfGrant, accessToken: string, nonce: string | undefined): Promise<string> {
    return this.jwts.sign(client, {
      type: JwtType.idToken,
      algorithm: this.policy.settings(client).idTokenAlgorithm,
      lifetime: this.options.idTokenLifetime,
      claims: {
        sub: subject,
        azp: client.id,
        ...Object.fromEntries(OF_THE_SIGN_IN.flatMap((name) => (claims[name] === undefined ? [] : [[name, claims[name]]]))),
        ...(nonce !== undefined && { nonce }),
        ...(sid !== undefined && { sid }),
        at_hash: accessTokenHash(accessToken),
      },
    });
  }
}

/** §3.1.3.6: the left half of the hash that the signature uses; both algorithms use SHA-256. */
const accessTokenHash = (accessToken: string): string => sha256(accessToken).subarray(0, 16).toString('base64url');
