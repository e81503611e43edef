import type { EntryKey } from '../protocol/entry-key.js';
import type { GrantRecord } from './authorization.store.js';

export type TokenStatus = 'valid' | 'redeemed' | 'revoked' | 'expired';

/** An entry together with the grant it hangs on. Its status is derived, never stored. */
export interface TokenEntryRecord {
  readonly key: EntryKey;
  readonly status: TokenStatus;
  /** Undefined for signed tokens. Compare in constant time. */
  readonly hash?: Buffer;
  readonly payload?: Buffer;
  readonly createdAt: Date;
  /** The earlier of the entry's and the grant's end. */
  readonly expiresAt: Date;
  /** Undefined once the grant was pruned; the status is then `revoked`. */
  readonly grant?: GrantRecord;
}

/** Looks entries up; all that a guard which checks entries needs of the database. */
export abstract class TokenEntryStore {
  /**
   * One entry by its key, judged at `now`. `kid`, for signed tokens: a revoked signing key makes the status `revoked`. `caller`: finds nothing unless
   * this client is enabled.
   * Proves nothing about possession: compare `hash`.
   * @throws StorageUnavailableError when the database cannot be asked
   */
  abstract find(key: EntryKey, now: Date, kid?: string, caller?: string): Promise<TokenEntryRecord | undefined>;
}
