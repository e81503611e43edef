import { Controller, HttpCode, Post, Req, Res, UseFilters } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { OAuthError } from '../../protocol/oauth-error.js';
import { formatScope, isSameSet, parseScope } from '../../protocol/scope.js';
import { ClientAuthenticator } from '../clients/client-authenticator.js';
import type { Grant } from '../grants/grant.js';
import { GrantTypes } from '../grants/grant-types.js';
import { TokenIssuer, type IssuedTokens } from '../tokens/token-issuer.js';
import { PATHS } from './endpoint-table.js';
import { allowOrigin } from './fastify-endpoints.js';
import { clientRequest, formOf, originOf } from './form-request.js';
import { OAuthErrorFilter } from './oauth-error.filter.js';
import { TokenLimits } from './token-limits.js';

/** The body of RFC 6749 §5.1. */
interface TokenAnswer {
  readonly access_token: string;
  readonly token_type: 'Bearer';
  readonly expires_in: number;
  readonly refresh_token?: string;
  readonly scope?: string;
  /** OpenID Connect Core §3.1.3.3 */
  readonly id_token?: string;
}

/** Token endpoint (RFC 6749 §3.2): form in, tokens out; the grant types decide. */
@Controller()
@UseFilters(OAuthErrorFilter)
export class TokenController {
  constructor(
    private readonly authenticator: ClientAuthenticator,
    private readonly grantTypes: GrantTypes,
    private readonly issuer: TokenIssuer,
    private readonly limits: TokenLimits,
  ) {}

  @Post(PATHS.token)
  @HttpCode(200)
  async token(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<TokenAnswer> {
    const parameters = formOf(request);
    this.limits.countAddress(request.ip);
    const client = await this.authenticator.authenticate(clientRequest(request, parameters));
    allowOrigin(request, reply, client.allowedOrigins);
    this.limits.countClient(client.id);
    const handler = this.grantTypes.require(client, parameters.require('grant_type'));
    try {
      const grant = await handler.handle(client, parameters, originOf(request));
      return answer(await this.issuer.issue(client, grant), askedScopes(grant, parameters.get('scope')));
    } catch (error) {
      if (error instanceof OAuthError && error.code === 'invalid_grant') await this.limits.countRefusedGrant(request.ip);
      throw error;
    }
  }
}

/** What this request asked for by itself; a code's scopes were asked for elsewhere. */
const askedScopes = (grant: Grant, scope = ''): readonly string[] => (grant.kind === 'code' ? [] : (parseScope(scope) ?? []));

/** RFC 6749 §5.1: `scope` may be left out only where it is what was asked for. */
const answer = (tokens: IssuedTokens, asked: readonly string[]): TokenAnswer => ({
  access_token: tokens.accessToken,
  token_type: 'Bearer',
  expires_in: tokens.expiresIn,
  ...(tokens.refreshToken !== undefined && { refresh_token: tokens.refreshToken }),
  ...(tokens.scopes.length > 0 && !isSameSet(asked, tokens.scopes) && { scope: formatScope(tokens.scopes) }),
  ...(tokens.idToken !== undefined && { id_token: tokens.idToken }),
});
