import { Injectable } from '@nestjs/common';
import { Clock } from '../../protocol/clock.js';
import { RevocationKind } from '../../storage/revocation.store.js';
import { RevocationLogStore, type LogCursor, type LogRow } from '../../storage/revocation-log.store.js';
import type { Reloading } from '../../validation/feed/feed-source.js';
import { LogTail, type ReadingListener } from '../../validation/feed/log-tail.js';
import { Revocations, type HeldRevocations, type Judgement } from '../../validation/feed/revocations.js';
import type { Follower } from './follower.js';
import { formatCursor, LONGEST_CURSOR } from './feed-cursor.js';
import { logUnavailable } from './log-unavailable.js';
import { LogCatchUp, MOST_ROWS_BEHIND } from './log-catch-up.js';
import { ReadingWaiters } from './reading-waiters.js';
import { RecentReadings } from './recent-readings.js';

/** Milliseconds after the last follower has gone in which another may come without the log being read anew. */
const IDLE = 60_000;
/** A minute of readings, each with another cursor. */
const MOST_CURSORS = 1_200;
/** Milliseconds that a reading is waited for. */
export const PATIENCE = 5_000;
/** Milliseconds after which what is held is too old to begin with. */
const STALE = 5_000;
const PRUNE_PERIOD = 1_000;

/** Where somebody stands who resumes. */
export interface Standing {
  /** What is known of already that he has not been told. */
  readonly rows: readonly LogRow[];
  /** Of the hub: he is to be told what came after it, too. */
  readonly position: number;
  /** With these rows nothing is missing that was committed before. On the monotonic clock. */
  readonly asOf: number;
}

/** What somebody is to be told so that he knows all that the hub knows. */
export interface Told extends Pick<Standing, 'rows' | 'asOf'> {
  /** Where he goes on from then. */
  readonly cursor: string;
}

/** Who is told of each reading at once. */
export interface HubListener {
  added(rows: readonly LogRow[]): void;
  /** What anybody was told before cannot be continued: transaction numbers may have gone back. */
  restarted(): void;
}

/**
 * Follows the log for all followers of this process, from the first on until a minute after the last: an idle service does not poll.
 *
 * Whoever comes with the cursor of a recent reading gets the rows of those after it. Any other cursor C is read from once. Why he can go on with the
 * hub's own cursors from there: the question is sent after the hub's reading j has come, and a statement sees whatever one that was over before has
 * seen; so that its answer and what he held at C are all that reading j saw, or more. Each later reading k brings what it saw and k - 1 did not: he
 * holds all that k saw, and its cursor is good for him. That he is told some rows twice does no harm: they are sets. All this within one epoch; from
 * a cursor of another one nothing is read, and when the hub comes upon a new one it ends all streams.
 */
@Injectable()
export class RevocationHub implements ReadingListener {
  /** Of the newest reading, or of the last whose cursor was short enough for somebody to send it. Undefined: cold. */
  cursor: string | undefined;
  /** The newest reading misses nothing that was committed before. On the monotonic clock. */
  asOf = -Infinity;
  readonly waiters = new ReadingWaiters();
  private readonly tail: LogTail;
  private readonly catchUp: LogCatchUp;
  private readonly listeners = new Set<HubListener>();
  private recent = new RecentReadings(MOST_ROWS_BEHIND, MOST_CURSORS);
  private held = new Revocations();
  private epoch: string | undefined;
  private incoming: LogRow[] = [];
  private following = 0;
  private running = false;
  private idle: NodeJS.Timeout | undefined;
  private pruned = -Infinity;

  constructor(
    log: RevocationLogStore,
    private readonly clock: Clock,
  ) {
    this.tail = new LogTail(log, clock);
    this.catchUp = new LogCatchUp(log);
  }

  /** Keeps it going until the returned function is called. */
  enter(): () => void {
    clearTimeout(this.idle);
    this.following++;
    if (!this.running) this.tail.start(this);
    this.running = true;
    return () => {
      if (--this.following === 0) this.idle = setTimeout(() => this.rest(), IDLE).unref();
    };
  }

