import { Inject, Injectable } from '@nestjs/common';
import { compactVerify } from 'jose';
import { parseJsonObject, parsePart, splitCompactJws } from '../../protocol/compact-jws.js';
import { isUuid } from '../../protocol/uuid.js';
import { ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';
import { KeyRing } from '../keys/key-ring.js';
import { JwtType } from './jwt-types.js';

/** Whom an id token was about, and to which app it was given. */
export interface IdTokenHint {
  readonly subject: string;
  /** The sign-in session it was issued under. */
  readonly sid?: string;
  /** Id of the client. Whether it is enabled still, nobody has asked. */
  readonly client: string;
}

/**
 * Id tokens that come back as hints (`id_token_hint`). A hint says whom an app means; it proves nothing about who sends it. RP-Initiated Logout 1.0 §2,
 * OpenID Connect Core §3.1.2.1
 */
@Injectable()
export class IdTokenHints {
  constructor(
    private readonly keys: KeyRing,
    @Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions,
  ) {}

  /** Undefined: no id token of ours. One that has expired is as good, also when its key has been replaced. @throws StorageUnavailableError */
  async read(token: string): Promise<IdTokenHint | undefined> {
    const { kid, alg, typ, crit } = parsePart(splitCompactJws(token)?.header ?? '') ?? {};
    if (typeof kid !== 'string' || typ !== JwtType.idToken || crit !== undefined) return undefined;
    const key = await this.keys.verification(kid);
    // The algorithm is the key's, never the token's choice (RFC 8725 §3.1).
    if (!key || alg !== key.algorithm) return undefined;
    const verified = await compactVerify(token, key.publicKey, { algorithms: [key.algorithm] }).catch(() => undefined);
    const claims = verified && parseJsonObject(verified.payload);
    return claims?.['iss'] === this.options.issuer ? hintOf(claims) : undefined;
  }
}

/** What tells an id token from whatever else we sign, beside its type: signed user information has no dates, only logout tokens have `events`. */
function hintOf({ sub, aud, sid, exp, iat, events }: Readonly<Record<string, unknown>>): IdTokenHint | undefined {
  const [client, ...others] = [aud].flat() as unknown[];
  if (typeof sub !== 'string' || typeof client !== 'string' || others.length > 0) return undefined;
  if (typeof exp !== 'number' || typeof iat !== 'number' || events !== undefined) return undefined;
  return { subject: sub, client, ...(typeof sid === 'string' && isUuid(sid) && { sid }) };
}
