import {
  Controller,
  ForbiddenException,
  Get,
  HttpCode,
  Inject,
  Post,
  Req,
  Res,
  SetMetadata,
  VERSION_NEUTRAL,
  type Type,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { AUTHENTICATED } from '../http/authenticated-options.js';
import { isForm, isSpeculative, mayBeForged } from '../http/navigation.js';
import { failedPage, goOnPage, PAGE } from '../http/own-pages.js';
import { nodePairOf, type NodePair } from '../http/node-pair.js';
import { SignInNeededError } from '../http/sign-in-needed.error.js';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from '../session.options.js';
import type { SessionUse } from '../session-validation.js';
import { Sessions } from '../sessions.js';
import { SignOut } from '../sign-out/sign-out.js';
import { SignIn, type SignInStep } from './sign-in.js';

/** Looking at a session does nothing to it, and neither the provider nor the application can stand in the way. */
const ONLY_LOOKS: SessionUse = { slides: false, refreshes: false, asksHooks: false };

/** The module's own routes, below the path it was declared with. */
export function sessionEndpoints(path: string): Type<object> {
  @Controller({ path, version: VERSION_NEUTRAL }) // whatever versions the app's own routes have: the provider knows one address
  @SetMetadata(AUTHENTICATED, false) // each route looks for itself
  class SessionController {
    constructor(
      private readonly signIn: SignIn,
      private readonly sessions: Sessions,
      private readonly signOut: SignOut,
      private readonly host: HttpAdapterHost,
      @Inject(SESSION_OPTIONS) private readonly options: ResolvedSessionOptions,
    ) {}

    /** `?returnTo=/path`: where the person goes on afterwards. */
    @Get('login')
    async login(@Req() request: { query: Record<string, unknown> }, @Res() reply: object): Promise<void> {
      const pair = nodePairOf(request, reply);
      if (isSpeculative(pair.request)) return this.send(reply, 503, { 'cache-control': 'no-store' });
      this.proceed(reply, await this.signIn.begin(pair, request.query['returnTo']));
    }

    @Get('callback')
    async callback(@Req() request: object, @Res() reply: object): Promise<void> {
      const pair = nodePairOf(request, reply);
      if (isSpeculative(pair.request)) return this.send(reply, 503, { 'cache-control': 'no-store' });
      this.proceed(reply, await this.signIn.finish(pair));
    }

    /** Claims and end, nothing that could be used. 401: nobody is signed in. */
    @Get()
    async session(@Req() request: object, @Res() reply: object): Promise<void> {
      const pair = nodePairOf(request, reply);
      const session = await this.sessions.of(pair, ONLY_LOOKS);
      if (!session) throw new SignInNeededError(false);
      this.refuseForged(pair);
      const body = { user: session.user, expiresAt: session.expiresAt };
      this.send(reply, 200, { 'content-type': 'application/json', 'cache-control': 'private, no-store' }, JSON.stringify(body));
    }

    /** Ends the session here. Scripts are told where to sign out at the provider, too; a form, which needs no header, goes there. */
    @Post('logout')
    @HttpCode(200)
    async logout(@Req() request: object, @Res() reply: object): Promise<void> {
      const pair = nodePairOf(request, reply);
      const form = isForm(pair.request);
      this.refuseForged(pair, form ? 'origin' : this.options.csrf);
      const session = await this.sessions.of(pair, ONLY_LOOKS);
      const signOutUrl = await this.signOut.here(session, `${this.options.baseUrl}/`);
      // No redirect: the app's pages may say that their forms lead to the app alone, which goes for redirects as well (CSP3 §6.4.1, form-action).
      if (form) return this.send(reply, 200, PAGE, goOnPage('Signed out', signOutUrl));
      this.send(reply, 200, { 'content-type': 'application/json', 'cache-control': 'private, no-store' }, JSON.stringify({ signOutUrl }));
    }

    /** The provider tells that sessions have ended there. OpenID Connect Back-Channel Logout 1.0 §2.5 to §2.8 */
    @Post('backchannel-logout')
    async backchannelLogout(@Req() request: { readonly body?: { readonly logout_token?: unknown } }, @Res() reply: object): Promise<void> {
      const done = await this.signOut.there(request.body?.logout_token);
      const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
      this.send(reply, done ? 200 : 400, headers, done ? '' : JSON.stringify({ error: 'invalid_request' }));
    }

    private refuseForged(pair: NodePair, mode = this.options.csrf): void {
      if (mayBeForged(pair.request, mode, this.options.baseUrl) && this.sessions.isPresented(pair))
        throw new ForbiddenException('The request may come from another site.');
    }

    private proceed(reply: object, step: SignInStep): void {
      if (step.to === 'provider') return this.send(reply, 302, { location: step.url, 'cache-control': 'private, no-store' });
      if (step.to === 'app') return this.send(reply, 200, PAGE, goOnPage('Signed in', step.path));
      this.send(reply, step.status, PAGE, failedPage(step.why, `${path}/login?returnTo=${encodeURIComponent(step.returnTo)}`));
    }

    private send(reply: object, status: number, headers: Readonly<Record<string, string>>, body = ''): void {
      const { httpAdapter } = this.host;
      for (const [name, value] of Object.entries(headers)) httpAdapter.setHeader(reply, name, value);
      httpAdapter.reply(reply, body, status);
    }
  }
  return SessionController;
}
