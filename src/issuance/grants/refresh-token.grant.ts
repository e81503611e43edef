import { Injectable } from '@nestjs/common';
import type { Parameters } from '../../protocol/form.js';
import { OAuthError } from '../../protocol/oauth-error.js';
import type { ClientRecord } from '../../storage/client.store.js';
import { parseResources, parseScopeParameter } from '../clients/client-policy.js';
import { PresentedTokens } from '../tokens/presented-tokens.js';
import { GrantHandler, type Grant } from './grant.js';

/** Refreshing an access token (RFC 6749 §6). Whether the token is genuine, and whether it asks for too much, one statement decides later. */
@Injectable()
export class RefreshTokenGrant extends GrantHandler {
  override readonly grantType = 'refresh_token';

  constructor(private readonly presentedTokens: PresentedTokens) {
    super();
  }

  override async handle(_client: ClientRecord, parameters: Parameters): Promise<Grant> {
    const presented = await this.presentedTokens.refreshToken(parameters.require('refresh_token'));
    if (!presented) throw new OAuthError({ code: 'invalid_grant', description: 'The refresh token is unknown.' });
    const scope = parameters.get('scope');
    const resources = parameters.all('resource');
    return {
      kind: 'redeem',
      presented,
      ...(scope !== undefined && { scopes: parseScopeParameter(scope) }),
      ...(resources.length > 0 && { resources: parseResources(resources) }),
    };
  }
}
