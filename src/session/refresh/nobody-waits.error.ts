/** Everybody who waited for it is gone. */
export class NobodyWaitsError extends Error {
  constructor() {
    super('Nobody waits for it any more.');
    this.name = 'NobodyWaitsError';
  }
}
