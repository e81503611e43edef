import { Injectable } from '@nestjs/common';
import { RefreshFailure } from '../provider/refresh-failure.js';
import { SessionEndings } from '../session-endings.js';
import { SessionEndedError, withTokensOf, type OpenSession } from '../state/open-session.js';
import { keyOf, type WantedToken } from '../state/session-state.js';
import { NobodyWaitsError } from './nobody-waits.error.js';
import { RefreshMemory } from './refresh-memory.js';
import { RefreshNews } from './refresh-news.js';
import { RefreshSlots } from './refresh-slots.js';
import { isFinal, TokenRefresh } from './token-refresh.js';

interface UnderWay {
  readonly done: Promise<OpenSession>;
  /** Of the process's own clock, milliseconds. */
  readonly since: number;
  waiting: number;
}

/** Refreshes within this process: the first who needs one asks, the others wait for the same answer; what it means for the session is done once. */
@Injectable()
export class SharedRefresh {
  private readonly underWay = new Map<string, UnderWay>();
  /** Of each session: one refresh after the other, whatever is wanted. */
  private readonly last = new Map<string, Promise<unknown>>();

  constructor(
    private readonly refreshing: TokenRefresh,
    private readonly memory: RefreshMemory,
    private readonly slots: RefreshSlots,
    private readonly endings: SessionEndings,
    private readonly news: RefreshNews,
  ) {}

  /**
   * The session with a new token of the wanted kind. A refresh that was begun comes to its end, also when nobody waits for it any more.
   * @throws RefreshFailure, also while it is too early to try again; SessionEndedError; StorageUnavailableError; what `signal` was aborted with
   */
  async refresh(session: OpenSession, wanted: WantedToken, signal?: AbortSignal): Promise<OpenSession> {
    const known = this.memory.answer(session, wanted);
    if (known) return withTokensOf(session, known);
    const paused = this.memory.pausedFor(session, wanted);
    if (paused) throw paused;
    const refresh = this.join(session, wanted);
    try {
      return withTokensOf(session, await unlessAborted(refresh.done, signal));
    } catch (error) {
      // The others had gone a moment before this one came.
      if (error instanceof NobodyWaitsError) return await this.refresh(session, wanted, signal);
      throw error;
    } finally {
      refresh.waiting--;
    }
  }

  /** Milliseconds since the refresh was begun that is under way; 0: none is. */
  elapsed(session: OpenSession, wanted: WantedToken): number {
    const running = this.underWay.get(keyOfRefresh(session, wanted));
    return running ? performance.now() - running.since : 0;
  }

  private join(session: OpenSession, wanted: WantedToken): UnderWay {
    const key = keyOfRefresh(session, wanted);
    const running = this.underWay.get(key);
    if (running) {
      this.news.shared();
      running.waiting++;
      return running;
    }
    const isAwaited = (): boolean => refresh.waiting > 0;
    const done = this.after(this.last.get(session.id), session, wanted, isAwaited).finally(() => {
      this.underWay.delete(key);
      if (this.last.get(session.id) === done) this.last.delete(session.id);
    });
    const refresh: UnderWay = { done, since: performance.now(), waiting: 1 };
    this.underWay.set(key, refresh);
    this.last.set(session.id, done);
    done.catch(() => undefined); // everybody who waited may be gone
    return refresh;
  }

  private async after(
    earlier: Promise<unknown> | undefined,
    session: OpenSession,
    wanted: WantedToken,
    isAwaited: () => boolean,
  ): Promise<OpenSession> {
    await earlier?.catch(() => undefined);
    const known = this.memory.answer(session, wanted);
    return known ?? this.slots.run(() => this.attempt(this.memory.newest(session), wanted, isAwaited));
  }

  private async attempt(session: OpenSession, wanted: WantedToken, isAwaited: () => boolean): Promise<OpenSession> {
    try {
      const refreshed = await this.refreshing.refresh({ session, wanted, isAwaited });
      this.memory.succeeded(session, refreshed.session, wanted);
      await this.news.succeeded(refreshed);
      return refreshed.session;
    } catch (error) {
      if (isFinal(error)) {
        const reason = error.kind === 'lost' ? 'refresh_lost' : 'invalid_grant';
        await this.endings.end(session, reason);
        throw new SessionEndedError(reason);
      }
      if (error instanceof RefreshFailure) {
        this.memory.failed(session, wanted, error);
        this.news.failed(error);
      }
      throw error;
    }
  }
}

const keyOfRefresh = ({ id, generation }: OpenSession, wanted: WantedToken): string => `${id} ${generation} ${keyOf(wanted)}`;

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  signal.throwIfAborted();
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
