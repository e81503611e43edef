/** Lets at most `limit` tasks run at once. Further ones wait in order, those that are preferred before all others. */
export class Limiter {
  #running = 0;
  readonly #preferred: (() => void)[] = [];
  readonly #others: (() => void)[] = [];

  constructor(
    private readonly limit: number,
    private readonly mostWaiting: number,
  ) {}

  /** Undefined: too many of its kind wait already. */
  run<T>(task: () => Promise<T>, isPreferred = false): Promise<T> | undefined {
    const waiting = isPreferred ? this.#preferred : this.#others;
    if (this.#running >= this.limit && waiting.length >= this.mostWaiting) return undefined;
    return this.#enter(waiting)
      .then(task)
      .finally(() => this.#leave());
  }

  #enter(waiting: (() => void)[]): Promise<void> {
    if (this.#running >= this.limit) return new Promise((resolve) => waiting.push(resolve));
    this.#running++;
    return Promise.resolve();
  }

  /** The place goes straight to who waits longest. */
  #leave(): void {
    const next = this.#preferred.shift() ?? this.#others.shift();
    if (next) next();
    else this.#running--;
  }
}
