/** Tells when nothing was heard for a while. A process that was busy itself reads first what has come meanwhile. */
export class Silence {
  private heardSoFar = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly tell: () => void) {}

  /** Begins anew. @param patience milliseconds */
  expect(patience: number): void {
    clearTimeout(this.timer);
    this.heardSoFar++;
    this.timer = setTimeout(() => this.lookAgain(), patience);
  }

  heard(): void {
    this.heardSoFar++;
    this.timer?.refresh();
  }

  end(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** Timers come before sockets in a turn of the event loop, immediates after them. */
  private lookAgain(): void {
    const { heardSoFar } = this;
    setImmediate(() => {
      if (this.timer && this.heardSoFar === heardSoFar) this.tell();
    });
  }
}
