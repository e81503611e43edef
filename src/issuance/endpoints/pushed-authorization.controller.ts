import { Controller, HttpCode, Post, Req, UseFilters } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { AuthorizationLimits } from '../authorization/authorization-limits.js';
import { AuthorizationRequests } from '../authorization/authorization-requests.js';
import { PushedRequests } from '../authorization/pushed-requests.js';
import { requestParameters } from '../authorization/request-parameters.js';
import { ClientAuthenticator } from '../clients/client-authenticator.js';
import { PATHS } from './endpoint-table.js';
import { bodyOf, clientRequest } from './form-request.js';
import { OAuthErrorFilter } from './oauth-error.filter.js';

/** The body of RFC 9126 §2.2. */
interface PushedAnswer {
  readonly request_uri: string;
  readonly expires_in: number;
}

/** Pushed authorization request endpoint (RFC 9126): the client sends its request itself, and a browser only brings the reference. */
@Controller()
@UseFilters(OAuthErrorFilter)
export class PushedAuthorizationController {
  constructor(
    private readonly limits: AuthorizationLimits,
    private readonly authenticator: ClientAuthenticator,
    private readonly requests: AuthorizationRequests,
    private readonly pushed: PushedRequests,
  ) {}

  @Post(PATHS.pushedAuthorization)
  @HttpCode(201)
  async push(@Req() request: FastifyRequest): Promise<PushedAnswer> {
    const parameters = requestParameters(bodyOf(request));
    this.limits.countAddress(request.ip);
    const client = await this.authenticator.authenticate(clientRequest(request, parameters));
    this.limits.countClient(client.id);
    const requestUri = await this.pushed.push(await this.requests.push(client, parameters));
    return { request_uri: requestUri, expires_in: this.pushed.lifetime };
  }
}
