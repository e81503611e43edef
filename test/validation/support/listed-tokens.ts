import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../../../src/protocol/clock.js';
import { CheckUnavailableError, Principal, refused, TokenCheck, type Verdict } from '../../../src/validation/index.js';
import { VALIDATION_CLOCK } from '../../../src/validation/validation-clock.js';
import { claimsOf } from './claims.js';

const ISSUER = 'https://id.example.com';

/** A check of an application's own: what is on its list is good. The test is the issuer. */
@Injectable()
export class ListedTokens extends TokenCheck {
  /** Tokens it was asked about. */
  readonly asked: string[] = [];
  isAway = false;
  /** Answers wait for it. */
  gate: Promise<unknown> | undefined;
  private readonly principals = new Map<string, Principal>();

  constructor(@Inject(VALIDATION_CLOCK) private readonly clock: Clock) {
    super();
  }

  issue(changes: Record<string, unknown> = {}): string {
    const principal = Principal.fromClaims(claimsOf(ISSUER, this.clock, changes));
    if (!principal) throw new Error('no claims of a token');
    this.principals.set(principal.tokenId, principal);
    return principal.tokenId;
  }

  revoke(token: string): void {
    this.principals.delete(token);
  }

  override async check(token: string): Promise<Verdict> {
    this.asked.push(token);
    await this.gate;
    if (this.isAway) throw new CheckUnavailableError('the list is away', { retryAfter: 7 });
    const principal = this.principals.get(token);
    return principal ? { accepted: true, principal } : refused('not on the list');
  }
}
