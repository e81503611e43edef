import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../../protocol/clock.js';
import { SESSION_CLOCK } from '../session-clock.js';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from '../session.options.js';
import { RefreshNews } from '../refresh/refresh-news.js';
import { TokenFreshness } from '../refresh/token-freshness.js';
import { OidcClient, type AppToken } from './oidc-client.js';
import { RefreshFailure } from './refresh-failure.js';

/** Tokens of the app itself, with nobody signed in (RFC 6749 §4.4): one for each API, kept for all who ask. */
@Injectable()
export class AppTokens {
  private readonly tokens = new Map<string, AppToken>();
  private readonly underWay = new Map<string, Promise<AppToken>>();

  constructor(
    private readonly provider: OidcClient,
    private readonly news: RefreshNews,
    private readonly freshness: TokenFreshness,
    @Inject(SESSION_OPTIONS) private readonly options: ResolvedSessionOptions,
    @Inject(SESSION_CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws TypeError: there is no API of that name; RefreshFailure: the provider gives none, and what was there is over */
  async get(name: string): Promise<string> {
    const known = this.tokens.get(name);
    if (known && !this.freshness.isDue(known)) return known.accessToken;
    try {
      return (await this.shared(name)).accessToken;
    } catch (error) {
      if (known && this.clock.now().getTime() < known.expiresAt) return known.accessToken;
      throw error;
    }
  }

  /** Those who come meanwhile share the answer, and a failure too; who comes later asks anew. */
  private shared(name: string): Promise<AppToken> {
    const running = this.underWay.get(name) ?? this.ask(name).finally(() => this.underWay.delete(name));
    this.underWay.set(name, running);
    return running;
  }

  private async ask(name: string): Promise<AppToken> {
    const api = Object.hasOwn(this.options.apis, name) ? this.options.apis[name] : undefined;
    if (!api) throw new TypeError('There is no API of that name in the options.');
    try {
      const token = await this.provider.appToken(api);
      this.tokens.set(name, token);
      return token;
    } catch (error) {
      if (error instanceof RefreshFailure) this.news.failed(error);
      throw error;
    }
  }
}
