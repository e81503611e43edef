import { ApiAddresses } from './addresses.js';
import { ApiCall } from './api-call.js';
import { RefreshUnavailableError, type SignInReason } from './errors.js';
import { platformLocks, type Fetch, type LockManager } from './platform.js';
import type { Refresher } from './refresher.js';
import type { StoredTokens } from './stored-tokens.js';
import { readAnswer, type TokenAnswer } from './token-answer.js';
import { TokenKeeper } from './token-keeper.js';
import { memoryStorage, type TokenStorage } from './token-storage.js';

export interface CountersignClientOptions {
  /** How tokens are renewed: `signInApi('https://id.example.com')`, `oauth({ … })`, or one of your own. */
  readonly refresher: Refresher;
  /**
   * Where the access token may be sent: prefixes of URLs, compared by origin and whole path segments, https or on loopback http. A call of any other
   * address is a TypeError before anything is sent.
   */
  readonly apis: readonly string[];
  /** Default: `memoryStorage()`. */
  readonly storage?: TokenStorage;
  /** Called once each time that it turns out that nobody is signed in (any more); not after `signOut()`, of which the app knows. */
  readonly onSignInNeeded?: (reason: SignInReason) => void;
  /** Milliseconds for one request to the service. Default: 10 000. */
  readonly timeout?: number;
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number;
  /** Default: `globalThis.fetch`, looked up at each call. */
  readonly fetch?: Fetch;
  /** Default: `navigator.locks`, where it exists. */
  readonly locks?: LockManager;
}

export interface AccessTokenOptions {
  /** Ends the wait. A refresh that has begun goes on, for others. */
  readonly signal?: AbortSignal;
  /** Renew even a token that is not due. */
  readonly force?: boolean;
}

/** An API that refuses everything must not cause a refresh per call: milliseconds. */
const YOUNG = 10_000;

/**
 * Calls APIs for a person who is signed in: holds the pair of tokens, renews it before it expires (one refresh at a time however many calls wait), and
 * says when the person has to sign in. An outage of the service costs nobody the session.
 *
 * Of several tabs on one storage one refreshes at a time, by Web Locks. Where these do not exist (Node before 24.5, browsers before 2022) each tab or
 * process refreshes by itself; that this is no reuse of a refresh token is due to the leeway of the service then, within which racing refreshes get the
 * same successor. Countersign's is 30 seconds; a provider without one would end the session.
 */
export class CountersignClient {
  private readonly apis: ApiAddresses;
  private readonly keeper: TokenKeeper;
  private readonly now: () => number;
  private readonly platformFetch: () => Fetch;

  /** @throws TypeError when one of `apis` is no prefix that a token may be sent to */
  constructor({ refresher, apis, storage = memoryStorage(), onSignInNeeded, timeout = 10_000, ...options }: CountersignClientOptions) {
    this.apis = new ApiAddresses(apis);
    this.now = options.now ?? (() => Date.now());
    this.platformFetch = () => options.fetch ?? ((input, init) => globalThis.fetch(input, init));
    this.keeper = new TokenKeeper({
      ...{ refresher, storage, timeout },
      onSignInNeeded: onSignInNeeded ?? (() => undefined),
      now: this.now,
      fetch: this.platformFetch,
      locks: () => options.locks ?? platformLocks(),
    });
  }

  /** Takes what a sign-in or a token endpoint answered. @throws TypeError when it holds no bearer token; what the storage throws */
  async signedIn(pair: TokenAnswer): Promise<void> {
    const answer = readAnswer(pair);
    if (!answer) throw new TypeError('The answer holds no access token of type Bearer.');
    await this.keeper.signIn(answer);
  }

  /** Whether there are tokens. The service may have ended the session all the same: that shows at the next refresh. */
  async isSignedIn(): Promise<boolean> {
    return (await this.keeper.stored()) !== undefined;
  }

  /** Forgets the tokens, then ends the session at the service, as far as that can be reached within the timeout. Never throws because of the latter. */
  signOut(): Promise<void> {
    return this.keeper.signOut();
  }

  /** @throws SignInNeededError, RefreshUnavailableError */
  async accessToken({ signal, force = false }: AccessTokenOptions = {}): Promise<string> {
    signal?.throwIfAborted();
    const tokens = force ? await this.keeper.renewed(await this.keeper.present(), signal) : await this.keeper.usable(signal);
    return tokens.accessToken;
  }

  /**
   * The platform's `fetch` with the access token, for addresses below `apis`; may be handed to generated clients. A 401 renews the token and sends the
   * call once more, if its body can be sent again: anything but a stream. Redirects are not followed: they are an error, or with
   * `redirect: 'manual'` the caller's matter.
   *
   * @throws TypeError for other addresses, and when the caller sets an Authorization header; SignInNeededError; RefreshUnavailableError
   */
  readonly fetch: Fetch = async (input, init) => {
    const call = new ApiCall(input, init, this.apis);
    const tokens = await this.keeper.usable(call.signal);
    const response = await call.send(this.platformFetch(), tokens.accessToken, !call.canBeRepeated);
    if (response.status !== 401 || !call.canBeRepeated) return response;
    const other = await this.otherThan(tokens, call.signal);
    if (!other) return response;
    await response.body?.cancel().catch(() => undefined);
    return call.send(this.platformFetch(), other.accessToken, true);
  };

  /** Tokens to try instead of some that were refused. Undefined: the refusal stands. @throws SignInNeededError */
  private async otherThan(refused: StoredTokens, signal: AbortSignal | undefined): Promise<StoredTokens | undefined> {
    const current = await this.keeper.stored();
    // What one person began must not be done as another.
    if (current?.session !== refused.session) return undefined;
    if (current.accessToken !== refused.accessToken) return current;
    if (Math.abs(this.now() - refused.receivedAt) < YOUNG) return undefined;
    try {
      return await this.keeper.renewed(refused, signal);
    } catch (error) {
      if (error instanceof RefreshUnavailableError) return undefined; // the API's answer says more
      throw error;
    }
  }
}
