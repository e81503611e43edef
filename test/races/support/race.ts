import { setTimeout as sleep } from 'node:timers/promises';
import { timed } from './figures.js';

export interface Raced<T> {
  readonly yielded: readonly T[];
  readonly refused: number;
}

/** Attempts at random moments, and an ending at another. Of the attempts that began after it was answered none may yield anything. */
export async function race<T>(
  { attempts, within, endWithin = within }: { attempts: number; within: number; endWithin?: number },
  attempt: (n: number) => Promise<T | undefined>,
  end: () => Promise<unknown>,
): Promise<Raced<T>> {
  const at = async <R>(work: () => Promise<R>, milliseconds = within) => {
    await sleep(Math.random() * milliseconds);
    return timed(work);
  };
  const [{ answeredAt: ended }, ...tried] = await Promise.all([
    at(end, endWithin),
    ...Array.from({ length: attempts }, (_, n) => at(() => attempt(n))),
  ]);
  const yielding = tried.filter(({ result }) => result !== undefined);
  expect(yielding.filter(({ startedAt }) => startedAt > ended)).toEqual([]);
  return { yielded: yielding.flatMap(({ result }) => (result === undefined ? [] : [result])), refused: tried.length - yielding.length };
}
