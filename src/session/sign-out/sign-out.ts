import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../../protocol/clock.js';
import type { RequestSession } from '../request-session.js';
import { SESSION_CLOCK } from '../session-clock.js';
import { SessionEndings } from '../session-endings.js';
import { OidcClient } from '../provider/oidc-client.js';
import type { OpenSession } from '../state/open-session.js';
import { reachingStore } from '../state/reaching-store.js';
import { SessionRecords } from '../state/session-records.js';
import { LogoutTokens } from './logout-tokens.js';

/** Milliseconds that somebody who signs out waits for the provider. */
const PATIENCE = 2_000;

/** Ends sessions: from here, or because they ended at the provider. */
@Injectable()
export class SignOut {
  constructor(
    private readonly endings: SessionEndings,
    private readonly provider: OidcClient,
    private readonly tokens: LogoutTokens,
    private readonly records: SessionRecords,
    @Inject(SESSION_CLOCK) private readonly clock: Clock,
  ) {}

  /** Where the person signs out at the provider, too. Works without the provider. @throws SessionStoreUnavailableError: it may be asked again */
  async here(session: RequestSession | undefined, returnTo: string): Promise<string> {
    if (!session) return returnTo;
    const idToken = await this.idTokenOf(session.current);
    const url = within(PATIENCE, this.provider.signOutUrl(idToken, returnTo));
    await reachingStore(this.endings.signOut(session.current));
    session.cookie = 'clear';
    await reachingStore(this.endings.endOthersOf(session.current, this.clock.now()));
    return (await url)?.href ?? returnTo;
  }

  /**
   * False: no logout token for this app, or one that came before.
   * @throws RefreshFailure, SessionStoreUnavailableError: keys or sessions cannot be looked up; the provider may tell it again
   */
  async there(token: unknown): Promise<boolean> {
    const ended = await this.tokens.read(token);
    if (!ended) return false;
    await reachingStore(this.endings.endedThere(ended));
    return reachingStore(this.tokens.firstSeen(ended));
  }

  /** Cookies do not have it. @throws SessionStoreUnavailableError */
  private async idTokenOf({ id, state }: OpenSession): Promise<string | undefined> {
    return state.tokens.idToken ?? (await reachingStore(this.records.newest(id)))?.state.tokens.idToken;
  }
}

/** Undefined: it takes longer, or fails. */
const within = <T>(milliseconds: number, work: Promise<T>): Promise<T | undefined> =>
  Promise.race([work.catch(() => undefined), new Promise<undefined>((resolve) => setTimeout(resolve, milliseconds, undefined).unref())]);
