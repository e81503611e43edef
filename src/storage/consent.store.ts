/** What a person let an app do, as told to that person. */
export interface ConnectedApp {
  readonly client: string;
  readonly displayName: string;
  readonly scopes: readonly string[];
  readonly grantedAt: Date;
  /** The newest sign-in or refresh of a live grant; undefined: there is none at the moment. */
  readonly lastUsedAt?: Date;
}

/** @throws StorageUnavailableError when the database cannot be asked */
export abstract class ConsentStore {
  /** The scopes a person allowed to a client; undefined: never asked, or withdrawn. */
  abstract find(subject: string, client: string): Promise<readonly string[] | undefined>;

  /** Allows these scopes beside those allowed before. */
  abstract allow(subject: string, client: string, scopes: readonly string[], now: Date): Promise<void>;

  /** Newest first. */
  abstract list(subject: string, now: Date): Promise<ConnectedApp[]>;

  /** Withdraws the consent and ends every grant of the person to the client; whatever is being issued at this moment too. False: there was none. */
  abstract withdraw(subject: string, client: string, now: Date): Promise<boolean>;
}
