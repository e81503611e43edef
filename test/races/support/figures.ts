/** What a suite measured, beside whether it held. */
export const report = (figures: string): void => void process.stderr.write(`    ${figures}\n`);

export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;

export async function timed<T>(work: () => Promise<T>): Promise<{ result: T; startedAt: number; answeredAt: number }> {
  const startedAt = performance.now();
  const result = await work();
  return { result, startedAt, answeredAt: performance.now() };
}
