import { Injectable } from '@nestjs/common';
import { isUuid } from '../../protocol/uuid.js';
import type { Ended } from '../revocation.store.js';
import { Database, type Runner } from './database.js';
import { Partitions } from './partitions.js';
import { END_GRANTS, END_SESSIONS, logRowEnd, NOTE_LOGOUT } from './revocation.sql.js';

/** Which of a subject's sessions and grants end. */
export interface GrantSelection {
  readonly keepSid?: string;
  readonly onlySid?: string;
  /**
   * What goes on all the same. `sessionless`: grants that have no sign-in session. `connected-apps`: those, and the grants with offline_access of apps
   * that the person signed in to with a browser.
   */
  readonly spare: 'nothing' | 'sessionless' | 'connected-apps';
}

export interface EndedGrants extends Ended {
  readonly grants: number;
}

const SPARED = { nothing: 0, sessionless: 1, 'connected-apps': 2 } as const;
/** A client that cannot be told within a day has ended its own session by then. */
const NOTICE_LIFETIME_MS = 86_400_000;

/** Ends many grants of a person in one transaction, the person's row first: whoever opens a grant shares that lock, so none slips in between. */
@Injectable()
export class GrantEndings {
  constructor(
    private readonly database: Database,
    private readonly partitions: Partitions,
  ) {}

  end(subject: string, now: Date, selection: GrantSelection): Promise<EndedGrants> {
    return this.transaction(now, async (runner) => {
      await this.lock(runner, subject);
      return this.endWithin(runner, subject, now, selection);
    });
  }

  /** Takes the person's row. Nobody has one who is kept elsewhere, nor a client. */
  async lock(runner: Runner, subject: string): Promise<void> {
    if (isUuid(subject)) await runner.run(LOCK_PERSON, [subject]);
  }

  /** A transaction that may end grants at `now`. */
  transaction<T>(now: Date, work: (runner: Runner) => Promise<T>): Promise<T> {
    return this.partitions.logging(now, () => this.database.transaction(work));
  }

  /** The same as `end` inside a `transaction` that has the person's row already. */
  async endWithin(runner: Runner, subject: string, now: Date, { keepSid, onlySid, spare }: GrantSelection): Promise<EndedGrants> {
    const sessions = await runner.run<{ sid: string; live_browser: boolean }>(END_SESSIONS, [
      subject,
      now,
      keepSid ?? null,
      onlySid ?? null,
    ]);
    if (sessions.length > 0) {
      await runner.run(NOTE_LOGOUT, [sessions.map(({ sid }) => sid), now, new Date(now.getTime() + NOTICE_LIFETIME_MS)]);
    }
    const values = [subject, now, logRowEnd(now), keepSid ?? null, onlySid ?? null, null, SPARED[spare]];
    const [row] = await runner.run<{ ended: number }>(END_GRANTS, values);
    return { browsers: sessions.filter((session) => session.live_browser).length, grants: row?.ended ?? 0 };
  }

  /** All grants of a subject to one client, inside a `transaction` that has the row of the consent already. Returns how many. */
  async endOfClient(runner: Runner, subject: string, client: string, now: Date): Promise<number> {
    const values = [subject, now, logRowEnd(now), null, null, client, SPARED.nothing];
    const [row] = await runner.run<{ ended: number }>(END_GRANTS, values);
    return row?.ended ?? 0;
  }
}

const LOCK_PERSON = { name: 'lock_person', text: `select id from users where id = $1::uuid for no key update` };
