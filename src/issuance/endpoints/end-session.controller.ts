import { Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PageController } from '../../identity/pages/page-controller.decorator.js';
import { PageForms } from '../../identity/pages/page-forms.js';
import { PAGE_PATHS } from '../../identity/pages/page-paths.js';
import { PageReplies } from '../../identity/pages/page-replies.js';
import { PageRoute } from '../../identity/pages/page-route.decorator.js';
import { SignOutRequests } from '../logout/sign-out-requests.js';
import { SigningOut } from '../logout/signing-out.js';
import { PATHS } from './endpoint-table.js';
import { formOf, queryOf } from './form-request.js';

/** End session endpoint (OpenID Connect RP-Initiated Logout 1.0): an app sends people here to sign out. */
@PageController()
export class EndSessionController {
  constructor(
    private readonly requests: SignOutRequests,
    private readonly signingOut: SigningOut,
    private readonly forms: PageForms,
    private readonly replies: PageReplies,
  ) {}

  @PageRoute('GET', PATHS.endSession)
  async get(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const asked = await this.requests.read(queryOf(request));
    // The page that asks has an address of its own: the id token stays in nobody's history.
    if (await this.signingOut.atOnce(request, reply, asked)) this.goOn(reply, await this.requests.seal(asked));
  }

  /** Another site's form comes without cookies (RFC 6265bis §5.6.7.1): only the GET that follows can tell who is signed in. */
  @PageRoute('POST', PATHS.endSession)
  async post(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    this.goOn(reply, await this.requests.seal(await this.requests.read(formOf(request))));
  }

  private goOn(reply: FastifyReply, ticket: string): void {
    this.replies.redirect(reply, this.forms.href(PAGE_PATHS.signOut, { request: ticket }));
  }
}
