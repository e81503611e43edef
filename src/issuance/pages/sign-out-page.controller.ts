import { Controller, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { BrowserSessions, type BrowserSession } from '../../identity/browser/browser-sessions.js';
import { IssuerAddress } from '../../identity/issuer-address.js';
import { PageReplies } from '../../identity/pages/page-replies.js';
import { PageRoute } from '../../identity/pages/page-route.decorator.js';
import { policySource } from '../../protocol/redirect-uri.js';
import { formOf, queryOf } from '../endpoints/form-request.js';
import type { SignOutRequest } from '../logout/sign-out-request.js';
import { SignOutRequests } from '../logout/sign-out-requests.js';
import { SigningOut } from '../logout/signing-out.js';
import { SIGN_OUT_PATH, SignOutForm, ticketOf } from './sign-out-form.js';

const ACCOUNT_PATH = '/account';

/** `/sign-out`: asks whether to sign out – for an app that cannot show whose session it means, or because the person came by themselves. */
@Controller()
export class SignOutPageController {
  constructor(
    private readonly requests: SignOutRequests,
    private readonly signingOut: SigningOut,
    private readonly sessions: BrowserSessions,
    private readonly replies: PageReplies,
    private readonly form: SignOutForm,
    private readonly address: IssuerAddress,
  ) {}

  @PageRoute('GET', SIGN_OUT_PATH)
  async show(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const ticket = ticketOf(queryOf(request));
    const asked = await this.asked(ticket);
    if (!asked) return this.expired(request, reply);
    const session = await this.signingOut.atOnce(request, reply, asked);
    if (session) await this.ask(request, reply, session, asked, ticket);
  }

  @PageRoute('POST', SIGN_OUT_PATH)
  async decide(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const form = formOf(request);
    const session = await this.sessions.current(request);
    // Signed out in another tab meanwhile, or sent by another site, whose forms bring no cookies: the GET will tell.
    if (!session) return this.replies.redirect(reply, this.form.href(ticketOf(form)));
    const asked = await this.asked(ticketOf(form));
    if (!asked || !this.form.isGenuine(request, session, form)) return this.expired(request, reply);
    // RP-Initiated Logout 1.0 §3: apps get back those who have signed out. Who stays, stays here.
    if (form.get('decision') !== 'sign-out') return this.replies.redirect(reply, this.address.href(ACCOUNT_PATH));
    await this.signingOut.leave(request, reply, asked);
  }

  /** Without a ticket the person came by themselves. */
  private async asked(ticket: string | undefined): Promise<SignOutRequest | undefined> {
    return ticket === undefined ? { uiLocales: [] } : this.requests.open(ticket);
  }

  private async ask(
    request: FastifyRequest,
    reply: FastifyReply,
    session: BrowserSession,
    { redirectUri, uiLocales }: SignOutRequest,
    ticket: string | undefined,
  ): Promise<void> {
    const model = { form: this.form.write(request, reply, session, ticket), account: session.account.email };
    const formAction = redirectUri === undefined ? [] : [policySource(redirectUri)];
    await this.replies.send(request, reply, 'sign-out', model, { formAction, uiLocales });
  }

  private expired(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    return this.replies.send(request, reply, 'message', { code: 'expired' }, { status: 400 });
  }
}
