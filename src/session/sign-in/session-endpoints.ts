import { Controller, ForbiddenException, Get, HttpCode, Inject, Post, Req, Res, UseGuards, type Type } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { SessionGuard } from '../http/session.guard.js';
import { mayBeForged } from '../http/navigation.js';
import { nodePairOf } from '../http/node-pair.js';
import { OidcClient } from '../provider/oidc-client.js';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from '../session.options.js';
import { SessionEndings } from '../session-endings.js';
import { Sessions } from '../sessions.js';
import { SignIn } from './sign-in.js';
import { failedPage, signedInPage } from './signed-in-page.js';

/** The module's own routes, below the path it was declared with. */
export function sessionEndpoints(path: string): Type<object> {
  @Controller(path)
  class SessionController {
    constructor(
      private readonly signIn: SignIn,
      private readonly sessions: Sessions,
      private readonly endings: SessionEndings,
      private readonly provider: OidcClient,
      private readonly host: HttpAdapterHost,
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
      let signOutUrl = `${this.options.baseUrl}/`;
      if (session) {
        session.cookie = 'clear';
        await this.endings.signOut(session.current);
        const url = await this.provider.signOutUrl(session.current.state.tokens.idToken, signOutUrl).catch(() => undefined);
        signOutUrl = url?.href ?? signOutUrl;
      }
      this.send(reply, 200, { 'content-type': 'application/json', 'cache-control': 'private, no-store' }, JSON.stringify({ signOutUrl }));
    }

    @Inject(SESSION_OPTIONS) private readonly options!: ResolvedSessionOptions;

    private send(reply: object, status: number, headers: Readonly<Record<string, string>>, body = ''): void {
      const { httpAdapter } = this.host;
      for (const [name, value] of Object.entries(headers)) httpAdapter.setHeader(reply, name, value);
      httpAdapter.reply(reply, body, status);
    }
  }
  return SessionController;
}
