import { Controller, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PageReplies } from '../../identity/pages/page-replies.js';
import { PageRoute } from '../../identity/pages/page-route.decorator.js';
import { SignOutRequests } from '../logout/sign-out-requests.js';
import { SigningOut } from '../logout/signing-out.js';
import { SignOutForm } from '../pages/sign-out-form.js';
import { PATHS } from './endpoint-table.js';
import { formOf, queryOf } from './form-request.js';

/** End session endpoint (OpenID Connect RP-Initiated Logout 1.0): an app sends people here to sign out. */
@Controller()
export class EndSessionController {
  constructor(
    private readonly requests: SignOutRequests,
    private readonly signingOut: SigningOut,
    private readonly replies: PageReplies,
    private readonly form: SignOutForm,
  ) {}

  @PageRoute('GET', PATHS.endSession)
  async get(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const asked = await this.requests.read(queryOf(request));
    // The page that asks has an address of its own: the id token stays in nobody's history.
    if (await this.signingOut.atOnce(request, reply, asked)) this.goOn(reply, await this.requests.seal(asked));
  }

  /** The form of another site comes without cookies (RFC 6265bis §5.6.7.1): only the GET that follows tells who is signed in. */
  @PageRoute('POST', PATHS.endSession)
  async post(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    this.goOn(reply, await this.requests.seal(await this.requests.read(formOf(request))));
  }

  private goOn(reply: FastifyReply, ticket: string): void {
    this.replies.redirect(reply, this.form.href(ticket));
  }
}
