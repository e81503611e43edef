import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Clock } from '../../protocol/clock.js';
import { IssuerKeys, type KeySet, type VerificationKey } from '../issuer/issuer-keys.js';
import { Principal } from '../principal.js';
import { Recent } from '../../protocol/recent.js';
import { refused, type Accepted, type Refused } from '../token-check.js';
import { tokenDigest } from '../token-digest.js';
import { VALIDATION_CLOCK } from '../validation-clock.js';
import { VALIDATION_OPTIONS, type ResolvedValidationOptions } from '../validation.options.js';
import { readJwtHeader, type JwtHeader } from './jwt-header.js';
import { createJwtStrategy, type JwtStrategy } from './jwt.strategy.js';
import { faultOfTimes } from './token-times.js';

/** A signed access token whose signature, issuer, audience and dates hold. */
export interface VerifiedToken extends Accepted {
  readonly kid: string;
}

/**
 * Verifies signed access tokens (RFC 9068 §4). What was verified is remembered, bounded in number, until a key of the issuer goes; dates are judged
 * anew each time.
 */
@Injectable()
export class SignedTokenVerifier implements OnModuleDestroy {
  readonly #strategy: JwtStrategy;
  readonly #verified: Recent<VerifiedToken>;
  #epoch = -1;

  constructor(
    @Inject(VALIDATION_OPTIONS) private readonly options: ResolvedValidationOptions,
    @Inject(VALIDATION_CLOCK) private readonly clock: Clock,
    private readonly keys: IssuerKeys,
  ) {
    this.#strategy = createJwtStrategy(options);
    this.#verified = new Recent(options.cacheSize);
  }

  /** @throws CheckUnavailableError when the issuer's keys cannot be had */
  async verify(token: string): Promise<VerifiedToken | Refused> {
    const digest = tokenDigest(token);
    let header: JwtHeader | string | undefined;
    if (!this.#verified.get(digest)) {
      header = readJwtHeader(token, this.options.algorithms);
      if (typeof header === 'string') return refused(header);
    }
    const keys = await this.keys.current();
    this.#keepEpoch(keys);
    const known = this.#verified.get(digest);
    if (known) return this.#stillValid(known, digest);
    header ??= readJwtHeader(token, this.options.algorithms);
    return typeof header === 'string' ? refused(header) : this.#verifyAnew(token, digest, header, keys);
  }

  onModuleDestroy(): void {
    this.#strategy.close();
  }

  async #verifyAnew(token: string, digest: string, header: JwtHeader, current: KeySet): Promise<VerifiedToken | Refused> {
    let keys = current;
    let key = keys.find(header.kid);
    if (!key) {
      keys = await this.keys.again();
      key = keys.find(header.kid);
    }
    if (!key) return refused('signed with a key that the issuer does not publish');
    if (!mayVerify(key, header)) return refused('algorithm is not the one of its key');
    const claims = await this.#strategy.verify(token, header, key.key);
    if (claims instanceof Error) return refused(claims.message);
    const fault = faultOfTimes(claims as Record<string, unknown>, this.clock.now(), this.options.clockTolerance);
    if (fault) return refused(fault);
    const principal = Principal.fromClaims(claims);
    if (!principal) return refused('claims missing or of the wrong form (RFC 9068 §2.2)');
    const verified: VerifiedToken = { accepted: true, principal, kid: header.kid };
    this.#keepEpoch(keys);
    this.#remember(digest, verified, keys);
    return verified;
  }

  #stillValid(known: VerifiedToken, digest: string): VerifiedToken | Refused {
    const fault = faultOfTimes(known.principal.claims, this.clock.now(), this.options.clockTolerance);
    if (!fault) return known;
    if (fault === 'expired') this.#verified.delete(digest);
    return refused(fault);
  }

  /** A key went: nothing that was verified with the keys of then counts any longer. */
  #keepEpoch({ epoch }: KeySet): void {
    if (epoch <= this.#epoch) return;
    this.#verified.clear();
    this.#epoch = epoch;
  }

  #remember(digest: string, verified: VerifiedToken, { epoch }: KeySet): void {
    // Verified with keys that were replaced meanwhile: not to be believed a second time.
    if (epoch === this.#epoch) this.#verified.set(digest, verified);
  }
}

const mayVerify = ({ algorithm }: VerificationKey, header: JwtHeader): boolean => algorithm === undefined || algorithm === header.algorithm;
