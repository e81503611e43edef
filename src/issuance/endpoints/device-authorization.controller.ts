import { Controller, HttpCode, Inject, Post, Req, UseFilters } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { addressKey } from '../../identity/attempts/address-key.js';
import { AttemptLimiter } from '../../identity/attempts/attempt-limiter.js';
import { ClientAuthenticator } from '../clients/client-authenticator.js';
import { ClientPolicy } from '../clients/client-policy.js';
import { ACTIVATE_PATHS } from '../devices/activate-paths.js';
import { DeviceRequests } from '../devices/device-requests.js';
import { DeviceCodeGrant } from '../grants/device-code.grant.js';
import { ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';
import { PATHS } from './endpoint-table.js';
import { clientRequest, formOf } from './form-request.js';
import { OAuthErrorFilter } from './oauth-error.filter.js';

/** The body of RFC 8628 §3.2. */
interface DeviceAuthorizationAnswer {
  readonly device_code: string;
  readonly user_code: string;
  readonly verification_uri: string;
  readonly verification_uri_complete: string;
  readonly expires_in: number;
  readonly interval: number;
}

/** Device authorization endpoint (RFC 8628 §3.1): a device asks for codes, one to poll with and one to show. */
@Controller()
@UseFilters(OAuthErrorFilter)
export class DeviceAuthorizationController {
  constructor(
    private readonly authenticator: ClientAuthenticator,
    private readonly policy: ClientPolicy,
    private readonly requests: DeviceRequests,
    private readonly attempts: AttemptLimiter,
    @Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions,
  ) {}

  @Post(PATHS.device)
  @HttpCode(200)
  async authorize(@Req() request: FastifyRequest): Promise<DeviceAuthorizationAnswer> {
    const parameters = formOf(request);
    this.limit(`device-${addressKey(request.ip)}`);
    const client = await this.authenticator.authenticate(clientRequest(request, parameters));
    this.policy.requireEndpoint(client, 'device');
    this.policy.requireGrantType(client, DeviceCodeGrant.type);
    this.limit(`device-client:${client.id}`);
    const scopes = await this.policy.requestedScopes(client, parameters.get('scope'));
    const resources = await this.policy.audience(client, scopes, parameters.all('resource'));
    const opened = await this.requests.open({ client: client.id, scopes, resources });
    const page = this.options.issuer + ACTIVATE_PATHS.entry;
    return {
      device_code: opened.deviceCode,
      user_code: opened.userCode,
      verification_uri: page,
      verification_uri_complete: `${page}?user_code=${opened.userCode}`,
      expires_in: opened.expiresIn,
      interval: opened.interval,
    };
  }

  private limit(key: string): void {
    const { deviceRequestsPerMinute } = this.options;
    if (deviceRequestsPerMinute > 0) this.attempts.allow(key, deviceRequestsPerMinute, 60);
  }
}
