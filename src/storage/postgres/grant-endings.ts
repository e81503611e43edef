import { Injectable } from '@nestjs/common';
import { isUuid } from '../../protocol/uuid.js';
import { Database, type Runner } from './database.js';
import { Partitions } from './partitions.js';
import { END_GRANTS, END_SESSIONS, logRowEnd } from './revocation.sql.js';

/** Which of a subject's grants end. */
export interface GrantSelection {
  readonly keepSid?: string;
  readonly onlySid?: string;
  /** Also those that have no sign-in session (connected apps). */
  readonly withoutSession: boolean;
}

/** Ends many grants of a person in one transaction, the person's row first: whoever opens a grant shares that lock, so none slips in between. */
@Injectable()
export class GrantEndings {
  constructor(
    private readonly database: Database,
    private readonly partitions: Partitions,
  ) {}

  /** Returns how many grants ended. */
  end(subject: string, now: Date, selection: GrantSelection): Promise<number> {
    return this.transaction(now, async (runner) => {
      if (isUuid(subject)) await runner.run(LOCK_PERSON, [subject]); // a client's own subject has no such row
      return this.endWithin(runner, subject, now, selection);
    });
  }

  /** A transaction that may end grants at `now`. */
  transaction<T>(now: Date, work: (runner: Runner) => Promise<T>): Promise<T> {
    return this.partitions.logging(now, () => this.database.transaction(work));
  }

  /** The same as `end` inside a `transaction` that has the person's row already. */
  async endWithin(runner: Runner, subject: string, now: Date, { keepSid, onlySid, withoutSession }: GrantSelection): Promise<number> {
    await runner.run(END_SESSIONS, [subject, now, keepSid ?? null, onlySid ?? null]);
    const values = [subject, now, logRowEnd(now), keepSid ?? null, onlySid ?? null, withoutSession];
    const [row] = await runner.run<{ ended: number }>(END_GRANTS, values);
    return row?.ended ?? 0;
  }
}

const LOCK_PERSON = { name: 'lock_person', text: `select id from users where id = $1::uuid for no key update` };
