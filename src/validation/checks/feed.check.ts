import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Clock } from '../../protocol/clock.js';
import { bucketOf, EntryType, formatTokenId, type EntryKey } from '../../protocol/entry-key.js';
import { parseToken } from '../../protocol/token-string.js';
import { CheckUnavailableError } from '../check-unavailable.error.js';
import { RevocationFeed } from '../feed/revocation-feed.js';
import { SignedTokenVerifier, type VerifiedToken } from '../signed-token/signed-token-verifier.js';
import { faultOfTimes } from '../signed-token/token-times.js';
import { SparseLog } from '../sparse-log.js';
import { refused, TokenCheck, type Accepted, type Refused, type Verdict } from '../token-check.js';
import { tokenDigest } from '../token-digest.js';
import { VALIDATION_CLOCK } from '../validation-clock.js';
import { VALIDATION_OPTIONS, type ResolvedValidationOptions } from '../validation.options.js';
import { ExactAnswers, type Answer } from './exact-answers.js';

/** DI token of the TokenCheck that is asked where the feed does not suffice. */
export const EXACT_CHECK = Symbol('EXACT_CHECK');

/** It may well have been ended. */
const SIGNED_YET_REFUSED =
  'A token whose signature holds is not good by an exact check. If that happens to all of them, permit the client to introspect for this audience.';

/** A question that others put a while ago may be answered too late to be believed; the next is our own. */
const ATTEMPTS = 3;

/**
 * What was revoked anywhere is held here and kept up by the feed: neither a query nor a call for a request. Reference tokens are looked up once. While
 * nothing is heard of revocations, the option `onStale` says what is done; what is held denies all the same, since nothing revoked comes back.
 */
@Injectable()
export class FeedCheck extends TokenCheck {
  private readonly answers: ExactAnswers;
  private readonly log: SparseLog;

  constructor(
    @Inject(VALIDATION_OPTIONS) private readonly options: ResolvedValidationOptions,
    @Inject(VALIDATION_CLOCK) private readonly clock: Clock,
    private readonly verifier: SignedTokenVerifier,
    private readonly feed: RevocationFeed,
    @Inject(EXACT_CHECK) exact: TokenCheck,
  ) {
    super();
    this.answers = new ExactAnswers(exact, options);
    this.log = new SparseLog(new Logger(FeedCheck.name), clock);
  }

  override async check(token: string): Promise<Verdict> {
    if (token.startsWith('cs_')) return this.checkReference(token);
    const verified = await this.verifier.verify(token);
    if (!verified.accepted) return verified;
    const verdict = this.decide(verified, verified.kid);
    if (verdict) return verdict;
    const digest = tokenDigest(token);
    const known = this.answers.known(digest);
    return (known && this.believe(known, verified)) ?? this.lookUp(token, digest, true, verified);
  }

  private async checkReference(token: string): Promise<Verdict> {
    const reference = parseToken(token);
    if (reference?.key.type !== EntryType.accessToken) return refused('not an access token of this service');
    if (isLongOver(reference.key, this.clock.now())) return refused('expired');
    const digest = tokenDigest(token);
    const known = this.answers.known(digest);
    if (!known) return this.feed.judgeId(formatTokenId(reference.key)) === 'revoked' ? this.deny() : this.lookUp(token, digest, false);
    if (!known.verdict.accepted) return known.verdict;
    const fault = faultOfTimes(known.verdict.principal.claims, this.clock.now(), 0);
    if (fault) return refused(fault);
    return this.decide(known.verdict, undefined, known.asked) ?? this.believe(known) ?? this.lookUp(token, digest, true);
  }

  /** By what is held alone. Undefined: that does not suffice. */
  private decide(verdict: Accepted, kid: string | undefined, asked?: number): Verdict | undefined {
    const judgement = this.feed.judge(verdict.principal, kid, asked);
    if (judgement === 'revoked') return this.deny();
    if (judgement === 'foreign') return refused('jti is not the key of an entry');
    return judgement === 'clear' && (this.feed.freshness.decides || this.mayPassUnseen()) ? verdict : undefined;
  }

  /** By an exact answer and what was heard since. Undefined: it is too old. */
  private believe({ verdict, asked }: Answer, own?: VerifiedToken): Verdict | undefined {
    if (!verdict.accepted) return verdict;
    const judgement = this.feed.judge(verdict.principal, own?.kid, asked);
    if (judgement === 'revoked') return this.deny();
    if (judgement === 'undecided') return undefined;
    const recent = this.feed.freshness.decides || performance.now() - asked <= this.options.maxStale * 1000;
    return recent ? (own ?? verdict) : undefined;
  }

  /**
   * @param genuine issued by the issuer for certain: a refusal is worth remembering
   * @throws CheckUnavailableError, StorageUnavailableError
   */
  private async lookUp(token: string, digest: string, genuine: boolean, own?: VerifiedToken): Promise<Verdict> {
    if (this.options.onStale === 'deny' && !this.feed.freshness.decides) {
      throw new CheckUnavailableError('Nothing is heard of revocations, and by the option onStale no token passes.');
    }
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const verdict = this.believe(await this.answers.ask(token, digest, genuine), own);
      if (own && verdict?.accepted === false) this.log.report('warn', SIGNED_YET_REFUSED);
      if (verdict) return verdict;
    }
    throw new CheckUnavailableError('Exact checks take too long to be believed.');
  }

  /** RFC 7009 would be broken by this: only where the operator has said so, and only for a while. */
  private mayPassUnseen(): boolean {
    const { onStale, maxBlind } = this.options;
    if (onStale !== 'allow' || this.feed.freshness.blindFor > maxBlind * 1000) return false;
    this.log.report('warn', 'Nothing is heard of revocations: tokens pass that may have been revoked meanwhile (option onStale).');
    return true;
  }

  private deny(): Refused {
    this.feed.denials++;
    // Of a reference token that was not seen before, possession is not proven.
    return refused('revoked, or forged in the likeness of what is');
  }
}

/** The key says on which day the token expires. By no clock is that day before yesterday. */
const isLongOver = ({ bucket }: EntryKey, now: Date): boolean => bucket < bucketOf(now) - 1;
