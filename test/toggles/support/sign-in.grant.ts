import { Injectable } from '@nestjs/common';
import { ClientPolicy } from '../../../src/issuance/clients/client-policy.js';
import { GrantHandler, type Grant } from '../../../src/issuance/grants/grant.js';
import type { Parameters } from '../../../src/protocol/form.js';
import type { ClientRecord } from '../../../src/storage/client.store.js';

export const SIGN_IN = 'urn:example:sign-in';

/** A grant type of the application's own: opens a chain for whomever is named. So any client gets one without a browser. */
@Injectable()
export class SignInGrant extends GrantHandler {
  override readonly grantType = SIGN_IN;

  constructor(private readonly policy: ClientPolicy) {
    super();
  }

  override async handle(client: ClientRecord, parameters: Parameters): Promise<Grant> {
    const scopes = await this.policy.requestedScopes(client, parameters.get('scope'));
    const resources = await this.policy.audience(client, scopes, parameters.all('resource'));
    return {
      kind: 'new-chain',
      subject: parameters.require('subject'),
      scopes,
      resources,
      claims: { roles: ['editor'] },
      refreshable: true,
    };
  }
}
