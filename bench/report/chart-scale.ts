/** The end of an axis that holds the greatest value, and its marks: 1, 2 or 5 times a power of ten apart, at most so many. */
export function chartScale(greatest: number, most = 8): { end: number; marks: number[] } {
  const atLeast = (greatest > 0 ? greatest : 1) / most;
  const power = 10 ** Math.floor(Math.log10(atLeast));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= atLeast) ?? 10 * power;
  const count = Math.max(1, Math.ceil(greatest / step));
  return { end: count * step, marks: Array.from({ length: count + 1 }, (_, n) => n * step) };
}
