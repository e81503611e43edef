import { percentile } from '../report/statistics.js';
import type { HttpConnection } from './http-connection.js';

/** One request of a connection, and what its answer must be. */
export interface Shot {
  /** As it goes over the wire. */
  readonly request: string;
  /** Throws when the answer is not what it must be. */
  readonly accept: (status: number, body: string) => void;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/**
 * Sends for so many milliseconds, each connection one request after the other; each asks `next(connection)` what to send, and ends when there is nothing
 * more. Rejects with the first wrong answer.
 */
export async function load(
  connections: readonly HttpConnection[],
  milliseconds: number,
  next: (connection: number) => Shot | undefined,
): Promise<LoadResult> {
  const latencies: number[] = [];
  const begin = performance.now();
  const end = begin + milliseconds;
  let wrong = false;
  const run = (connection: HttpConnection, number: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const fail = (error: unknown): void => {
        wrong = true;
        reject(error as Error);
      };
      const fire = (): void => {
        const sent = performance.now();
        const shot = sent < end && !wrong ? next(number) : undefined;
        if (!shot) return resolve();
        const done = (status: number, body: string): void => {
          latencies.push(performance.now() - sent);
          try {
            shot.accept(status, body);
          } catch (error) {
            return fail(error);
          }
          fire();
        };
        connection.send(shot.request, done, fail);
      };
      fire();
    });
  await Promise.all(connections.map(run));
  const seconds = (performance.now() - begin) / 1000;
  latencies.sort((a, b) => a - b);
  return { requests: latencies.length, seconds, p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) };
}
