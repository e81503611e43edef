import { setTimeout as sleep } from 'node:timers/promises';
import { alike, inEachWay, inEveryWay, served, summary, type AppStage } from '../support/app-stage.js';
import { PATIENCE, SOAK } from '../../support/size.js';

/** Milliseconds after the refresh. */
const DELAYS = [1, 40, 1_000, ...(SOAK ? [30_500] : [])];

export function oneCall(stage: AppStage): void {
  it(
    'R14: a hundred requests with one expired cookie, 25 at each, make one call',
    async () => {
      const people = await stage.expired();
      // Long enough for the others to come meanwhile.
      const slow = stage.provider.at('token').delay(500);
      const answers = await inEachWay(people, async (person) => {
        const all = await Promise.all(Array.from({ length: 100 }, (_, n) => stage.orders(n, person)));
        return { ...summary(all), calls: stage.refreshes(person) };
      });
      slow.lift();
      expect(answers).toEqual(alike({ ...served(100), calls: 1 }));
    },
    PATIENCE,
  );

  it(
    'R15: the old cookie leads to the same successor later on, in any process',
    async () => {
      const people = await stage.expired();
      const answers = await inEveryWay(people, async (person) => {
        const first = await stage.orders(0, person);
        const refreshedAt = performance.now();
        const late = [first];
        for (const delay of DELAYS) {
          await sleep(Math.max(0, refreshedAt + delay - performance.now()));
          late.push(...(await Promise.all(stage.processes.map((_, n) => stage.orders(n, person)))));
        }
        return { ...summary(late), calls: stage.refreshes(person) };
      });
      expect(answers).toEqual(alike({ ...served(1 + DELAYS.length * stage.processes.length), calls: 1 }));
    },
    PATIENCE,
  );
}
