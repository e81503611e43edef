import { Injectable } from '@nestjs/common';
import { HookRunner } from './hook-runner.js';
import type { Carrier } from './http/carrier.js';
import { FreshTokens } from './refresh/fresh-tokens.js';
import type { RequestSession } from './request-session.js';
import { RequestSessions } from './request-sessions.js';
import { SessionEndings } from './session-endings.js';
import { SessionSliding } from './session-sliding.js';
import { SessionEndedError } from './state/open-session.js';

/** What a request does to its session by being made. */
export interface SessionUse {
  /** Its idle time begins anew, once half of it is over. Default: true. */
  readonly slides?: boolean;
  /** Its tokens are refreshed when that is due. Default: true. */
  readonly refreshes?: boolean;
  /** The application is asked (`onValidate`). Default: true. */
  readonly asksHooks?: boolean;
}

/** From a cookie to a session that is live, with tokens that are good: what ASP.NET Core calls ValidatePrincipal. */
@Injectable()
export class SessionValidation {
  constructor(
    private readonly endings: SessionEndings,
    private readonly sessions: RequestSessions,
    private readonly fresh: FreshTokens,
    private readonly sliding: SessionSliding,
    private readonly hooks: HookRunner,
  ) {}

  /**
   * Undefined: the request goes on anonymous. `replaced`: the same, but its cookie is not the browser's any more.
   * @throws RefreshFailure, StorageUnavailableError: the session is kept, but cannot be used now; BrowserGoneError
   */
  async validate(
    cookie: string | undefined,
    carrier: Carrier,
    { slides = true, refreshes = true, asksHooks = true }: SessionUse,
  ): Promise<RequestSession | 'replaced' | undefined> {
    const found = await this.endings.find(cookie);
    if (!found || found === 'replaced') return found;
    const session = this.sessions.of(found.session, carrier);
    if (found.renew) session.renew();
    try {
      const how = { canKeep: this.sessions.canKeepTokens(carrier), signal: carrier.gone };
      if (refreshes) session.replace(await this.fresh.forRequest(session.current, how));
      if (slides) await this.sliding.slide(session);
      if (!asksHooks) return session;
      return (await this.hooks.validate(session, carrier)) ? session : undefined;
    } catch (error) {
      if (error instanceof SessionEndedError) return (await this.endings.wasReplaced(session.current)) ? 'replaced' : undefined;
      throw error;
    }
  }
}
