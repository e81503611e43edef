import { Controller, Req, Res, UseFilters } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PageReplies } from '../../identity/pages/page-replies.js';
import { PageRoute } from '../../identity/pages/page-route.decorator.js';
import { AuthorizationEntrance } from '../authorization/authorization-entrance.js';
import { AuthorizationErrorFilter } from '../authorization/authorization-error.filter.js';
import { AuthorizationLimits } from '../authorization/authorization-limits.js';
import { AuthorizationWay } from '../authorization/authorization-way.js';
import { requestParameters } from '../authorization/request-parameters.js';
import { PATHS } from './endpoint-table.js';
import { bodyOf, queryBytesOf } from './form-request.js';

/** Authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3.1.2): a person comes from a client, and goes back with a code. */
@Controller()
@UseFilters(AuthorizationErrorFilter)
export class AuthorizeController {
  constructor(
    private readonly limits: AuthorizationLimits,
    private readonly entrance: AuthorizationEntrance,
    private readonly way: AuthorizationWay,
    private readonly replies: PageReplies,
  ) {}

  @PageRoute('GET', PATHS.authorization)
  async authorize(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    this.limits.countAddress(request.ip);
    const ticket = await this.entrance.enter(request, reply, requestParameters(queryBytesOf(request)));
    await this.way.go(request, reply, ticket);
  }

  @PageRoute('POST', PATHS.authorization)
  async authorizeByForm(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    this.limits.countAddress(request.ip);
    this.replies.redirect(reply, await this.entrance.redirection(requestParameters(bodyOf(request))));
  }
}
