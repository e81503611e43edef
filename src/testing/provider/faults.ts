import { OAUTH_ERROR_STATUS, type OAuthErrorCode } from '../../protocol/oauth-error.js';
import type { ProviderCall } from './call-log.js';
import { errorAnswer, type Answer } from './endpoint.js';

export interface FaultOptions {
  /** How many requests it strikes. Default: all, until it is lifted. */
  readonly times?: number;
  /** Which requests it strikes: `(call) => call.grantType === 'refresh_token'`. Default: all. */
  readonly when?: (call: ProviderCall) => boolean;
  /** Strikes when the provider has done its part (a refresh token is spent by then) and only the answer is missing. */
  readonly committed?: boolean;
}

/** What becomes of the request. Undefined: it goes on. */
export type Outcome = Answer | 'drop' | 'hang' | undefined;

export interface Stricken {
  readonly outcome: Outcome;
  /** What an id token is made to say. */
  readonly wrongClaims: Readonly<Record<string, unknown>>;
}

type Effect = { readonly outcome: Outcome } | { readonly wait: number } | { readonly wrongClaims: Readonly<Record<string, unknown>> };

/** Something that goes wrong, until it has struck often enough or is lifted. */
export class Fault {
  /** How many requests it has struck. */
  hits = 0;
  private lifted = false;
  private readonly waiting = new Set<() => void>();
  private readonly watchers = new Set<() => void>();

  constructor(
    readonly effect: Effect,
    private readonly options: FaultOptions,
  ) {}

  get isCommitted(): boolean {
    return this.options.committed ?? false;
  }

  get isHold(): boolean {
    return 'wait' in this.effect && this.effect.wait === Infinity;
  }

  /** Settles once it has struck that many requests: these are in the provider's hands then, and with `committed` it has done its part. */
  async reached(hits = 1): Promise<void> {
    while (this.hits < hits) await new Promise<void>((resolve) => this.watchers.add(resolve));
  }

  /** Ends it. Requests that it delays or holds go on. */
  lift(): void {
    this.lifted = true;
    for (const resume of [...this.waiting]) resume();
  }

  /** @internal */
  strikes(call: ProviderCall): boolean {
    if (this.lifted || this.hits >= (this.options.times ?? Infinity) || this.options.when?.(call) === false) return false;
    this.hits++;
    for (const watcher of [...this.watchers]) watcher();
    this.watchers.clear();
    return true;
  }

  /** @internal */
  async suffer(): Promise<Outcome> {
    if ('outcome' in this.effect) return this.effect.outcome;
    if ('wait' in this.effect && !this.lifted) await this.pause(this.effect.wait);
    return undefined;
  }

  private pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = milliseconds === Infinity ? undefined : setTimeout(() => resume(), milliseconds);
      const resume = () => {
        clearTimeout(timer);
        this.waiting.delete(resume);
        resolve();
      };
      this.waiting.add(resume);
    });
  }
}

/** The faults of one endpoint, or of all. Several at once strike in the order they were made in; the first that answers has the last word. */
export class EndpointFaults {
  private faults: Fault[] = [];

  /** Waits that long, by the machine's own clock. Milliseconds. */
  delay(milliseconds: number, options: FaultOptions = {}): Fault {
    return this.add({ wait: milliseconds }, options);
  }

  /** Holds requests until `release()`. */
  hold(options: FaultOptions = {}): Fault {
    return this.add({ wait: Infinity }, options);
  }

  /** Ends all holds; what is held goes on. */
  release(): void {
    for (const fault of this.faults) if (fault.isHold) fault.lift();
  }

  /** Answers with that status, and a body that is no JSON unless one is given. */
  answer(status: number, answer: Omit<Answer, 'status'> = {}, options: FaultOptions = {}): Fault {
    const given = { headers: { 'content-type': 'text/plain' }, body: `Status ${status}`, ...answer };
    return this.add({ outcome: { ...given, status } }, options);
  }

  /** 503, with `Retry-After` if seconds are given. RFC 9110 §15.6.4 */
  unavailable(retryAfter?: number, options: FaultOptions = {}): Fault {
    return this.answer(503, { headers: retryAfterHeader(retryAfter) }, options);
  }

  /** 429, with `Retry-After` if seconds are given. RFC 6585 §4 */
  tooManyRequests(retryAfter?: number, options: FaultOptions = {}): Fault {
    return this.answer(429, { headers: retryAfterHeader(retryAfter) }, options);
  }

  /** 200 and HTML, as from a proxy in between. */
  notJson(options: FaultOptions = {}): Fault {
    return this.answer(200, { headers: { 'content-type': 'text/html' }, body: '<!doctype html><title>Please wait</title>' }, options);
  }

  /** An error of RFC 6749 §5.2: `invalid_client`, `invalid_scope`, `invalid_grant`. */
  refuse(error: OAuthErrorCode, options: FaultOptions = {}): Fault {
    return this.add({ outcome: errorAnswer(error, OAUTH_ERROR_STATUS[error]) }, options);
  }

  /** Does its part, and closes the connection without an answer. With `committed: false`, without having done anything. */
  dropAnswer(options: FaultOptions = {}): Fault {
    return this.add({ outcome: 'drop' }, { committed: true, ...options });
  }

  /** Takes the request and never answers. */
  blackHole(options: FaultOptions = {}): Fault {
    return this.add({ outcome: 'hang' }, options);
  }

  /** The id token of a refresh says something else: `{ sub: 'eve' }`, `{ iss: 'https://evil.example' }`. */
  wrongIdToken(claims: Readonly<Record<string, unknown>>, options: FaultOptions = {}): Fault {
    return this.add({ wrongClaims: claims }, { when: ({ grantType }) => grantType === 'refresh_token', ...options });
  }

  /** Ends all faults. */
  lift(): void {
    for (const fault of this.faults) fault.lift();
    this.faults = [];
  }

  /** @internal */
  list(committed: boolean): readonly Fault[] {
    return this.faults.filter(({ isCommitted }) => isCommitted === committed);
  }

  private add(effect: Effect, options: FaultOptions): Fault {
    const fault = new Fault(effect, options);
    this.faults.push(fault);
    return fault;
  }
}

/** Makes faults happen that strike this call, one after the other. What comes after the one that ends the request does not strike. */
export async function strike(faults: readonly Fault[], call: ProviderCall): Promise<Stricken> {
  const wrongClaims: Record<string, unknown> = {};
  for (const fault of faults) {
    if (!fault.strikes(call)) continue;
    if ('wrongClaims' in fault.effect) Object.assign(wrongClaims, fault.effect.wrongClaims);
    const outcome = await fault.suffer();
    if (outcome !== undefined) return { outcome, wrongClaims };
  }
  return { outcome: undefined, wrongClaims };
}

const retryAfterHeader = (seconds: number | undefined): Record<string, string> => ({
  'content-type': 'text/plain',
  ...(seconds !== undefined && { 'retry-after': String(seconds) }),
});
