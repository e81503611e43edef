import { StorageUnavailableError } from '../../storage/storage-unavailable.error.js';
import { SessionStoreUnavailableError } from './session-store-unavailable.error.js';

/** What the session's error filter answers 503 to, in place of the storage's own error. @throws SessionStoreUnavailableError */
export async function reachingStore<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof StorageUnavailableError ? new SessionStoreUnavailableError(error) : error;
  }
}
