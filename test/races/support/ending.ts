import { setTimeout as sleep } from 'node:timers/promises';
import { parseTokenId } from '../../../src/protocol/entry-key.js';
import { TokenEntryStore } from '../../../src/storage/token-entry.store.js';
import type { Answer } from '../../support/protocol-client.js';
import type { Outcome } from './both-ways.js';
import { timed } from './figures.js';
import { accessTokenId } from './one-successor.js';
import type { Stage } from './stage.js';

/** One chain, and how it is to end. */
export interface Ending {
  readonly authorizationId: string;
  readonly refreshToken: string;
  /** Issued before the race. */
  readonly accessTokens: readonly string[];
  /** How many present each token at once at either service. @default 1 */
  readonly width?: number;
  /** Milliseconds between answers and the next presentation. @default 0 */
  readonly pause?: number;
  /** Refreshes at either service. */
  readonly refresh: readonly [Refresh, Refresh];
  /** Gets the newest refresh token that is known. Resolves when the ending has been answered. */
  end(newest: string): Promise<void>;
  /** Enables again what was disabled. */
  revive?(): Promise<void>;
}

export type Refresh = (refreshToken: string) => Promise<Answer>;

const REFUSED = [400, 401, 429];

/**
 * Refreshes a chain without pause, each token at both services at once, while it is being ended. Once the ending has been answered, nothing yields
 * tokens, and no token of the chain ever returned is good any more.
 */
export async function raceEnding(stage: Stage, ending: Ending): Promise<Outcome> {
  const answers: { result: Answer; startedAt: number; answeredAt: number }[] = [];
  let newest = ending.refreshToken;
  const refreshTokens = new Set([newest]);
  const doors = Array.from({ length: ending.width ?? 1 }, () => ending.refresh).flat();
  const chase = async (): Promise<void> => {
    for (let step = 0; step < 1000; step++) {
      const token = newest;
      const alike = await Promise.all(doors.map((refresh) => timed(() => refresh(token))));
      answers.push(...alike);
      const good = alike.filter(({ result }) => result.status === 200).map(({ result }) => refreshTokenOf(result));
      expect(new Set(good).size).toBeLessThanOrEqual(1);
      if (good[0] === undefined) return;
      newest = good[0];
      refreshTokens.add(newest);
      if (ending.pause !== undefined) await sleep(ending.pause);
    }
    throw new Error('The chain never ended.');
  };
  const finish = async () => {
    await sleep(Math.random() * 15);
    return timed(() => ending.end(newest));
  };
  const [, { startedAt: begun, answeredAt: ended }] = await Promise.all([chase(), finish()]);

  const yielding = answers.filter(({ result }) => result.status === 200);
  expect(summary(answers.map(({ result }) => result)).filter(([status]) => status !== 200 && !REFUSED.includes(status))).toEqual([]);
  expect(yielding.filter(({ startedAt }) => startedAt > ended)).toHaveLength(0);
  const accessTokens = [...ending.accessTokens, ...yielding.map(({ result }) => accessTokenOf(result))];
  await expectDead(stage, ending, accessTokens, refreshTokens);
  if (ending.revive) {
    await ending.revive();
    await expectDead(stage, ending, accessTokens, refreshTokens);
  }
  const overlapping = answers.filter(({ startedAt, answeredAt }) => startedAt < ended && answeredAt > begun);
  const yielded = overlapping.filter(({ result }) => result.status === 200).length;
  return { yielded, refused: overlapping.length - yielded };
}

async function expectDead(
  stage: Stage,
  ending: Ending,
  accessTokens: readonly string[],
  refreshTokens: ReadonlySet<string>,
): Promise<void> {
  const byId = new Map(accessTokens.map((token) => [accessTokenId(token), token]));
  await expectAccessDead(stage, [...byId.values()]);
  // The first and the newest ones: those between are spent in any case.
  const presented = [...refreshTokens].filter((_, i) => i === 0 || i > refreshTokens.size - 4);
  const refreshes = await Promise.all(presented.map((token, i) => ending.refresh[i % 2 === 0 ? 0 : 1](token)));
  expect(summary(refreshes).filter(([status]) => !REFUSED.includes(status))).toEqual([]);
}

/** Refused by introspection, at either service, and by whoever checks entries. */
export async function expectAccessDead(stage: Stage, tokens: readonly string[]): Promise<void> {
  const seen = await Promise.all(tokens.map((token, i) => stage.observers[i % 2 === 0 ? 0 : 1].introspect(token)));
  expect(seen.map(({ body }) => body.active)).toEqual(tokens.map(() => false));
  const now = stage.clock.now();
  const entries = await Promise.all(tokens.map((token) => stage.get(TokenEntryStore).find(keyOf(token), now)));
  expect(entries.map((entry) => entry?.status)).toEqual(tokens.map(() => 'revoked'));
}

function keyOf(token: string) {
  const key = parseTokenId(accessTokenId(token));
  if (!key) throw new Error('The token has no id.');
  return key;
}

// The sign-in API and the token endpoint name them differently.
const refreshTokenOf = ({ body }: Answer): string => body.refresh_token ?? body.refreshToken;
const accessTokenOf = ({ body }: Answer): string => body.access_token ?? body.accessToken;

/** What a failure may show: no tokens. */
const summary = (answers: readonly Answer[]): [status: number, error: unknown][] =>
  answers.map(({ status, body }) => [status, body?.error]);
