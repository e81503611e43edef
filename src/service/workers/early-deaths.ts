/** Milliseconds: whoever dies sooner than this after its start dies because of it. */
const EARLY = 10_000;
const MOST_IN_A_ROW = 5;
const FIRST_PAUSE = 250;

/** For one place among the workers: when whoever died there is replaced, and when to give up. */
export class EarlyDeaths {
  private inARow = 0;

  /**
   * @param lived milliseconds from the start of the process to its end
   * @returns milliseconds to wait before the next one is started; undefined: they die again and again, and another one would, too
   */
  pauseAfter(lived: number): number | undefined {
    this.inARow = lived < EARLY ? this.inARow + 1 : 0;
    if (this.inARow >= MOST_IN_A_ROW) return undefined;
    return this.inARow === 0 ? 0 : FIRST_PAUSE * 2 ** (this.inARow - 1);
  }
}
