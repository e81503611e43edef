import { Inject, Injectable } from '@nestjs/common';
import type { BrowserSession } from '../../identity/browser/browser-sessions.js';
import { Clock } from '../../protocol/clock.js';
import { formatHandle, handleHash, HandlePrefix, newHandle } from '../../protocol/handle-string.js';
import { OAuthError } from '../../protocol/oauth-error.js';
import { newUserCode, userCodeHash, type UserCode } from '../../protocol/user-code.js';
import { uuidv7 } from '../../protocol/uuid.js';
import { DeviceRequestStore, type DeviceRequestRecord, type NewDeviceRequest } from '../../storage/device-request.store.js';
import { ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';
import { MasterKey } from '../keys/master-key.js';
import { signInClaims } from '../tokens/sign-in-claims.js';

/** What a device is given. Seconds. */
export interface OpenedDeviceRequest {
  readonly deviceCode: string;
  readonly userCode: UserCode;
  readonly expiresIn: number;
  readonly interval: number;
}

/** With ten thousand of 20⁸ codes live, as many in a row are taken once in 10³⁵ times. */
const DRAWS = 8;

/** Device authorization requests (RFC 8628): opened by a device, answered by a person who types the user code. */
@Injectable()
export class DeviceRequests {
  private readonly userCodeKey: Buffer;

  constructor(
    private readonly store: DeviceRequestStore,
    private readonly clock: Clock,
    @Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions,
    masterKey: MasterKey,
  ) {
    this.userCodeKey = masterKey.derive('user codes');
  }

  /** @param draw where user codes come from @throws OAuthError temporarily_unavailable: every code that was drawn is taken */
  async open(
    { client, scopes, resources }: Pick<NewDeviceRequest, 'client' | 'scopes' | 'resources'>,
    draw: () => UserCode = newUserCode,
  ): Promise<OpenedDeviceRequest> {
    const now = this.clock.now();
    const { deviceCodeLifetime: expiresIn, deviceInterval: interval } = this.options;
    const handle = newHandle(uuidv7(now));
    const request = {
      ...{ id: handle.id, client, scopes, resources, interval, createdAt: now },
      hash: handleHash(HandlePrefix.deviceCode, handle),
      expiresAt: new Date(now.getTime() + expiresIn * 1000),
    };
    for (let n = 0; n < DRAWS; n++) {
      const userCode = draw();
      if (!(await this.store.insert({ ...request, userCodeHash: this.hashOf(userCode) }))) continue;
      return { deviceCode: formatHandle(HandlePrefix.deviceCode, handle), userCode, expiresIn, interval };
    }
    throw new OAuthError({ code: 'temporarily_unavailable', retryAfter: interval });
  }

  /** The request that waits for an answer to this code. Whoever may guess goes through UserCodeGuesses. */
  find(code: UserCode): Promise<DeviceRequestRecord | undefined> {
    return this.store.findPending(this.hashOf(code), this.clock.now());
  }

  /** Lets the device act for the person, who consents to what it asks for. False: answered already, or too late. */
  approve({ id, scopes }: DeviceRequestRecord, session: BrowserSession): Promise<boolean> {
    const { subject, account } = session;
    const approval = {
      subject,
      ...(account.credentialVersion !== undefined && { credentialVersion: account.credentialVersion }),
      claims: signInClaims(session, scopes),
    };
    return this.store.decide(id, approval, this.clock.now());
  }

  /** False: answered already, or too late. */
  deny({ id }: DeviceRequestRecord): Promise<boolean> {
    return this.store.decide(id, undefined, this.clock.now());
  }

  private hashOf(code: UserCode): Buffer {
    return userCodeHash(this.userCodeKey, code);
  }
}
