export interface NewDeviceRequest {
  readonly id: string;
  readonly client: string;
  readonly scopes: readonly string[];
  readonly resources: readonly string[];
  /** SHA-256 of the device code. */
  readonly hash: Buffer;
  /** Keyed: user codes are short. */
  readonly userCodeHash: Buffer;
  /** Seconds between polls. */
  readonly interval: number;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** Who approved, as it goes into the grant. */
export interface DeviceApproval {
  readonly subject: string;
  readonly credentialVersion?: number;
  readonly claims: Readonly<Record<string, unknown>>;
}

export interface DeviceRequestRecord {
  readonly id: string;
  readonly client: string;
  readonly scopes: readonly string[];
  readonly resources: readonly string[];
  readonly expiresAt: Date;
}

/** A device's poll, judged. `tooSoon`: inside the interval, which has grown by 5 s (RFC 8628 §3.5). */
export interface PolledDeviceRequest extends DeviceRequestRecord {
  readonly status: 'pending' | 'approved' | 'denied' | 'redeemed' | 'expired';
  readonly tooSoon: boolean;
  readonly approval?: DeviceApproval;
}

/** Device authorization requests (RFC 8628). An approved one is redeemed by the grant that comes of it: see AuthorizationStore.start. @throws StorageUnavailableError */
export abstract class DeviceRequestStore {
  /** False: the user code belongs to another request at the moment. */
  abstract insert(request: NewDeviceRequest): Promise<boolean>;

  /** Undefined: no such device code of this client. */
  abstract poll(
    request: { readonly id: string; readonly hash: Buffer },
    client: string,
    now: Date,
  ): Promise<PolledDeviceRequest | undefined>;

  /** The pending request of a user code. */
  abstract findPending(userCodeHash: Buffer, now: Date): Promise<DeviceRequestRecord | undefined>;

  /**
   * The person's answer; undefined approval: denied. Spends the user code. An approval is a consent to the request's scopes, too, so that there is never
   * one without the other. False: decided already, or expired.
   */
  abstract decide(id: string, approval: DeviceApproval | undefined, now: Date): Promise<boolean>;
}
