import { Injectable } from '@nestjs/common';
import { Clock } from '../../protocol/clock.js';
import type { Parameters } from '../../protocol/form.js';
import { handleHash, HandlePrefix, parseHandle } from '../../protocol/handle-string.js';
import { OAuthError } from '../../protocol/oauth-error.js';
import type { ClientRecord } from '../../storage/client.store.js';
import { DeviceRequestStore, type DeviceApproval, type PolledDeviceRequest } from '../../storage/device-request.store.js';
import { ClientPolicy } from '../clients/client-policy.js';
import { GrantHandler, type Grant, type RequestOrigin } from './grant.js';

/**
 * Device code grant (RFC 8628 §3.4, §3.5). Redeeming an approved request and opening the grant is one statement: of any number of polls one gets the
 * tokens, the others `invalid_grant`, and nothing is revoked – none of them holds anything that could have leaked.
 */
@Injectable()
export class DeviceCodeGrant extends GrantHandler {
  static readonly type = 'urn:ietf:params:oauth:grant-type:device_code';
  override readonly grantType = DeviceCodeGrant.type;

  constructor(
    private readonly store: DeviceRequestStore,
    private readonly policy: ClientPolicy,
    private readonly clock: Clock,
  ) {
    super();
  }

  override async handle(client: ClientRecord, parameters: Parameters, from: RequestOrigin): Promise<Grant> {
    const handle = parseHandle(HandlePrefix.deviceCode, parameters.require('device_code'));
    if (!handle) throw unknown();
    const deviceRequest = { id: handle.id, hash: handleHash(HandlePrefix.deviceCode, handle) };
    const polled = await this.store.poll(deviceRequest, client.id, this.clock.now());
    if (!polled) throw unknown();
    const { scopes, resources } = polled;
    return {
      kind: 'new-chain',
      scopes,
      resources,
      refreshable: this.policy.isRefreshable(client, scopes),
      ...approvalOf(polled),
      session: from, // a device stays signed in by itself: the browser's session may end
      approval: { consented: true, deviceRequest },
    };
  }
}

/** §3.5. Only who waits is told to wait longer: once there is an answer, it is given at any time. @throws OAuthError */
function approvalOf({ status, tooSoon, approval }: PolledDeviceRequest): DeviceApproval {
  switch (status) {
    case 'pending':
      throw new OAuthError(
        tooSoon
          ? { code: 'slow_down', description: 'Wait 5 seconds longer between requests from now on.' }
          : { code: 'authorization_pending', description: 'The person has not answered yet.' },
      );
    case 'denied':
      throw new OAuthError({ code: 'access_denied', description: 'The person said no.' });
    case 'expired':
      throw new OAuthError({ code: 'expired_token', description: 'The device code has expired.' });
    default:
      if (!approval || status !== 'approved') throw unknown();
      return approval;
  }
}

const unknown = (): OAuthError => new OAuthError({ code: 'invalid_grant', description: 'The device code is unknown, or was used before.' });
