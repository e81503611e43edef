/** The store cannot be asked at the moment: connection refused, lost, timed out. Nothing is known of what was under way; retry later. */
export class StorageUnavailableError extends Error {
  constructor(cause: unknown) {
    super('The token store cannot be reached.', { cause });
    this.name = 'StorageUnavailableError';
  }
}
