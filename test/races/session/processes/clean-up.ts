import { onServer } from '../../../support/on-server.js';
import { report, timed } from '../../support/figures.js';
import { PATIENCE, rounds } from '../../support/size.js';
import { alike, inEveryWay, served, summary, type AppStage } from '../support/app-stage.js';

const ENDED = rounds(5_000, 1_000_000);
const MOST_AT_ONCE = 500;

export function cleanUp(stage: AppStage): void {
  it(
    `R44: ${ENDED} sessions that have ended are deleted by all processes at once, beside sign-ins and refreshes`,
    async () => {
      await onServer(stage.database.url, async (client) => {
        await client.query(NOTE_BATCHES);
        await client.query(INSERT_ENDED, [ENDED]);
      });
      const people = await stage.expired();
      let pruning = true;
      const pruned = timed(() => Promise.all(stage.processes.map((process) => process.prune()))).finally(() => (pruning = false));
      let signIns = 0;
      const answers = await inEveryWay(people, async (person) => {
        const all = await Promise.all(stage.processes.map((_, n) => stage.orders(n, person)));
        return summary(all);
      });
      do await stage.signIn(signIns++ % people.length);
      while (pruning);
      const { result, startedAt, answeredAt } = await pruned;

      expect(answers).toEqual(alike(served(stage.processes.length)));
      expect(result.reduce((sum, n) => sum + n)).toBe(ENDED);
      const [found] = await onServer(stage.database.url, async (client) => (await client.query<Found>(FOUND)).rows);
      expect(found).toMatchObject({ ended: 0, deadlocks: 0 });
      expect(found?.live).toBeGreaterThanOrEqual(people.length + signIns);
      expect(found?.largest).toBeLessThanOrEqual(MOST_AT_ONCE);
      report(
        `R44: ${ENDED} rows in ${Math.round(answeredAt - startedAt)} ms, by process ${result.join(', ')}; ${signIns} sign-ins meanwhile`,
      );
    },
    PATIENCE,
  );
}

interface Found {
  readonly ended: number;
  readonly live: number;
  readonly deadlocks: number;
  /** Rows that one statement deleted. */
  readonly largest: number;
}

const NOTE_BATCHES = `
create table batch (rows int not null);
create function note_batch() returns trigger language plpgsql as $$
begin
  insert into batch select count(*) from gone;
  return null;
end $$;
create trigger note_batch after delete on web_session referencing old table as gone for each statement execute function note_batch();`;

const INSERT_ENDED = `
insert into web_session (id_hash, created_at, idle_until, expires_at, issuer, subject, sealed)
select sha256(n::text::bytea), now() - interval '2 days', now() - n * interval '1 ms', now(), 'https://id.example', 'user-' || n % 1000, repeat('x', 200)
from generate_series(1, $1::int) n`;

const FOUND = `
select count(*) filter (where idle_until <= now())::int as ended, count(*) filter (where idle_until > now())::int as live,
  (select deadlocks::int from pg_stat_database where datname = current_database()) as deadlocks, (select max(rows) from batch) as largest
from web_session`;
