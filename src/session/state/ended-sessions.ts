import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../../protocol/clock.js';
import { SESSION_CLOCK } from '../session-clock.js';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from '../session.options.js';
import { sessionIdHash } from './session-ids.js';
import type { SessionContent } from './session-state.js';

/** Sessions of a person, or of one session at the provider, that ended; those that began later are others. */
export interface SessionsOf {
  readonly subject?: string;
  readonly sid?: string;
  readonly createdBefore: Date;
}

/** Until when the last session it could stand for is over by itself: milliseconds since the epoch. */
interface Remembered {
  readonly until: number;
}

type KnownSession = Pick<SessionContent, 'state'> & { readonly id: string };

const MOST_REMEMBERED = 100_000;

/**
 * The sessions that ended in this process. Where there is no database, it is all that tells a copy of a cookie from the cookie; where there is one, it
 * keeps a late answer from giving back a cookie that another answer has taken away.
 */
@Injectable()
export class EndedSessions {
  /** By hash of id. */
  private readonly ids = new Map<string, Remembered>();
  /** Ids that another one has taken the place of, for as long as late requests may bring them. */
  private readonly replaced = new Map<string, Remembered>();
  /** By whose they were. */
  private readonly there = new Map<string, Remembered & { readonly createdBefore: number }>();

  constructor(
    @Inject(SESSION_OPTIONS) private readonly options: ResolvedSessionOptions,
    @Inject(SESSION_CLOCK) private readonly clock: Clock,
  ) {}

  add(id: string): void {
    this.remember(this.ids, hashOf(id), { until: this.after(this.options.session.absolute) });
  }

  addReplaced(id: string): void {
    this.add(id);
    this.remember(this.replaced, hashOf(id), { until: this.after(this.options.refresh.leeway) });
  }

  wasReplaced(id: string): boolean {
    return (this.replaced.get(hashOf(id))?.until ?? 0) > this.after(0);
  }

  addThere({ subject, sid, createdBefore }: SessionsOf): void {
    this.remember(this.there, whose(sid, subject), {
      createdBefore: createdBefore.getTime(),
      until: this.after(this.options.session.absolute),
    });
  }

  has({ id, state: { sid, user, createdAt } }: KnownSession): boolean {
    if (this.ids.size > 0 && this.ids.has(hashOf(id))) return true;
    const endedSince = (key: string): boolean => createdAt < (this.there.get(key)?.createdBefore ?? 0);
    return (
      this.there.size > 0 &&
      (endedSince(whose(undefined, user.sub)) || endedSince(whose(sid, undefined)) || endedSince(whose(sid, user.sub)))
    );
  }

  /** Oldest first, so that what is over is found without looking at the rest. */
  private remember<T extends Remembered>(map: Map<string, T>, key: string, ended: T): void {
    for (const [old, { until }] of map) {
      if (until > this.after(0) && map.size < MOST_REMEMBERED) break;
      map.delete(old);
    }
    map.delete(key);
    map.set(key, ended);
  }

  /** Milliseconds since the epoch. */
  private after(seconds: number): number {
    return this.clock.now().getTime() + seconds * 1000;
  }
}

const whose = (sid: string | undefined, subject: string | undefined): string => JSON.stringify([sid ?? null, subject ?? null]);
const hashOf = (id: string): string => sessionIdHash(id).toString('base64url');