  /** For good: whoever waits is answered with what there is. */
  close(): void {
    clearTimeout(this.idle);
    this.tail.stop();
    this.waiters.close();
  }

  listen(listener: HubListener): void {
    this.listeners.add(listener);
  }

  /** Whether somebody can begin with what it holds. */
  get isFresh(): boolean {
    return this.cursor !== undefined && performance.now() - this.asOf <= STALE;
  }

  /** The cursor to begin with, once there is one. Undefined: nobody waits for it any more. @throws OAuthError temporarily_unavailable */
  async warm(gone: AbortSignal): Promise<string | undefined> {
    const cursor = await this.waiters.wait(() => (this.isFresh ? this.cursor : undefined), PATIENCE, gone);
    if (gone.aborted) return undefined;
    if (cursor === undefined) throw logUnavailable();
    return cursor;
  }

  /** Everything in force. */
  contents(): HeldRevocations {
    return this.held.contents();
  }

  judge({ principal, kid, asked }: Follower): Judgement {
    return this.held.judge(principal, kid, asked);
  }

  /** Where somebody with this cursor stands. Undefined: he must read all of it. @throws StorageUnavailableError, OAuthError */
  async locate(cursor: string): Promise<Standing | undefined> {
    const position = this.recent.find(cursor);
    if (position !== undefined) return { rows: [], position, asOf: -Infinity };
    const caughtUp = await this.catchUp.read(cursor, () => this.recent.position);
    return caughtUp && { rows: caughtUp.reading.rows, position: caughtUp.position, asOf: caughtUp.asOf };
  }

  /** Undefined: he waited so long that not all of it is held any more. */
  toldTo({ rows, position, asOf }: Standing): Told | undefined {
    const later = this.recent.since(position);
    if (!later || this.cursor === undefined) return undefined;
    return { rows: rows.length === 0 ? later : [...rows, ...later], asOf: Math.max(asOf, this.asOf), cursor: this.cursor };
  }

  reload(): Reloading {
    const [before, held, isFirst] = [this.held, new Revocations(), this.cursor === undefined];
    const incoming: LogRow[] = [];
    return {
      add: (rows) => {
        for (const row of rows) {
          // After a failure the log is read as a whole, though most often its epoch is the same, and the followers need only what is new.
          if (!isFirst && !before.has(row)) incoming.push(row);
          held.add([row], performance.now());
        }
      },
      complete: () => {
        this.held = held;
        this.incoming = incoming;
      },
    };
  }

  add(rows: readonly LogRow[]): void {
    if (rows.length === 0) return;
    this.held.add(rows, performance.now());
    this.incoming = this.incoming.concat(rows);
  }

  read(cursor: LogCursor, asOf: number): void {
    const text = formatCursor(cursor);
    const named = text.length <= LONGEST_CURSOR ? text : undefined;
    const restarted = this.epoch !== undefined && cursor.epoch !== this.epoch;
    const rows = restarted ? [] : this.incoming.filter(({ kind }) => kind !== RevocationKind.configuration);
    this.incoming = [];
    this.epoch = cursor.epoch;
    this.cursor = named ?? (restarted ? undefined : this.cursor);
    this.asOf = asOf;
    if (restarted) this.recent.restart();
    this.recent.note(named, rows);
    if (restarted) this.listeners.forEach((listener) => listener.restarted());
    else if (rows.length > 0) this.listeners.forEach((listener) => listener.added(rows));
    this.waiters.lookAgain();
    this.prune();
  }

  /** Until somebody comes. */
  private rest(): void {
    this.tail.stop();
    this.running = false;
    [this.cursor, this.epoch, this.asOf] = [undefined, undefined, -Infinity];
    this.held = new Revocations();
    this.recent.restart();
  }

  private prune(): void {
    if (performance.now() - this.pruned < PRUNE_PERIOD) return;
    this.pruned = performance.now();
    this.held.prune(this.clock.now().getTime());
  }
}
