import { Controller, HttpCode, Post, Req, Res, UseFilters } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ClientAuthenticator } from '../clients/client-authenticator.js';
import { ClientPolicy } from '../clients/client-policy.js';
import { TokenRevoker } from '../tokens/token-revoker.js';
import { PATHS } from './endpoint-table.js';
import { allowOrigin } from './fastify-endpoints.js';
import { clientRequest, formOf } from './form-request.js';
import { OAuthErrorFilter } from './oauth-error.filter.js';

/** Token revocation (RFC 7009): a refresh token takes its family along, an access token itself. What is unknown or foreign is 200, too. */
@Controller()
@UseFilters(OAuthErrorFilter)
export class RevokeController {
  constructor(
    private readonly authenticator: ClientAuthenticator,
    private readonly policy: ClientPolicy,
    private readonly revoker: TokenRevoker,
  ) {}

  @Post(PATHS.revocation)
  @HttpCode(200)
  async revoke(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    const parameters = formOf(request);
    const client = await this.authenticator.authenticate(clientRequest(request, parameters));
    allowOrigin(request, reply, client.allowedOrigins);
    this.policy.requireEndpoint(client, 'revocation');
    await this.revoker.revoke(parameters.require('token'), client.id);
    return {};
  }
}
