/** Someone tries too often. Says nothing of whether what was tried exists. */
export class TooManyAttemptsError extends Error {
  /** @param retryAfter whole seconds, at least 1 */
  constructor(readonly retryAfter: number) {
    super('Too many attempts.');
    this.name = 'TooManyAttemptsError';
  }
}
