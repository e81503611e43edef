import { Inject, Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { Clock } from '../../protocol/clock.js';
import { sha256 } from '../../protocol/hashing.js';
import type { ClientRecord } from '../../storage/client.store.js';
import { seconds } from '../../storage/reference-token-claims.js';
import { ClientPolicy } from '../clients/client-policy.js';
import { ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';
import { KeyRing } from '../keys/key-ring.js';
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
    private readonly jwt: JwtService,
    private readonly keys: KeyRing,
    private readonly policy: ClientPolicy,
    private readonly clock: Clock,
    @Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions,
  ) {}

  /** @param nonce of the authorization request; §12.2: none on a refresh */
  write(client: ClientRecord, { subject, sid, claims }: PersonOfGrant, accessToken: string, nonce: string | undefined): Promise<string> {
    const algorithm = this.policy.settings(client).idTokenAlgorithm;
    const { kid, privateKey } = this.keys.signing(algorithm);
    const issuedAt = seconds(this.clock.now());
    const payload = {
      iss: this.options.issuer,
      sub: subject,
      aud: client.id,
      azp: client.id,
      iat: issuedAt,
      exp: issuedAt + this.options.idTokenLifetime,
      ...Object.fromEntries(OF_THE_SIGN_IN.flatMap((name) => (claims[name] === undefined ? [] : [[name, claims[name]]]))),
      ...(nonce !== undefined && { nonce }),
      ...(sid !== undefined && { sid }),
      at_hash: accessTokenHash(accessToken),
    };
    return this.jwt.signAsync(payload, { algorithm, keyid: kid, privateKey });
  }
}

/** §3.1.3.6: the left half of the hash that the signature uses; both algorithms use SHA-256. */
const accessTokenHash = (accessToken: string): string => sha256(accessToken).subarray(0, 16).toString('base64url');
