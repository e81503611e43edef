import { StorageUnavailableError } from '../storage-unavailable.error.js';
import { isHeldUp } from './database.js';

export interface Sharing<Call, Answer> {
  /** Answers calls in their order. It answers all or throws. */
  readonly run: (calls: readonly Call[]) => Promise<readonly Answer[]>;
  /**
   * What the call changes. Calls that are alike in this never share: a statement changes a row once. Those that share come in its order, so that
   * statements of two instances do not wait for each other's rows. Undefined: all share.
   */
  readonly apart?: (call: Call) => string;
}

interface Waiting<Call, Answer> {
  readonly call: Call;
  readonly key: string;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** Statements of one kind on their way at a time: while the database commits the one, it works on the other. */
const MOST_UNDER_WAY = 2;
/** Calls that share a statement. */
const MOST_TOGETHER = 64;
/** Milliseconds after which those that wait no longer count on the statements that are under way: one of them may wait for a lock. */
const PATIENCE = 50;
/** Statements of one kind even then: the others of the pool's connections are for what is held up by nothing. */
const MOST_HELD_UP = 4;

/**
 * Group commit inside the process: calls that are made while others are on their way share the next statement, and so its round trip and its commit. The
 * first goes at the end of this turn of the event loop, with those that came in the same turn; nobody waits for company. Each gets its own answer, after
 * the commit. What the database refuses of a shared statement, or something else holds up, is tried again one by one: a bad row fails alone, and a
 * locked one waits alone.
 */
export class SharedCalls<Call, Answer> {
  private waiting: Waiting<Call, Answer>[] = [];
  private underWay = 0;
  private readonly busy = new Set<string>();
  private departure: NodeJS.Immediate | undefined;
  private impatience: NodeJS.Timeout | undefined;

  constructor(private readonly sharing: Sharing<Call, Answer>) {}

  /** @throws whatever `run` throws for this call */
  async ask(call: Call): Promise<Answer> {
    const key = this.sharing.apart?.(call);
    if (key === undefined) return this.join(call, '');
    // Alike are races, where each must be judged after the one before it: alone, they are as fast as the row's lock lets them be.
    if (this.busy.has(key)) return this.alone(call);
    this.busy.add(key);
    try {
      return await this.join(call, key);
    } finally {
      this.busy.delete(key);
    }
  }

  private join(call: Call, key: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ call, key, resolve, reject });
      this.seeOff();
    });
  }

  /** Sees to it that those that wait depart, if no statement that comes back does. */
  private seeOff(): void {
    if (this.waiting.length === 0) return;
    if (this.underWay < MOST_UNDER_WAY) this.departure ??= setImmediate(() => this.depart());
    else if (this.underWay < MOST_HELD_UP) this.impatience ??= setTimeout(() => this.depart(), PATIENCE);
  }

  private depart(): void {
    clearImmediate(this.departure);
    clearTimeout(this.impatience);
    this.departure = this.impatience = undefined;
    if (this.waiting.length === 0) return;
    const together = this.waiting.splice(0, MOST_TOGETHER);
    if (this.sharing.apart) together.sort((a, b) => (a.key < b.key ? -1 : 1));
    this.underWay++;
    this.seeOff();
    void this.serve(together).finally(() => {
      this.underWay--;
      this.depart();
    });
  }

  private async serve(together: readonly Waiting<Call, Answer>[]): Promise<void> {
    try {
      const answers = await this.sharing.run(together.map(({ call }) => call));
      together.forEach(({ resolve }, index) => resolve(answers[index] as Answer));
    } catch (error) {
      const isAway = error instanceof StorageUnavailableError && !isHeldUp(error);
      if (together.length === 1 || isAway) for (const { reject } of together) reject(error);
      else for (const { call, resolve, reject } of together) this.alone(call).then(resolve, reject);
    }
  }

  private async alone(call: Call): Promise<Answer> {
    const [answer] = await this.sharing.run([call]);
    return answer as Answer;
  }
}

/** The last moment of calls that share a statement: what each of them must find is made for all of them by then. */
export const latest = (dates: readonly Date[]): Date => dates.reduce((a, b) => (a > b ? a : b));
