import { SessionApi } from './api/session-api.js';
import type { Carrier } from './http/carrier.js';
import type { ResolvedSessionOptions } from './session.options.js';
import { sessionIdHash } from './state/session-ids.js';
import { SessionEndedError, withTokensOf, type OpenSession } from './state/open-session.js';
import { reachingStore } from './state/reaching-store.js';
import { tokenOf, type UserClaims, type WantedToken } from './state/session-state.js';
import { valueFault } from './state/value-fault.js';
import type { AccessTokenOptions, WebSession } from './web-session.js';

/** What a request can do to its session; done by whoever keeps sessions. */
export interface SessionActions {
  fresh(session: OpenSession, carrier: Pick<Carrier, 'canSetCookies'>, options: AccessTokenOptions): Promise<OpenSession>;
  value(session: OpenSession, name: string): unknown;
  /** Whether that takes a cookie. */
  readonly keepsInCookie: boolean;
  keep(session: OpenSession, name: string, value: unknown): Promise<OpenSession>;
  replaceUser(session: OpenSession, claims: UserClaims): Promise<OpenSession>;
  regenerate(session: OpenSession): Promise<OpenSession>;
  end(session: OpenSession, detail?: string): Promise<void>;
  /** The browser has another cookie by now. */
  wasReplaced(session: OpenSession): Promise<boolean>;
  /** With what other requests have changed meanwhile, where nothing else would know. */
  upToDate(session: OpenSession): OpenSession;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** The session of one request or socket: what came in, and what the answer must say of it. */
export class RequestSession implements WebSession {
  /** What the answer does with the cookie. */
  cookie: 'keep' | 'set' | 'clear' = 'keep';
  private readonly ending = new AbortController();
  private lastWork: Promise<void> | undefined;

  constructor(
    private open: OpenSession,
    private readonly options: Pick<ResolvedSessionOptions, 'session' | 'apis' | 'store'>,
    private readonly carrier: Pick<Carrier, 'canSetCookies'>,
    private readonly actions: SessionActions,
  ) {}

  get current(): OpenSession {
    return this.open;
  }

  /** What a cookie that is sent now must hold. */
  get toSend(): OpenSession {
    return this.actions.upToDate(this.open);
  }

  get id(): string {
    return sessionIdHash(this.open.id).toString('base64url');
  }

  get user(): UserClaims {
    return this.open.user;
  }

  get expiresAt(): Date {
    return new Date(this.open.state.createdAt + this.options.session.absolute * 1000);
  }

  get ended(): AbortSignal {
    return this.ending.signal;
  }

  get(name: string): unknown {
    return this.actions.value(this.open, name);
  }

  async set(name: string, value: unknown): Promise<void> {
    const fault = valueFault(name, value);
    if (fault) throw fault;
    await this.keepBy(() => this.actions.keep(this.open, name, value));
  }

  /** Other claims of the same person. */
  replaceUser(claims: UserClaims): Promise<void> {
    return this.keepBy(() => this.actions.replaceUser(this.open, claims));
  }

  async accessToken(options: AccessTokenOptions = {}): Promise<string> {
    this.replace(await this.whileLive(this.actions.fresh(this.open, this.carrier, options)));
    const token = tokenOf(this.open.state.tokens, options);
    if (!token) throw new Error('A refresh brought no token of the kind that was asked for.');
    return token.accessToken;
  }

  tokenReceivedAt(wanted: WantedToken): number {
    return tokenOf(this.open.state.tokens, wanted)?.receivedAt ?? 0;
  }

  api(name: string): SessionApi {
    const api = Object.hasOwn(this.options.apis, name) ? this.options.apis[name] : undefined;
    if (!api) throw new TypeError('There is no API of that name in the options.');
    return new SessionApi(api, this, () => this.actions.now());
  }

  async regenerate(): Promise<void> {
    this.mustReachBrowser(true);
    this.open = await this.whileLive(this.actions.regenerate(this.open));
    this.renew();
  }

  end(detail?: string): Promise<void> {
    this.lastWork = this.whileLive(this.actions.end(this.open, detail)).then(() => {
      this.cookie = 'clear';
      this.hasEnded();
    });
    return this.lastWork;
  }

  /** Whether the request itself has ended it, also if it did not wait for that. @throws as `end` */
  async wasEnded(): Promise<boolean> {
    await this.lastWork;
    return this.lastWork !== undefined;
  }

  /** What a refresh brought; the rest stays as this request has it. */
  replace(newer: OpenSession): void {
    if (newer.generation === this.open.generation) return;
    this.open = withTokensOf(this.open, newer);
    if (this.options.store === 'cookie') this.renew();
  }

  /** The same session and tokens, otherwise changed by the request itself. */
  change(changed: OpenSession): void {
    this.open = changed;
    this.renew();
  }

  /** What was taken away is not given back. */
  renew(): void {
    if (this.cookie !== 'clear') this.cookie = 'set';
  }

  hasEnded(): void {
    this.ending.abort();
  }

  private async keepBy(keep: () => Promise<OpenSession>): Promise<void> {
    this.mustReachBrowser(this.actions.keepsInCookie);
    this.open = await this.whileLive(keep());
    if (this.actions.keepsInCookie) this.renew();
  }

  /** Errors as the answer's filter knows them. Once the session has ended, its cookie is of no use. */
  private async whileLive<T>(work: Promise<T>): Promise<T> {
    try {
      return await reachingStore(work);
    } catch (error) {
      if (error instanceof SessionEndedError) this.cookie = (await reachingStore(this.actions.wasReplaced(this.open))) ? 'keep' : 'clear';
      throw error;
    }
  }

  private mustReachBrowser(must: boolean): void {
    if (must && !this.carrier.canSetCookies()) throw new Error('The browser would not know of it: the answer has begun, or there is none.');
  }
}
