import type { LogReading, RevocationLogStore } from '../../storage/revocation-log.store.js';
import { Limiter } from '../../validation/introspection/limiter.js';
import { parseCursor } from './feed-cursor.js';
import { logUnavailable } from './log-unavailable.js';

/** Whoever is further behind reads all of it, which is shared, instead of a part of his own. */
export const MOST_ROWS_BEHIND = 10_000;
const AT_ONCE = 4;
const MOST_WAITING = 10_000;

export interface CaughtUp {
  readonly reading: LogReading;
  /** Of the hub, before the question was sent. */
  readonly position: number;
  /** The same moment on the monotonic clock. */
  readonly asOf: number;
}

/** Reads the log from cursors that no reading of the hub ended with, a few at a time; whoever names the same cursor meanwhile shares the answer. */
export class LogCatchUp {
  private readonly limiter = new Limiter(AT_ONCE, MOST_WAITING);
  private readonly underWay = new Map<string, Promise<CaughtUp | undefined>>();

  constructor(private readonly log: RevocationLogStore) {}

  /** Undefined: too far back, ahead, or of another epoch. @throws StorageUnavailableError, OAuthError temporarily_unavailable */
  read(cursor: string, positionNow: () => number): Promise<CaughtUp | undefined> {
    const shared = this.underWay.get(cursor);
    if (shared) return shared;
    const reading = this.limiter.run(() => this.ask(cursor, positionNow));
    if (!reading) throw logUnavailable();
    const own = reading.finally(() => this.underWay.delete(cursor));
    this.underWay.set(cursor, own);
    return own;
  }

  private async ask(cursor: string, positionNow: () => number): Promise<CaughtUp | undefined> {
    const parsed = parseCursor(cursor);
    if (!parsed) return undefined;
    const [position, asOf] = [positionNow(), performance.now()];
    const reading = await this.log.readSince(parsed, MOST_ROWS_BEHIND);
    return reading && { reading, position, asOf };
  }
}
