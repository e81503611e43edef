export interface ScopeRecord {
  readonly name: string;
  readonly description?: string;
  /** Audiences of tokens with this scope. */
  readonly resources: readonly string[];
}

/** @throws StorageUnavailableError when the database cannot be asked */
export abstract class ScopeStore {
  abstract list(): Promise<ScopeRecord[]>;
  /** Inserts or replaces. */
  abstract put(scope: ScopeRecord): Promise<void>;
  abstract remove(name: string): Promise<boolean>;
}
