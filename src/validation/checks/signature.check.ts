import { Injectable } from '@nestjs/common';
import { EntryType } from '../../protocol/entry-key.js';
import { parseToken } from '../../protocol/token-string.js';
import { SignedTokenVerifier } from '../signed-token/signed-token-verifier.js';
import { refused, TokenCheck, type Verdict } from '../token-check.js';

/** Signature, issuer, audience and dates of signed tokens, and nothing else: a revoked token is good until it expires. */
@Injectable()
export class SignatureCheck extends TokenCheck {
  constructor(private readonly verifier: SignedTokenVerifier) {
    super();
  }

  override check(token: string): Promise<Verdict> {
    return token.startsWith('cs_') ? Promise.resolve(refuseReference(token)) : this.verifier.verify(token);
  }
}

function refuseReference(token: string): Verdict {
  // No check accepts anything else of ours: advice would be wrong.
  if (parseToken(token)?.key.type !== EntryType.accessToken) return refused('not an access token of this service');
  const reason = "a reference token carries no signature; set the option check to 'feed', 'entry' or 'introspection' to accept them";
  return { accepted: false, reason, misuse: true };
}
