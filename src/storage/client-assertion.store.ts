/** Remembers the assertions by which clients have authenticated. @throws StorageUnavailableError */
export abstract class ClientAssertionStore {
  /** False: the client has used this `jti` before (RFC 7523 §3), or is disabled or gone. Of any number of equal calls at once one succeeds. */
  abstract remember(client: string, jtiHash: Buffer, expiresAt: Date): Promise<boolean>;
}
