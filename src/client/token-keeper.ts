import { BackOff } from './back-off.js';
import { RefreshRefusedError, RefreshUnavailableError, SignInNeededError, type SignInReason } from './errors.js';
import { KeptTokens } from './kept-tokens.js';
import type { Fetch, LockManager } from './platform.js';
import type { Refresher, RefresherContext } from './refresher.js';
import { firstTokens, isAlive, isDue, isSame, nextTokens, type StoredTokens } from './stored-tokens.js';
import { readAnswer, type Answer } from './token-answer.js';
import type { TokenStorage } from './token-storage.js';
import { Turns } from './turns.js';
import { waitFor, within } from './waiting.js';

export interface TokenKeeperOptions {
  readonly refresher: Refresher;
  readonly storage: TokenStorage;
  readonly onSignInNeeded: (reason: SignInReason) => void;
  /** Milliseconds. */
  readonly timeout: number;
  readonly now: () => number;
  readonly fetch: () => Fetch;
  readonly locks: () => LockManager | undefined;
}

interface Flight {
  readonly tokens: Promise<StoredTokens>;
  /** Ends when whoever has a token that still lives should rather use that. */
  readonly patience: Promise<undefined>;
}

/** Milliseconds that a refresh may delay a call whose access token still lives. */
const PATIENCE = 500;

/** The tokens in the storage, and their renewal: one at a time, and never against what the person did meanwhile. */
export class TokenKeeper {
  /** By session: who has signed in anew does not wait for the refresh of who was there before. */
  private readonly flights = new Map<string, Flight>();
  private readonly backOff = new BackOff();
  private readonly kept: KeptTokens;
  private readonly refreshing: Turns;
  private readonly writing: Turns;
  /** Whether the app knows already that nobody is signed in. */
  private told = false;

  constructor(private readonly options: TokenKeeperOptions) {
    const { storage, locks, timeout } = options;
    this.kept = new KeptTokens(storage);
    this.refreshing = new Turns(storage.name, locks, 2 * timeout);
    this.writing = new Turns(storage.name === undefined ? undefined : `${storage.name}:write`, locks, 2 * timeout);
  }

  stored(): Promise<StoredTokens | undefined> {
    return this.kept.get();
  }

  async signIn(answer: Answer): Promise<void> {
    await this.writing.take(async () => this.kept.set(firstTokens(answer, this.options.now())));
    this.backOff.reset();
    this.told = false;
  }

  async signOut(): Promise<void> {
    this.told = true;
    const tokens = await this.writing.take(async () => {
      const stored = await this.stored();
      await this.kept.clear();
      return stored;
    });
    if (tokens) await this.end(tokens);
  }

  /** Tokens to call with: renewed when due, as they are while they live and cannot be. @throws SignInNeededError, RefreshUnavailableError */
  async usable(signal?: AbortSignal): Promise<StoredTokens> {
    signal?.throwIfAborted();
    const tokens = await this.present();
    if (!isDue(tokens, this.options.now())) return tokens;
    const alive = isAlive(tokens, this.options.now());
    try {
      const { tokens: renewed, patience } = this.flight(tokens);
      const inTime = await waitFor(alive ? Promise.race([renewed, patience]) : renewed, signal);
      if (inTime) return inTime;
    } catch (error) {
      if (!alive || !(error instanceof RefreshUnavailableError)) throw error;
    }
    const latest = await this.present(); // not of whoever signed out meanwhile
    if (latest.session !== tokens.session) throw new SignInNeededError('replaced');
    return latest;
  }

  /** Other tokens than these, due or not. @throws SignInNeededError, RefreshUnavailableError */
  renewed(tokens: StoredTokens, signal?: AbortSignal): Promise<StoredTokens> {
    return waitFor(this.flight(tokens).tokens, signal);
  }

  /** @throws SignInNeededError */
  async present(): Promise<StoredTokens> {
    const stored = await this.stored();
    if (!stored) throw this.signInNeeded('not-signed-in');
    this.told = false;
    return stored;
  }

