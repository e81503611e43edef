import { setTimeout as sleep } from 'node:timers/promises';
import { decodeJwt } from 'jose';
import type { Orders } from '../../../session/support/web-app.js';
import { WAYS } from '../../../session/support/web-app.js';
import { report } from '../../support/figures.js';
import { PATIENCE, rounds } from '../../support/size.js';
import { afterAnswer, OVER_AFTER, type AppStage, type SignedIn } from '../support/app-stage.js';

const PAIRS = 20;
const ROUNDS = rounds(PAIRS, 10_000);
/** Milliseconds; a slow machine has fewer rounds. */
const LONGEST = rounds(20_000, 45 * 60_000);
const EACH = 50;

interface Pair {
  people: readonly SignedIn[];
  /** When their tokens are over. */
  over: number;
}

export function crossing(stage: AppStage): void {
  it(
    'R19: while two people refresh at once, 50 requests each, everybody gets what is theirs',
    async () => {
      const pairs: Pair[] = [];
      for (let n = 0; n < PAIRS; n++) {
        const people = [await stage.signIn(n % WAYS.length, `ada-${n}`), await stage.signIn(n % WAYS.length, `bob-${n}`)];
        pairs.push({ people, over: performance.now() + OVER_AFTER });
      }
      stage.provider.settings.accessTokenLifetime = 1; // to be refreshed again soon
      const end = performance.now() + LONGEST;
      let round = 0;
      for (; round < ROUNDS && performance.now() < end; round++) {
        const pair = pairs[round % PAIRS];
        if (pair) await raced(stage, pair);
      }
      stage.provider.settings.accessTokenLifetime = 300;
      const calls = stage.provider.calls('token', 'refresh_token').length;
      report(`R19: ${round} rounds, ${calls} refreshes`);
    },
    PATIENCE + LONGEST,
  );
}

async function raced(stage: AppStage, pair: Pair): Promise<void> {
  await sleep(Math.max(0, pair.over - performance.now()));
  const before = pair.people.map((person) => stage.refreshes(person));
  const each = Array.from({ length: EACH }, (_, n) => n);
  // In turn, not one person after the other.
  const answers = await Promise.all(each.map((n) => Promise.all(pair.people.map((person) => stage.orders(n, person)))));
  const ids = pair.people.map(({ sub }, who) => {
    const theirs = answers.flatMap((both) => both[who] ?? []);
    expect(theirs.map(({ status }) => status)).toEqual(each.map(() => 200));
    expect([...new Set(theirs.flatMap(({ body }) => [body.user?.sub, decodeJwt(body.token ?? '').sub]))]).toEqual([sub]);
    const id = new Set(theirs.map(({ body }) => body.id));
    expect(id.size).toBe(1);
    return [...id][0];
  });
  expect(new Set(ids).size).toBe(pair.people.length);
  // Else nothing raced.
  for (const [who, person] of pair.people.entries()) expect(stage.refreshes(person)).toBeGreaterThan(before[who] ?? 0);
  pair.people = pair.people.map((person, who) => afterAnswer(person, answers[0]?.[who] as Orders));
  pair.over = performance.now() + OVER_AFTER;
}
