/** Sessions cannot be looked up at the moment. Whoever has one keeps it. */
export class SessionStoreUnavailableError extends Error {
  constructor(cause: unknown) {
    super('Sessions cannot be looked up.', { cause });
    this.name = 'SessionStoreUnavailableError';
  }
}
