import type { Worker } from 'node:cluster';
import { once } from 'node:events';

/** Who presses Ctrl-C tells npm, too, which passes it on: told twice within moments is told once. */
const ONCE_MS = 1_000;

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** Why a start was given up: no failure. */
export class ToldToStop extends Error {
  /** @param signal undefined: the primary of this worker is gone */
  constructor(readonly signal?: NodeJS.Signals) {
    super(`Told to stop by ${signal ?? 'the end of the primary'}`);
    this.name = 'ToldToStop';
  }
}

/** Aborts at the first SIGTERM or SIGINT, for the reason `ToldToStop`. Whoever insists later on calls `insisted`. */
export function toldToStop(insisted: (signal: NodeJS.Signals) => void): AbortSignal {
  const told = new AbortController();
  let toldAt: number | undefined;
  const heed = (signal: NodeJS.Signals): void => {
    toldAt ??= performance.now();
    if (!told.signal.aborted) told.abort(new ToldToStop(signal));
    else if (performance.now() - toldAt > ONCE_MS) insisted(signal);
  };
  for (const signal of SIGNALS) process.on(signal, heed);
  return told.signal;
}

/**
 * The same for a worker, which never insists by itself: a Ctrl-C reaches it beside its primary, whose order follows, and who insists, insists there. A
 * primary that is gone, whatever became of it, has told its workers to stop, too.
 */
export function workerToldToStop(worker: Worker): AbortSignal {
  const told = new AbortController();
  for (const signal of SIGNALS) process.on(signal, () => told.abort(new ToldToStop(signal)));
  worker.once('disconnect', () => {
    const ordered = worker.exitedAfterDisconnect; // that, too, may come before the signal
    worker.exitedAfterDisconnect = true; // or Node would exit on the spot, whatever is under way
    told.abort(new ToldToStop(ordered ? 'SIGTERM' : undefined));
  });
  return told.signal;
}

/**
 * What `step` returns, unless `told` aborts before it begins or while it is under way. Then it is left to itself, and how it ends is of no interest:
 * as a loser of the race its error counts as handled. @throws the reason of `told`
 */
export async function unlessTold<T>(told: AbortSignal, step: () => Promise<T>): Promise<T> {
  told.throwIfAborted();
  const over = new AbortController();
  const toldMeanwhile = once(told, 'abort', { signal: over.signal }).then(() => Promise.reject(told.reason as Error));
  try {
    return await Promise.race([step(), toldMeanwhile]);
  } finally {
    over.abort(); // takes the listener off
  }
}
