import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../protocol/clock.js';
import { AppTokens } from './provider/app-tokens.js';
import { SESSION_CLOCK } from './session-clock.js';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from './session.options.js';
import { SessionEndings } from './session-endings.js';

/** Whose sessions: a person's, as the provider names them, or those of one session at the provider. */
export type WhoseSessions = { readonly sub: string; readonly sid?: string } | { readonly sid: string; readonly sub?: undefined };

/** What an application does with sessions where there is no request. */
@Injectable()
export class SessionJobs {
  constructor(
    private readonly tokens: AppTokens,
    private readonly endings: SessionEndings,
    @Inject(SESSION_OPTIONS) private readonly options: ResolvedSessionOptions,
    @Inject(SESSION_CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws TypeError, RefreshFailure */
  appToken(name: string): Promise<string> {
    return this.tokens.get(name);
  }

  /** @throws TypeError, StorageUnavailableError */
  endSessions({ sub, sid }: WhoseSessions): Promise<number> {
    const now = this.clock.now().getTime();
    const whose = { ...(sub !== undefined && { subject: sub }), ...(sid !== undefined && { sid }), createdBefore: new Date(now + 1) };
    // What is stored is there already, whatever the clock of the process said that stored it.
    return this.endings.endAll(whose, 'ended', new Date(now + this.options.session.absolute * 1000));
  }
}
