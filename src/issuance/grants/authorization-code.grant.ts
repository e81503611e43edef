import { Injectable } from '@nestjs/common';
import type { Parameters } from '../../protocol/form.js';
import { OAuthError } from '../../protocol/oauth-error.js';
import { isSubset } from '../../protocol/scope.js';
import type { GrantRecord } from '../../storage/authorization.store.js';
import type { ClientRecord } from '../../storage/client.store.js';
import { ClientPolicy, parseResources } from '../clients/client-policy.js';
import { PresentedCodes } from '../tokens/presented-codes.js';
import { GrantHandler, type Grant } from './grant.js';

/** Authorization code grant (RFC 6749 §4.1.3, RFC 7636 §4.5). `scope` is no parameter of it: what was approved is what there is. */
@Injectable()
export class AuthorizationCodeGrant extends GrantHandler {
  override readonly grantType = 'authorization_code';

  constructor(
    private readonly codes: PresentedCodes,
    private readonly policy: ClientPolicy,
  ) {
    super();
  }

  override async handle(client: ClientRecord, parameters: Parameters): Promise<Grant> {
    const redirectUri = parameters.get('redirect_uri');
    const codeVerifier = parameters.get('code_verifier');
    const { presented, grant, nonce } = await this.codes.prove(client, {
      code: parameters.require('code'),
      ...(redirectUri !== undefined && { redirectUri }),
      ...(codeVerifier !== undefined && { codeVerifier }),
    });
    const resources = parameters.all('resource');
    return {
      kind: 'code',
      presented,
      refreshable: this.policy.isRefreshable(client, grant.scopes),
      ...(resources.length > 0 && { resources: narrowed(resources, grant) }),
      ...(nonce !== undefined && { nonce }),
    };
  }
}

/** RFC 8707 §2.2: fewer than were approved, for this one access token. @throws OAuthError invalid_target */
function narrowed(resources: readonly string[], grant: GrantRecord): string[] {
  const asked = parseResources(resources);
  if (!isSubset(asked, grant.resources)) throw new OAuthError({ code: 'invalid_target', description: 'A resource was not granted.' });
  return asked;
}
