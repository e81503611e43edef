/** Values of a source that may be cut off. */
export interface Endable<Value> {
  readonly values: AsyncIterableIterator<Value>;
  /** They are done, for those who wait for the next one too; the source is told. */
  end(): void;
}

/** @param onDone called once, however it ends */
export function endable<Value>(source: AsyncIterable<Value>, onDone: () => void): Endable<Value> {
  const iterator = source[Symbol.asyncIterator]();
  const waiting = new Set<() => void>();
  let isDone = false;
  /** False: it was done already. */
  const finish = (): boolean => {
    if (isDone) return false;
    isDone = true;
    onDone();
    for (const release of waiting) release();
    return true;
  };
  const next = (): Promise<IteratorResult<Value>> =>
    new Promise((resolve, reject) => {
      const release = (): void => resolve({ done: true, value: undefined });
      if (isDone) return release();
      waiting.add(release);
      iterator
        .next()
        .finally(() => waiting.delete(release))
        .then(
          (result) => {
            resolve(result);
            if (result.done) finish();
          },
          (error: unknown) => {
            reject(error as Error);
            finish();
          },
        );
    });
  const close = async (): Promise<IteratorResult<Value>> => {
    if (finish()) await iterator.return?.();
    return { done: true, value: undefined };
  };
  const values: AsyncIterableIterator<Value> = { [Symbol.asyncIterator]: () => values, next, return: close };
  return { values, end: () => void close().catch(() => undefined) };
}

export const isAsyncIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] === 'function';
