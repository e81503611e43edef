import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../../protocol/clock.js';
import { EntryType } from '../../protocol/entry-key.js';
import { parseToken } from '../../protocol/token-string.js';
import { isMeantFor } from '../audience.js';
import { RevocationFeed } from '../feed/revocation-feed.js';
import { IntrospectionClient } from '../introspection/introspection-client.js';
import { Principal } from '../principal.js';
import { Recent } from '../../protocol/recent.js';
import { isOtherJwt, keyNamedBy } from '../signed-token/jwt-header.js';
import { faultOfTimes } from '../signed-token/token-times.js';
import { refused, TokenCheck, type Accepted, type Verdict } from '../token-check.js';
import { tokenDigest } from '../token-digest.js';
import { VALIDATION_CLOCK } from '../validation-clock.js';
import { VALIDATION_OPTIONS, type ResolvedValidationOptions } from '../validation.options.js';

interface Remembered extends Accepted {
  readonly until: number;
  /** On the monotonic clock. */
  readonly asked: number;
  /** Of a JWT. */
  readonly kid: string | undefined;
}

/**
 * Asks the issuer (RFC 7662). Requests that carry the same token at the same time share one question; a positive answer is believed for a few
 * seconds, a negative one never.
 */
@Injectable()
export class IntrospectionCheck extends TokenCheck {
  readonly #underWay = new Map<string, Promise<Verdict>>();
  readonly #positive: Recent<Remembered>;

  constructor(
    @Inject(VALIDATION_OPTIONS) private readonly options: ResolvedValidationOptions,
    @Inject(VALIDATION_CLOCK) private readonly clock: Clock,
    private readonly client: IntrospectionClient,
    private readonly feed: RevocationFeed,
  ) {
    super();
    this.#positive = new Recent(options.cacheSize);
  }

  override async check(token: string): Promise<Verdict> {
    if (isOtherJwt(token)) return refused('typ is not at+jwt');
    if (token.startsWith('cs_') && parseToken(token)?.key.type !== EntryType.accessToken)
      return refused('not an access token of this service');
    const digest = tokenDigest(token);
    const known = this.#positive.get(digest);
    if (known && this.#now() < known.until && !this.#ended(known)) return known;
    let answer = this.#underWay.get(digest);
    if (!answer) {
      answer = this.#ask(token, digest).finally(() => this.#underWay.delete(digest));
      this.#underWay.set(digest, answer);
    }
    return answer;
  }

  async #ask(token: string, digest: string): Promise<Verdict> {
    // Counted from the question: the answer may have been true only then.
    const [asked, askedAt] = [this.#now(), performance.now()];
    const verdict = this.#judge(await this.client.introspect(token));
    if (verdict.accepted && this.options.introspectionCache > 0) {
      const until = Math.min(asked + this.options.introspectionCache * 1000, verdict.principal.expiresAt.getTime());
      this.#positive.set(digest, { ...verdict, until, asked: askedAt, kid: keyNamedBy(token) });
    } else {
      this.#positive.delete(digest);
    }
    return verdict;
  }

  #judge(answer: Readonly<Record<string, unknown>>): Verdict {
    const { active, token_type: type, iss, aud } = answer;
    if (active !== true) return refused('not active');
    // Without it the token may be of any kind; a refresh token must not open an API (protocol.md, RFC 7662 §2.2).
    if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') return refused('the answer does not say token_type Bearer');
    if (iss !== undefined && iss !== this.options.issuer) return refused('issued by another issuer');
    if (!isMeantFor(this.options.audience, aud)) return refused('meant for another audience');
    const fault = faultOfTimes(answer, this.clock.now(), this.options.clockTolerance);
    if (fault) return refused(fault);
    const claims = Object.fromEntries(Object.entries(answer).filter(([name]) => name !== 'active' && name !== 'token_type'));
    const principal = Principal.fromClaims(claims);
    return principal ? { accepted: true, principal } : refused('claims missing or of the wrong form');
  }

  /** Where the application has the feed as well, it ends an answer before its time. */
  #ended({ principal, kid, asked }: Remembered): boolean {
    const judgement = this.feed.judge(principal, kid, asked);
    return judgement === 'revoked' || judgement === 'undecided';
  }

  #now = (): number => this.clock.now().getTime();
}
