import { Injectable } from '@nestjs/common';
import { SignedTokenVerifier } from '../signed-token/signed-token-verifier.js';
import { TokenCheck, type Verdict } from '../token-check.js';

/** Signature, issuer, audience and dates of signed tokens, and nothing else: a revoked token is good until it expires. */
@Injectable()
export class SignatureCheck extends TokenCheck {
  constructor(private readonly verifier: SignedTokenVerifier) {
    super();
  }

  override async check(token: string): Promise<Verdict> {
    if (token.startsWith('cs_')) {
      const reason = "a reference token carries no signature; set the option check to 'entry' or 'introspection' to accept them";
      return { accepted: false, reason, misuse: true };
    }
    return this.verifier.verify(token);
  }
}
