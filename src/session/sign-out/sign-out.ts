import { Injectable } from '@nestjs/common';
import type { RequestSession } from '../request-session.js';
import { SessionEndings } from '../session-endings.js';
import { OidcClient } from '../provider/oidc-client.js';
import { LogoutTokens } from './logout-tokens.js';

/** Ends sessions: from here, or because they ended at the provider. */
@Injectable()
export class SignOut {
  constructor(
    private readonly endings: SessionEndings,
    private readonly provider: OidcClient,
    private readonly tokens: LogoutTokens,
  ) {}

  /** Where the person signs out at the provider, too. Works without the provider. @throws StorageUnavailableError */
  async here(session: RequestSession | undefined, returnTo: string): Promise<string> {
    if (!session) return returnTo;
    session.cookie = 'clear';
    await this.endings.signOut(session.current);
    const url = await this.provider.signOutUrl(session.current.state.tokens.idToken, returnTo).catch(() => undefined);
    return url?.href ?? returnTo;
  }

  /** False: no logout token for this app. @throws when keys or sessions cannot be looked up */
  async there(token: unknown): Promise<boolean> {
    const ended = typeof token === 'string' ? await this.tokens.read(token) : undefined;
    if (!ended) return false;
    await this.endings.endedThere(ended);
    return true;
  }
}
