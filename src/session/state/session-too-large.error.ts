/** The tokens and claims are more than a browser's cookies hold, and there is no database. */
export class SessionTooLargeError extends Error {
  constructor() {
    super("session_too_large: the session does not fit into a browser's cookies. Import PostgresStorageModule.forRoot(…).");
    this.name = 'SessionTooLargeError';
  }
}
