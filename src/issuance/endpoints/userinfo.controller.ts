import { Controller, Get, HttpCode, Post, Req, Res, UseFilters } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Accounts } from '../../identity/accounts/accounts.js';
import { EntryType } from '../../protocol/entry-key.js';
import { readBearerToken } from '../../validation/bearer-token.js';
import { ClientDirectory } from '../clients/client-directory.js';
import { personClaims } from '../tokens/person-claims.js';
import { TokenReader } from '../tokens/token-reader.js';
import { insufficientScope, invalidToken, malformedBearer, NO_TOKEN } from './bearer-errors.js';
import { PATHS } from './endpoint-table.js';
import { allowOrigin } from './fastify-endpoints.js';
import { OAuthErrorFilter } from './oauth-error.filter.js';

/**
 * Userinfo (OpenID Connect Core §5.3): what the scopes of an access token tell of its person. The token's entry is looked at each time; its audience
 * is not, since whoever asks for a resource of its own would have no userinfo. The token in the header only: forms end up in logs.
 */
@Controller()
@UseFilters(OAuthErrorFilter)
export class UserinfoController {
  constructor(
    private readonly reader: TokenReader,
    private readonly accounts: Accounts,
    private readonly clients: ClientDirectory,
  ) {}

  @Get(PATHS.userinfo)
  get(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    return this.answer(request, reply);
  }

  @Post(PATHS.userinfo)
  @HttpCode(200)
  post(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    return this.answer(request, reply);
  }

  private async answer(request: FastifyRequest, reply: FastifyReply): Promise<object> {
    reply.header('cache-control', 'no-store');
    // Whose token it is, and so who may read the answer, is known once it has been read; that it is refused, the app must be able to read, too.
    const { origin } = request.headers;
    if (origin !== undefined && (await this.clients.anyAllows(origin))) allowOrigin(request, reply, [origin]);
    const bearer = readBearerToken(request);
    if (bearer.kind === 'malformed') throw malformedBearer();
    if (bearer.kind === 'none') {
      reply.status(NO_TOKEN.status).header('www-authenticate', NO_TOKEN.challenge);
      return NO_TOKEN.body;
    }
    const token = await this.reader.read(bearer.token);
    if (token?.type !== EntryType.accessToken) throw invalidToken();
    const { client_id: client, sub, scope = '' } = token.claims;
    allowOrigin(request, reply, (await this.clients.find(client))?.allowedOrigins ?? []);
    const scopes = scope.split(' ');
    if (!scopes.includes('openid')) throw insufficientScope('openid');
    const account = await this.accounts.find({ id: sub });
    if (!account || account.disabledAt) throw invalidToken();
    return personClaims(account, scopes);
  }
}
