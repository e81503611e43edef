import { onServer } from '../../../support/on-server.js';
import { report } from '../../support/figures.js';
import { PATIENCE } from '../../support/size.js';
import { alike, inEveryWay, served, summary, type AppStage, type SignedIn } from '../support/app-stage.js';

const LAST = -1;
/** Milliseconds: processes measure the database's time at their start, on a machine that has other things to do. */
const CLOCKS_DIFFER = 500;

/** Takes a process from the stage in each test. */
export function killed(stage: AppStage): void {
  afterEach(() => stage.provider.at('token').lift());

  /** What the others answer to the same cookie, and how many calls there have been. */
  const atOthers = async (person: SignedIn) => {
    const answers = await Promise.all([0, 1].map((n) => stage.orders(n, person)));
    return { ...summary(answers), calls: stage.refreshes(person), ended: stage.provider.family(person.family)?.ended };
  };

  it(
    'R16: the old cookie leads to what a process had stored before it was killed, and could not answer',
    async () => {
      const people = await stage.expired();
      const victim = stage.process(LAST);
      victim.stopAfterRefreshing();
      const unanswered = people.map((person) => stage.orders(LAST, person).catch(() => 'lost'));
      await victim.hasRefreshed(people.length);
      await stage.kill(victim);
      expect(new Set(await Promise.all(unanswered))).toEqual(new Set(['lost']));
      expect(await inEveryWay(people, atOthers)).toEqual(alike({ ...served(2), calls: 1, ended: false }));
    },
    PATIENCE,
  );

  it(
    'R18: a process that is killed in the middle of its call is replaced when its lease is over, with one call more',
    async () => {
      const people = await stage.expired();
      // Never reaches the provider's books: else the token would be spent, and nobody would have its successor.
      const fault = stage.provider.at('token').blackHole({ times: people.length });
      const unanswered = people.map((person) => stage.orders(LAST, person).catch(() => 'lost'));
      await fault.reached(people.length);
      await stage.kill(stage.process(LAST));
      const over = (await leases(stage)).map((until) => until.getTime());
      expect(over).toHaveLength(people.length);
      stage.provider.forgetCalls();
      expect(await inEveryWay(people, atOthers)).toEqual(alike({ ...served(2), calls: 1, ended: false }));
      expect(new Set(await Promise.all(unanswered))).toEqual(new Set(['lost']));
      const takenOver = stage.provider.calls('token', 'refresh_token').map(({ time }) => time);
      expect(Math.min(...takenOver)).toBeGreaterThan(Math.min(...over) - CLOCKS_DIFFER);
      report(`R18: replaced ${Math.max(...takenOver) - Math.max(...over)} ms after the lease (≤ 1000 on a machine that is free)`);
    },
    PATIENCE,
  );
}

/** Until when each session that is refreshed at the moment is refreshed by somebody. */
const leases = async ({ database }: AppStage): Promise<readonly Date[]> =>
  onServer(database.url, async (client) => {
    const { rows } = await client.query<{ until: Date }>('select leased_until as until from web_session where leased_until is not null');
    return rows.map(({ until }) => until);
  });
