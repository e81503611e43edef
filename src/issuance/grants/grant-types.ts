import { Inject, Injectable } from '@nestjs/common';
import { OAuthError } from '../../protocol/oauth-error.js';
import type { ClientRecord } from '../../storage/client.store.js';
import { ClientPolicy } from '../clients/client-policy.js';
import { GRANT_HANDLERS, ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';
import { DeviceCodeGrant } from './device-code.grant.js';
import type { GrantHandler } from './grant.js';

/** The grant types that are on: the built-in ones the options leave on, and the application's own. */
@Injectable()
export class GrantTypes {
  private readonly handlers: ReadonlyMap<string, GrantHandler>;

  constructor(
    @Inject(GRANT_HANDLERS) handlers: readonly GrantHandler[],
    @Inject(ISSUANCE_OPTIONS) { grantTypes }: ResolvedIssuanceOptions,
    private readonly policy: ClientPolicy,
  ) {
    const off = new Set([
      ...(grantTypes.clientCredentials ? [] : ['client_credentials']),
      ...(grantTypes.refreshToken ? [] : ['refresh_token']),
      ...(grantTypes.authorizationCode ? [] : ['authorization_code']),
      ...(grantTypes.deviceCode ? [] : [DeviceCodeGrant.type]),
    ]);
    const on = handlers.filter((handler) => !off.has(handler.grantType));
    const names = on.map((handler) => handler.grantType);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) throw new Error(`Two handlers claim the grant type ${twice}. Remove one of them.`);
    this.handlers = new Map(on.map((handler) => [handler.grantType, handler]));
  }

  get names(): string[] {
    return [...this.handlers.keys()];
  }

  /** @throws OAuthError unsupported_grant_type, unauthorized_client */
  require(client: ClientRecord, grantType: string): GrantHandler {
    const handler = this.handlers.get(grantType);
    if (!handler) throw new OAuthError({ code: 'unsupported_grant_type', description: 'The grant type is unknown.' });
    this.policy.requireEndpoint(client, 'token');
    this.policy.requireGrantType(client, grantType);
    return handler;
  }
}
