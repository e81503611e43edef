import { setTimeout as sleep } from 'node:timers/promises';
import { WAYS } from '../../session/support/web-app.js';
import { report, timed } from '../support/figures.js';
import { PATIENCE, rounds } from '../support/size.js';
import { alike, AppStage, inEveryWay, served, summary } from './support/app-stage.js';

/** Milliseconds. */
const SLOW = rounds(1_500, 10_000);
const HELD = rounds(500, 3_000);
const WAITING = 1_000;

// The lease is for longer than the call, and two connections are all that an app has.
const stage = await AppStage.open({ processes: 2, poolSize: 2, refresh: { timeout: 12 } });
afterAll(() => stage.close());
afterEach(() => stage.provider.at('token').lift());

it(
  `R18: a provider that takes ${SLOW / 1000} s is asked once`,
  async () => {
    const people = await stage.expired();
    stage.provider.at('token').delay(SLOW);
    const answers = await inEveryWay(people, async (person) => {
      const all = await Promise.all(Array.from({ length: 20 }, (_, n) => stage.orders(n, person)));
      return { ...summary(all), calls: stage.refreshes(person) };
    });
    expect(answers).toEqual(alike({ ...served(20), calls: 1 }));
  },
  PATIENCE,
);

it.each(WAYS.map((names, way) => [names.join(' on '), way] as const))(
  `R12: ${WAITING} requests that wait for a refresh keep nobody else waiting: %s`,
  async (name, way) => {
    const person = (await stage.expired())[way];
    if (!person) throw new Error('Nobody signed in.');
    const unrelated = async () => {
      const answer = await fetch(`${stage.process(0).url(way)}/unrelated`);
      expect(answer.status).toBe(200);
      return ((await answer.json()) as { orders: number }).orders;
    };
    const before = await unrelated();
    stage.provider.at('token').hold();
    const waiting = Promise.all(Array.from({ length: WAITING }, () => stage.orders(0, person)));
    while ((await unrelated()) < before + WAITING) await sleep(20);
    // All of them are there, and every one of these is answered although the provider has not: it needs a connection.
    const took: number[] = [];
    for (const until = performance.now() + HELD; performance.now() < until; await sleep(10)) {
      const { startedAt, answeredAt } = await timed(unrelated);
      took.push(answeredAt - startedAt);
    }
    stage.provider.at('token').release();
    expect(summary(await waiting)).toEqual(served(WAITING));
    expect(stage.refreshes(person)).toBe(1);
    took.sort((a, b) => a - b);
    report(`R12: ${name}: of ${took.length} others, p99 is ${took[Math.floor(took.length * 0.99)]?.toFixed(1)} ms`);
  },
  PATIENCE,
);
