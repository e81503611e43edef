export type KeyPurpose = 'sign:ES256' | 'sign:RS256' | 'derive' | 'seal:refresh';

/**
 * A key whose secret part is sealed with the master key. Its state is derived from the dates: *next* before `activatesAt`, *active* while no later
 * key of the purpose has become active, *retired* after that, *gone* once removed.
 */
export interface KeyRecord {
  /** Small number: grants remember derivation keys by it. */
  readonly id: number;
  /** Public name; RFC 7638 thumbprint for signing keys. */
  readonly kid: string;
  readonly purpose: KeyPurpose;
  readonly publicJwk?: object;
  readonly sealed: Buffer;
  readonly createdAt: Date;
  readonly activatesAt: Date;
  readonly revokedAt?: Date;
}

export type NewKey = Omit<KeyRecord, 'id' | 'revokedAt'>;

/** What changes keys writes their log row with it (ConfigurationChange). @throws StorageUnavailableError when the database cannot be asked */
export abstract class KeyStore {
  /** All keys, oldest activation first. */
  abstract list(): Promise<KeyRecord[]>;
  /**
   * Inserts unless the purpose has a key with a number above `unlessNewerThan` (undefined: any key), so that instances that rotate at once make one
   * key. Returns whether it was inserted.
   */
  abstract insert(key: NewKey, unlessNewerThan: number | undefined): Promise<boolean>;
  /** Ends a signing key: its tokens are dead whatever their age. */
  abstract revoke(kid: string, now: Date): Promise<boolean>;
  abstract remove(ids: readonly number[], now: Date): Promise<void>;
}
