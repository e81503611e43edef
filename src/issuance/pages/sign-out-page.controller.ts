import { Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { BrowserSessions, type BrowserSession } from '../../identity/browser/browser-sessions.js';
import { PageController } from '../../identity/pages/page-controller.decorator.js';
import { PageForms, type FormPurpose } from '../../identity/pages/page-forms.js';
import { PAGE_PATHS } from '../../identity/pages/page-paths.js';
import { PageReplies } from '../../identity/pages/page-replies.js';
import { PageRoute } from '../../identity/pages/page-route.decorator.js';
import type { Parameters } from '../../protocol/form.js';
import { policySource } from '../../protocol/redirect-uri.js';
import { formOf, queryOf } from '../endpoints/form-request.js';
import type { SignOutRequest } from '../logout/sign-out-request.js';
import { SignOutRequests } from '../logout/sign-out-requests.js';
import { SigningOut } from '../logout/signing-out.js';

const PATH = PAGE_PATHS.signOut;

/** `/sign-out`: asks whether to sign out – for an app that cannot show whose session it means, or because the person came by themselves. */
@PageController()
export class SignOutPageController {
  constructor(
    private readonly requests: SignOutRequests,
    private readonly signingOut: SigningOut,
    private readonly sessions: BrowserSessions,
    private readonly forms: PageForms,
    private readonly replies: PageReplies,
  ) {}

  @PageRoute('GET', PATH)
  async show(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const ticket = ticketOf(queryOf(request));
    const asked = await this.asked(ticket);
    if (!asked) return this.expired(request, reply);
    const session = await this.signingOut.atOnce(request, reply, asked);
    if (!session) return;
    const form = this.forms.make(request, reply, purposeOf(session, ticket), fieldsOf(ticket));
    const formAction = asked.redirectUri === undefined ? [] : [policySource(asked.redirectUri)];
    await this.replies.send(
      request,
      reply,
      'sign-out',
      { form, account: session.account.email },
      { formAction, uiLocales: asked.uiLocales },
    );
  }

  @PageRoute('POST', PATH)
  async decide(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const form = formOf(request);
    const ticket = ticketOf(form);
    const session = await this.sessions.current(request);
    // Signed out in another tab meanwhile, or sent by another site, whose forms bring no cookies: the GET will tell.
    if (!session) return this.replies.redirect(reply, this.forms.href(PATH, fieldsOf(ticket)));
    const asked = await this.asked(ticket);
    if (!asked || !this.forms.isGenuine(request, purposeOf(session, ticket), form)) return this.expired(request, reply);
    // RP-Initiated Logout 1.0 §3: apps get back those who have signed out. Who stays, stays here.
    if (form.get('decision') !== 'sign-out') return this.replies.redirect(reply, this.forms.href(PAGE_PATHS.account));
    await this.signingOut.leave(request, reply, asked);
  }

  /** Without a ticket the person came by themselves. */
  private async asked(ticket: string | undefined): Promise<SignOutRequest | undefined> {
    return ticket === undefined ? { uiLocales: [] } : this.requests.open(ticket);
  }

  private expired(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    return this.replies.send(request, reply, 'message', { code: 'expired', href: this.forms.href(PATH) }, { status: 400 });
  }
}

/** What an app asked for: see `SignOutRequests.seal`. */
const ticketOf = (parameters: Parameters): string | undefined => parameters.get('request');

const fieldsOf = (ticket: string | undefined): Record<string, string> => (ticket === undefined ? {} : { request: ticket });

/** Of the session and the request: a form signs nobody else out, and sends nobody elsewhere. */
const purposeOf = ({ sid }: BrowserSession, ticket = ''): FormPurpose => ({ path: PATH, about: [sid, ticket] });
