/** Says which instance does what only one should do. A hint for economy, never for correctness. @throws StorageUnavailableError */
export abstract class LeaseStore {
  /** Takes or renews the lease; false while another holder's has not run out. */
  abstract take(name: string, holder: string, now: Date, seconds: number): Promise<boolean>;
  abstract release(name: string, holder: string): Promise<void>;
}
