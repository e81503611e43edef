import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../protocol/clock.js';
import { RefreshFailure } from './provider/refresh-failure.js';
import { SharedRefresh } from './refresh/shared-refresh.js';
import { RequestSession } from './request-session.js';
import { SESSION_CLOCK } from './session-clock.js';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from './session.options.js';
import { SessionEndings } from './session-endings.js';
import { HookRunner } from './hook-runner.js';
import { SessionEndedError, type OpenSession } from './state/open-session.js';

/** From a cookie to a session that is live, with tokens that are good: what ASP.NET Core calls ValidatePrincipal. */
@Injectable()
export class SessionValidation {
  constructor(
    private readonly endings: SessionEndings,
    private readonly refreshing: SharedRefresh,
    private readonly hooks: HookRunner,
    @Inject(SESSION_OPTIONS) private readonly options: ResolvedSessionOptions,
    @Inject(SESSION_CLOCK) private readonly clock: Clock,
  ) {}

  /** Undefined: the request goes on anonymous. @throws RefreshFailure, StorageUnavailableError: the session is kept, but cannot be used now */
  async validate(cookie: string | undefined, request: IncomingMessage): Promise<RequestSession | undefined> {
    const found = await this.endings.find(cookie);
    if (!found) return undefined;
    const session = new RequestSession(found.session, this.options, {
      fresh: (open, force) => this.fresh(open, force),
      end: (open, reason) => this.endings.end(open, reason),
      now: () => this.clock.now().getTime(),
    });
    if (found.renew) session.renew();
    try {
      if (this.options.refreshes) session.replace(await this.fresh(session.current, false));
      await this.slide(session);
      return (await this.hooks.validate(session, request)) ? session : undefined;
    } catch (error) {
      if (error instanceof SessionEndedError) return undefined;
      throw error;
    }
  }

  /** Refreshed if that is due, or wanted. While the provider is away, the old token serves to its end. */
  private async fresh(open: OpenSession, force: boolean): Promise<OpenSession> {
    if (!force && !this.refreshing.isDue(open.state.tokens)) return open;
    try {
      const refreshed = await this.refreshing.refresh(open);
      await this.hooks.refreshed(refreshed);
      return refreshed.session;
    } catch (error) {
      if (!(error instanceof RefreshFailure)) throw error;
      if (error.kind === 'ended') {
        await this.endings.end(open, 'invalid_grant');
        throw new SessionEndedError('invalid_grant');
      }
      const servedUntil = open.state.tokens.expiresAt + this.options.refresh.outageGrace * 1000;
      if (force || this.clock.now().getTime() >= servedUntil) throw error;
      return open;
    }
  }

  /** The idle time begins anew, but not with each request: only once half of it is over. */
  private async slide(session: RequestSession): Promise<void> {
    const { idle } = this.options.session;
    const now = this.clock.now().getTime();
    if (session.current.idleUntil - now > (idle * 1000) / 2) return;
    session.replace({ ...session.current, state: { ...session.current.state }, idleUntil: now + idle * 1000 });
    await this.endings.touch(session.current);
  }
}
