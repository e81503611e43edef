import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../../protocol/clock.js';
import { SESSION_CLOCK } from '../session-clock.js';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from '../session.options.js';
import type { OpenSession } from '../state/open-session.js';
import { tokenOf, type AccessToken, type WantedToken } from '../state/session-state.js';

/** Milliseconds between two refreshes of a session whose tokens live no longer than that. */
const LEAST_APART = 10_000;

/** When an access token is to be replaced. */
@Injectable()
export class TokenFreshness {
  constructor(
    @Inject(SESSION_OPTIONS) private readonly options: ResolvedSessionOptions,
    @Inject(SESSION_CLOCK) private readonly clock: Clock,
  ) {}

  isDue({ receivedAt, expiresAt }: AccessToken): boolean {
    const now = this.clock.now().getTime();
    const before = Math.min(this.options.refresh.before * 1000, (expiresAt - receivedAt) / 2);
    // A clock that was set, or a provider whose tokens live a moment, must not bring a call on each request.
    return expiresAt - now <= before && Math.abs(now - receivedAt) >= Math.min(LEAST_APART, this.options.refresh.before * 1000);
  }

  /** Whether the newer one has a token of the wanted kind that the other has not, and that is good for a while. */
  brings(newer: OpenSession, session: OpenSession, wanted: WantedToken): boolean {
    const token = tokenOf(newer.state.tokens, wanted);
    return token !== undefined && token.accessToken !== tokenOf(session.state.tokens, wanted)?.accessToken && !this.isDue(token);
  }
}
