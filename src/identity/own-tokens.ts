import type { Principal } from '../validation/principal.js';

/**
 * The port through which the service's own routes verify access tokens; issuance implements it. Without HTTP, and always with the token's entry
 * whatever the guards' default is (protocol.md, "Sign-in API"); by signature alone when token storage is off.
 */
export abstract class OwnTokens {
  /**
   * Undefined unless it is a live access token, of either format, of the built-in first-party client: a connected app's token must not open
   * a person's account. Nor must a machine's.
   *
   * @throws StorageUnavailableError when the entry cannot be read
   */
  abstract verify(accessToken: string): Promise<Principal | undefined>;
}
