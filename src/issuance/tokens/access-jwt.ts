import { sign, verify } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { parsePart, splitCompactJws } from '../../protocol/compact-jws.js';
import { parseTokenId, type EntryKey } from '../../protocol/entry-key.js';
import type { AccessTokenClaims } from '../../storage/reference-token-claims.js';
import { Recent } from '../../protocol/recent.js';
import { tokenDigest } from '../../validation/token-digest.js';
import { ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import type { ResolvedIssuanceOptions, SigningAlgorithm } from '../issuance.options.js';
import type { SigningKey } from '../keys/key-material.js';
import { KeyRing } from '../keys/key-ring.js';
import { JwtType } from './jwt-types.js';

/** A JWT access token whose signature, type and issuer hold. Its dates and its entry are still to be looked at. */
export interface VerifiedAccessJwt {
  readonly claims: AccessTokenClaims;
  readonly key: EntryKey;
  readonly kid: string;
}

/** Tokens whose signature is not verified again while its key holds: to verify one takes longer than all the rest of introspection. */
const MOST_SEEN = 10_000;

/** JWT access tokens (RFC 9068), signed and verified with node:crypto: the hot path. */
@Injectable()
export class AccessJwt {
  private readonly headers = new WeakMap<SigningKey, string>();
  private readonly seen = new Recent<{ readonly jwt: VerifiedAccessJwt; readonly signer: SigningKey }>(MOST_SEEN);

  constructor(
    private readonly keys: KeyRing,
    @Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions,
  ) {}

  sign(claims: AccessTokenClaims, algorithm: SigningAlgorithm): string {
    const key = this.keys.signing(algorithm);
    const input = `${this.header(key)}.${base64url(JSON.stringify(claims))}`;
    const signature = sign('sha256', Buffer.from(input), { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
    return `${input}.${signature.toString('base64url')}`;
  }

  /** Undefined for anything that is not a JWT access token of ours. Expired ones are returned too. @throws StorageUnavailableError */
  async verify(token: string): Promise<VerifiedAccessJwt | undefined> {
    const digest = tokenDigest(token);
    const seen = this.seen.get(digest);
    if (seen) return (await this.keys.verification(seen.jwt.kid)) === seen.signer ? seen.jwt : undefined;
    const parts = splitCompactJws(token);
    if (!parts) return undefined;
    const { header, payload, signature } = parts;
    const { alg, kid, typ, crit } = parsePart(header) ?? {};
    if (typeof kid !== 'string' || typ !== JwtType.accessToken || crit !== undefined) return undefined;
    const key = await this.keys.verification(kid);
    // The algorithm is the key's, never the token's choice (RFC 8725 §3.1).
    if (!key || alg !== key.algorithm) return undefined;
    const signed = Buffer.from(`${header}.${payload}`);
    const publicKey = { key: key.publicKey, dsaEncoding: 'ieee-p1363' } as const;
    const claims = verify('sha256', signed, publicKey, Buffer.from(signature, 'base64url')) ? parsePart(payload) : undefined;
    const entry = typeof claims?.['jti'] === 'string' ? parseTokenId(claims['jti']) : undefined;
    if (!claims || !entry || claims['iss'] !== this.options.issuer) return undefined;
    const jwt = { claims: claims as VerifiedAccessJwt['claims'], key: entry, kid };
    this.seen.set(digest, { jwt, signer: key });
    return jwt;
  }

  private header(key: SigningKey): string {
    let header = this.headers.get(key);
    if (header === undefined) {
      header = base64url(JSON.stringify({ alg: key.algorithm, kid: key.kid, typ: JwtType.accessToken }));
      this.headers.set(key, header);
    }
    return header;
  }
}

const base64url = (text: string): string => Buffer.from(text).toString('base64url');
