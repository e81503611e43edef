/** The port that says from which web origins a first-party app may call the sign-in API; issuance implements it. */
export abstract class AllowedOrigins {
  /**
   * Whether pages of this origin (`Origin` header, Fetch §3.2) may read the answers.
   *
   * @throws StorageUnavailableError
   */
  abstract allows(origin: string): Promise<boolean>;
}
