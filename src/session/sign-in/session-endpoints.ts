import { Controller, ForbiddenException, Get, HttpCode, Inject, Post, Req, Res, UseGuards, type Type } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { SessionGuard } from '../http/session.guard.js';
import { mayBeForged } from '../http/navigation.js';
import { nodePairOf } from '../http/node-pair.js';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from '../session.options.js';
import { Sessions } from '../sessions.js';
import { SignOut } from '../sign-out/sign-out.js';
import { SignIn } from './sign-in.js';
import { failedPage, signedInPage } from './signed-in-page.js';

/** The module's own routes, below the path it was declared with. */
export function sessionEndpoints(path: string): Type<object> {
  @Controller(path)
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
      const url = await this.signIn.begin(nodePairOf(request, reply), request.query['returnTo']);
      this.send(reply, 302, { location: url, 'cache-control': 'no-store' });
    }

    @Get('callback')
    async callback(@Req() request: object, @Res() reply: object): Promise<void> {
      const outcome = await this.signIn.finish(nodePairOf(request, reply));
      const headers = {
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'private, no-store',
        'referrer-policy': 'no-referrer',
      };
      if (outcome.returnTo !== undefined) return this.send(reply, 200, headers, signedInPage(outcome.returnTo));
      this.send(reply, 400, headers, failedPage(outcome.refused, `${path}/login`));
    }

    /** Claims and end, nothing that could be used. 401: nobody is signed in. */
    @Get()
    @UseGuards(SessionGuard)
    async session(@Req() request: object, @Res() reply: object): Promise<void> {
      const session = await this.sessions.of(nodePairOf(request, reply));
      const body = session && { user: session.user, expiresAt: session.expiresAt };
      this.send(reply, 200, { 'content-type': 'application/json', 'cache-control': 'private, no-store' }, JSON.stringify(body));
    }

    /** Ends the session here; the answer says where to sign out at the provider, too. */
    @Post('logout')
    @HttpCode(200)
    async logout(@Req() request: object, @Res() reply: object): Promise<void> {
      const pair = nodePairOf(request, reply);
      const session = await this.sessions.of(pair);
      if (session && mayBeForged(pair.request, 'header', this.options.baseUrl)) throw new ForbiddenException();
      const signOutUrl = await this.signOut.here(session, `${this.options.baseUrl}/`);
      this.send(reply, 200, { 'content-type': 'application/json', 'cache-control': 'private, no-store' }, JSON.stringify({ signOutUrl }));
    }

    /** The provider tells that sessions have ended there. OpenID Connect Back-Channel Logout 1.0 §2.5 to §2.8 */
    @Post('backchannel-logout')
    async backchannelLogout(@Req() request: { readonly body?: { readonly logout_token?: unknown } }, @Res() reply: object): Promise<void> {
      const done = await this.signOut.there(request.body?.logout_token);
      const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
      this.send(reply, done ? 200 : 400, headers, done ? '' : JSON.stringify({ error: 'invalid_request' }));
    }

    private send(reply: object, status: number, headers: Readonly<Record<string, string>>, body = ''): void {
      const { httpAdapter } = this.host;
      for (const [name, value] of Object.entries(headers)) httpAdapter.setHeader(reply, name, value);
      httpAdapter.reply(reply, body, status);
    }
  }
  return SessionController;
}
