import type { Orders } from '../../../session/support/web-app.js';
import { onServer } from '../../../support/on-server.js';
import { PATIENCE } from '../../support/size.js';
import { afterAnswer, alike, inEveryWay, served, summary, type AppStage, type SignedIn } from '../support/app-stage.js';

const STOPPED = 1;
const OTHER = 0;

/** A process that stands still has not died: it goes on with what it was at, and must find that it is late. */
export function stopped(stage: AppStage): void {
  afterEach(() => {
    stage.process(STOPPED).goOn();
    stage.provider.at('token').lift();
    stage.provider.settings.rotateRefreshTokens = true;
  });

  /** What it answers in the end, and the other one to the cookie of that answer. Whoever's family has ended is logged out by the next refresh. */
  const after = async (person: SignedIn, late: readonly Promise<Orders>[]) => {
    const answer = (await Promise.all(late))[person.way];
    if (!answer) throw new Error('There was no request.');
    const next = await stage.orders(OTHER, afterAnswer(person, answer));
    return { ...summary([answer, next]), ended: stage.provider.family(person.family)?.ended };
  };

  it(
    'R18: one that stood still while another took over asks no more, and nobody is logged out',
    async () => {
      const people = await stage.expired();
      const fault = stage.provider.at('token').blackHole({ times: people.length });
      const late = people.map((person) => stage.orders(STOPPED, person));
      await fault.reached(people.length);
      stage.process(STOPPED).standStill();
      const others = await inEveryWay(people, async (person) => summary([await stage.orders(OTHER, person)]));
      expect(others).toEqual(alike(served(1)));
      stage.process(STOPPED).goOn();
      // A second call with the token of the first would be a replay.
      const results = await inEveryWay(people, async (person) => ({
        ...(await after(person, late)),
        calls: stage.refreshes(person),
      }));
      expect(results).toEqual(alike({ ...served(2), ended: false, calls: 2 }));
    },
    PATIENCE,
  );

  it(
    'R18: what the provider answers to one that was replaced meanwhile is not kept, and nobody is logged out',
    async () => {
      const people = await stage.expired();
      stage.provider.settings.rotateRefreshTokens = false; // both calls succeed
      const fault = stage.provider.at('token').hold({ times: people.length, committed: true });
      const late = people.map((person) => stage.orders(STOPPED, person));
      await fault.reached(people.length);
      stage.process(STOPPED).standStill();
      await endLeases(stage);
      const others = await inEveryWay(people, (person) => stage.orders(OTHER, person));
      fault.lift();
      stage.process(STOPPED).goOn();
      const results = await inEveryWay(people, async (person) => after(person, late));
      expect(results).toEqual(alike({ ...served(2), ended: false }));
      const kept = await inEveryWay(people, async (person) => (await stage.orders(STOPPED, person)).body.token);
      expect(kept).toEqual(Object.fromEntries(Object.entries(others).map(([way, { body }]) => [way, body.token])));
    },
    PATIENCE,
  );
}

/** As if the time had come. */
const endLeases = async ({ database }: AppStage): Promise<void> =>
  onServer(
    database.url,
    async (client) => void (await client.query('update web_session set leased_until = created_at where leased_until is not null')),
  );
