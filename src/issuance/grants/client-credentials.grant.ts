import { Injectable } from '@nestjs/common';
import type { Parameters } from '../../protocol/form.js';
import { OAuthError } from '../../protocol/oauth-error.js';
import type { ClientRecord } from '../../storage/client.store.js';
import { ClientPolicy, STANDARD_SCOPES } from '../clients/client-policy.js';
import { GrantHandler, type Grant } from './grant.js';

/** Client credentials grant (RFC 6749 §4.4): confidential clients only, an access token only. */
@Injectable()
export class ClientCredentialsGrant extends GrantHandler {
  override readonly grantType = 'client_credentials';

  constructor(private readonly policy: ClientPolicy) {
    super();
  }

  override async handle(client: ClientRecord, parameters: Parameters): Promise<Grant> {
    if (client.type !== 'confidential') {
      throw new OAuthError({ code: 'unauthorized_client', description: 'Public clients may not use this grant type.' });
    }
    const scopes = await this.policy.requestedScopes(client, parameters.get('scope'));
    if (scopes.some((scope) => STANDARD_SCOPES.includes(scope))) {
      throw new OAuthError({ code: 'invalid_scope', description: 'A scope needs a person who signed in.' });
    }
    return { kind: 'machine', scopes, resources: await this.policy.audience(client, scopes, parameters.all('resource')) };
  }
}
