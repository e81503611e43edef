export interface ScopeRecord {
  readonly name: string;
  readonly description?: string;
  /** Audiences of tokens with this scope. */
  readonly resources: readonly string[];
}

/** What changes scopes writes their log row with it (ConfigurationChange). @throws StorageUnavailableError when the database cannot be asked */
export abstract class ScopeStore {
  abstract list(): Promise<ScopeRecord[]>;
  /** Inserts or replaces. */
  abstract put(scope: ScopeRecord, now: Date): Promise<void>;
  /** False: there is none of that name. */
  abstract remove(name: string, now: Date): Promise<boolean>;
}
