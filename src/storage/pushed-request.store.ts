export interface NewPushedRequest {
  readonly id: string;
  readonly client: string;
  /** SHA-256 of the handle in the request URI. */
  readonly hash: Buffer;
  /** Sealed with a key that only the handle yields. */
  readonly payload: Buffer;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** Pushed authorization requests (RFC 9126). They are spent by the grant that comes of them: see AuthorizationStore.start. @throws StorageUnavailableError */
export abstract class PushedRequestStore {
  abstract insert(request: NewPushedRequest): Promise<void>;

  /**
   * The payload, for the browser that uses the request first and for no other. The first use extends its life to `boundUntil`: the person may have to
   * sign in. Undefined: unknown, expired, spent, another client's, or bound to another browser.
   */
  abstract use(
    request: { readonly id: string; readonly hash: Buffer; readonly client: string },
    browser: Buffer,
    now: Date,
    boundUntil: Date,
  ): Promise<Buffer | undefined>;
}
