export interface PruneReport {
  readonly partitionsDropped: number;
  readonly authorizationsDeleted: number;
  readonly sessionsDeleted: number;
  readonly failuresDeleted: number;
  /** Pushed and device requests, assertions and notices past their time. */
  readonly requestsDeleted: number;
}

/** Keeps the partitioned tables supplied and small. @throws StorageUnavailableError */
export abstract class MaintenanceStore {
  /** Makes the partitions that tokens issued until two days from now may need. Idempotent; any number of instances at once. */
  abstract prepare(now: Date): Promise<void>;
  /** Drops partitions that ended before now - retention, then deletes dead grants, never before their entries, and sign-in sessions without any. Retention in seconds. */
  abstract prune(now: Date, retention: number): Promise<PruneReport>;
}
