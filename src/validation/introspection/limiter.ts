/** Lets at most `limit` tasks run at once. Further ones wait in order; `undefined` when too many wait already. */
export class Limiter {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(
    private readonly limit: number,
    private readonly mostWaiting: number,
  ) {}

  run<T>(task: () => Promise<T>): Promise<T> | undefined {
    if (this.#running >= this.limit && this.#waiting.length >= this.mostWaiting) return undefined;
    return this.#enter()
      .then(task)
      .finally(() => this.#leave());
  }

  #enter(): Promise<void> {
    if (this.#running >= this.limit) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#running++;
    return Promise.resolve();
  }

  /** The place goes straight to who waits longest. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#running--;
  }
}
