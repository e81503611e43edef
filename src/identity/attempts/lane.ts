/** More wait than the lane takes: come again in a moment. */
export class LaneFullError extends Error {
  constructor() {
    super('Too many requests wait for their turn.');
    this.name = 'LaneFullError';
  }
}

/** Lets so many pieces of work run at once, in order of arrival; so many more may wait. */
export class Lane {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly width: number,
    private readonly queue: number,
  ) {}

  get idle(): boolean {
    return this.running === 0;
  }

  get full(): boolean {
    return this.waiting.length >= this.queue;
  }

  /** @throws LaneFullError before `work` was begun */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.running < this.width) this.running++;
    else await this.turn();
    try {
      return await work();
    } finally {
      // The place goes to the next in line without ever being free, so that no newcomer slips in.
      const next = this.waiting.shift();
      if (next) next();
      else this.running--;
    }
  }

  private turn(): Promise<void> {
    if (this.full) throw new LaneFullError();
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}
