import { CheckUnavailableError } from '../check-unavailable.error.js';
import { Limiter } from '../introspection/limiter.js';
import { Recent } from '../../protocol/recent.js';
import type { TokenCheck, Verdict } from '../token-check.js';
import type { ResolvedValidationOptions } from '../validation.options.js';

/** Callers that may wait for each place under way. More would only wait in vain. */
const WAITING_PER_PLACE = 20;

/** Milliseconds that a refusal is believed: the clock of whoever gave it may have been wrong. What was revoked is denied by the feed, too. */
const REFUSAL_LIFE = 10_000;

export interface Answer {
  readonly verdict: Verdict;
  /** When the question was put, on the monotonic clock: it may have been true only then. */
  readonly asked: number;
}

/** Puts tokens to an exact check: one question at a time for each token, so many at once in all. Remembers the answers, bounded in number. */
export class ExactAnswers {
  private readonly answers: Recent<Answer>;
  private readonly underWay = new Map<string, Promise<Answer>>();
  private readonly limiter: Limiter;

  constructor(
    private readonly exact: TokenCheck,
    private readonly options: Pick<ResolvedValidationOptions, 'cacheSize' | 'exactConcurrency' | 'requestTimeout'>,
  ) {
    const { cacheSize, exactConcurrency } = options;
    this.answers = new Recent(cacheSize);
    this.limiter = new Limiter(exactConcurrency, exactConcurrency * WAITING_PER_PLACE);
  }

  known(digest: string): Answer | undefined {
    const answer = this.answers.get(digest);
    return answer?.verdict.accepted || performance.now() - (answer?.asked ?? -Infinity) <= REFUSAL_LIFE ? answer : undefined;
  }

  /**
   * @param genuine issued by the issuer for certain: a refusal is worth remembering, and whatever anybody may make up waits behind it
   * @throws CheckUnavailableError when too many wait already or the answer does not come in time, and what the check throws
   */
  async ask(token: string, digest: string, genuine: boolean): Promise<Answer> {
    let answer = this.underWay.get(digest);
    if (!answer) {
      answer = this.put(token, digest, genuine).finally(() => this.underWay.delete(digest));
      this.underWay.set(digest, answer);
    }
    return this.inTime(answer);
  }

  /** Who asked is let go; the place stays taken until the answer comes, or a network that swallows everything would be flooded. */
  private async inTime(answer: Promise<Answer>): Promise<Answer> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new CheckUnavailableError('The revocation feed: no answer in time.')),
        this.options.requestTimeout * 1000,
      );
    });
    return Promise.race([answer, late]).finally(() => clearTimeout(timer));
  }

  private async put(token: string, digest: string, genuine: boolean): Promise<Answer> {
    const answer = await this.limiter.run(async () => {
      const asked = performance.now();
      return { verdict: await this.exact.check(token), asked };
    }, genuine);
    if (!answer) throw new CheckUnavailableError('The revocation feed: too many tokens wait for an exact check already.');
    if (answer.verdict.accepted || genuine) this.answers.set(digest, answer);
    return answer;
  }
}
