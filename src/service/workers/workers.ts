import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../logging/log.js';
import { CannotGoOnError } from '../running-service.js';
import { EarlyDeaths } from './early-deaths.js';
import { WorkerProcess, type Death } from './worker-process.js';

/** Keeps so many workers running: whoever dies is replaced. */
export class Workers {
  /** Rejects when workers die again and again right after their start. */
  readonly failed: Promise<never>;
  private readonly living = new Set<WorkerProcess>();
  private readonly stopping = new AbortController();
  private fail!: (reason: unknown) => void;

  constructor(
    private readonly count: number,
    private readonly log: Log,
  ) {
    this.failed = new Promise((_resolve, reject) => (this.fail = reject));
    this.failed.catch(() => undefined); // whoever asks is told all the same
  }

  /** The first one alone: what it is refused for would be said by all of them. Resolves once it serves. @throws Error in its words */
  async start(): Promise<void> {
    const first = this.fork();
    const death = await Promise.race([first.serves, first.ended]);
    if (death) throw new Error(death.refusal ?? `The first worker ended before it served (${howItEnded(death)}).`);
    if (this.stopping.signal.aborted) return;
    void this.keep(first);
    for (let place = 2; place <= this.count; place++) void this.keep(this.fork());
  }

  /**
   * Tells all of them to stop and waits until they are gone; those that are not after `milliseconds` are ended by force.
   * Resolves to whether none of them had to be.
   */
  async stop(milliseconds: number): Promise<boolean> {
    this.stopping.abort();
    const all = [...this.living];
    for (const worker of all) worker.tellToStop();
    let orderly = true;
    const late = setTimeout(() => {
      orderly = false;
      const workers = [...this.living].map(({ id }) => id);
      this.log.error({ context: 'Workers', workers, msg: 'Workers are ended by force: they took longer than SHUTDOWN_TIMEOUT' });
      this.killAll();
    }, milliseconds);
    await Promise.all(all.map(({ ended }) => ended));
    clearTimeout(late);
    return orderly;
  }

  killAll(): void {
    for (const worker of this.living) worker.kill();
  }

  /** One place among the workers: when whoever has it dies, another one gets it. */
  private async keep(first: WorkerProcess): Promise<void> {
    const deaths = new EarlyDeaths();
    for (let worker = first; ; worker = this.fork()) {
      const death = await worker.ended;
      if (this.stopping.signal.aborted) return;
      this.tellOf(worker, death);
      const pause = deaths.pauseAfter(death.lived);
      if (pause === undefined) return this.fail(new CannotGoOnError(again(death)));
      await sleep(pause, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      if (this.stopping.signal.aborted) return;
    }
  }

  private fork(): WorkerProcess {
    const worker = new WorkerProcess();
    this.living.add(worker);
    void worker.ended.then(() => this.living.delete(worker));
    void worker.serves.then(() => this.log.info({ context: 'Workers', of: worker.id, pid: worker.pid, msg: 'A worker serves' }));
    return worker;
  }

  private tellOf(worker: WorkerProcess, { status, signal, refusal }: Death): void {
    const fields = { context: 'Workers', of: worker.id, pid: worker.pid, status, signal, reason: refusal };
    // Somebody may have told it to stop, and it alone.
    if (status === 0) this.log.info({ ...fields, msg: 'A worker has stopped and is replaced' });
    else this.log.error({ ...fields, msg: 'A worker has died and is replaced' });
  }
}

const again = (death: Death): string =>
  `workers end again and again right after their start, the last one with ${howItEnded(death)}.${death.refusal === undefined ? '' : ` It said: ${death.refusal}`}`;

const howItEnded = ({ status, signal }: Death): string => signal ?? `exit status ${status ?? 'unknown'}`;