  private flight(seen: StoredTokens): Flight {
    const under = this.flights.get(seen.session);
    if (under) return under;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const patience = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, PATIENCE, undefined)));
    const tokens = this.refreshing
      .take(() => this.refresh(seen))
      .finally(() => {
        clearTimeout(timer);
        this.flights.delete(seen.session);
      });
    tokens.catch(() => undefined); // nobody may be waiting any more
    const flight = { tokens, patience };
    this.flights.set(seen.session, flight);
    return flight;
  }

  /** In turn: what another tab has stored while this one waited is used instead. */
  private async refresh(seen: StoredTokens): Promise<StoredTokens> {
    const { now, refresher } = this.options;
    const tokens = await this.sameSession(seen);
    if (tokens.accessToken !== seen.accessToken && !isDue(tokens, now())) return tokens;
    const { accessToken, refreshToken } = tokens;
    const alive = isAlive(tokens, now());
    if (refreshToken === undefined) {
      if (alive) throw new RefreshUnavailableError('There is no refresh token.');
      return this.giveUp(tokens, 'expired');
    }
    const failure = this.backOff.waitsFor(now(), alive);
    if (failure) throw new RefreshUnavailableError('A refresh failed shortly before.', failure);
    const answer = await this.ask((context) => refresher.refresh({ accessToken, refreshToken }, context)).catch((error: unknown) => error);
    if (answer instanceof RefreshRefusedError) return this.giveUp(tokens, 'refused', answer);
    const read = readAnswer(answer);
    if (!read) throw this.failed(answer);
    this.backOff.reset();
    return this.keep(tokens, nextTokens(tokens, read, now()));
  }

  private failed(cause: unknown): RefreshUnavailableError {
    const retryAfter = cause instanceof RefreshUnavailableError ? cause.options.retryAfter : undefined;
    this.backOff.failed(this.options.now(), cause, retryAfter);
    return new RefreshUnavailableError('The access token could not be renewed.', {
      cause: cause instanceof Error ? cause : new Error('The refresher gave no tokens.'),
      ...(retryAfter !== undefined && { retryAfter }),
    });
  }

  /** A late answer revives nothing: whoever signed out, or in anew, while it was on its way has the last word. */
  private async keep(presented: StoredTokens, next: StoredTokens): Promise<StoredTokens> {
    const current = await this.writing.take(async () => {
      const stored = await this.stored();
      if (!stored || !isSame(stored, presented)) return stored;
      await this.kept.succeed(next);
      return next;
    });
    // Another tab may have been faster, without Web Locks: what it stored is of the same chain, which must not be ended.
    if (current?.session === presented.session) return current;
    void this.end(next);
    return this.sameSession(presented);
  }

  /** Unless another tab has stored a successor meanwhile, for then it was only this tab that was late. */
  private async giveUp(presented: StoredTokens, reason: SignInReason, cause?: RefreshRefusedError): Promise<StoredTokens> {
    const cleared = await this.writing.take(async () => {
      const stored = await this.stored();
      if (!stored || !isSame(stored, presented)) return false;
      await this.kept.clear();
      return true;
    });
    if (!cleared) return this.refresh(presented);
    throw this.signInNeeded(reason, cause);
  }

  private async sameSession({ session }: StoredTokens): Promise<StoredTokens> {
    const stored = await this.present();
    if (stored.session !== session) throw new SignInNeededError('replaced');
    return stored;
  }

  private signInNeeded(reason: SignInReason, cause?: unknown): SignInNeededError {
    // What the callback throws is the app's own matter, and no answer to whoever called.
    if (!this.told) queueMicrotask(() => this.options.onSignInNeeded(reason));
    this.told = true;
    return new SignInNeededError(reason, cause === undefined ? {} : { cause });
  }

  private async end(tokens: StoredTokens): Promise<void> {
    await this.ask((context) => this.options.refresher.end(tokens, context)).catch(() => undefined);
  }

  private ask<T>(question: (context: RefresherContext) => Promise<T>): Promise<T> {
    return within(this.options.timeout, async (signal) => question({ signal, fetch: this.options.fetch() }));
  }
}
