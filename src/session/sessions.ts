import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { SessionCookie } from './cookie/session-cookie.js';
import { carrierOf, carrierOfUpgrade, type Carrier } from './http/carrier.js';
import { addLateCookies } from './http/late-cookies.js';
import type { NodePair } from './http/node-pair.js';
import { isSkipped } from './http/skipped-paths.js';
import type { RequestSession } from './request-session.js';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from './session.options.js';
import { SessionJobs, type WhoseSessions } from './session-jobs.js';
import { SessionValidation, type SessionUse } from './session-validation.js';
import { SessionWatch } from './session-watch.js';
import type { OpenSession } from './state/open-session.js';
import { reachingStore } from './state/reaching-store.js';
import { SessionTooLargeError } from './state/session-too-large.error.js';
import type { WebSession } from './web-session.js';

/** The session of each request, looked at once however many ask. Whoever does not ask pays nothing. */
@Injectable()
export class Sessions {
  private readonly ofRequests = new WeakMap<object, Promise<RequestSession | undefined>>();

  constructor(
    private readonly validation: SessionValidation,
    private readonly cookie: SessionCookie,
    private readonly watch: SessionWatch,
    @Inject(SESSION_OPTIONS) private readonly options: ResolvedSessionOptions,
    private readonly jobs: SessionJobs,
  ) {}

  /**
   * Undefined: nobody is signed in; a cookie that is worth nothing any more is taken away.
   * @param use of whoever asks first
   * @throws RefreshFailure: the tokens are over, and the provider away; SessionStoreUnavailableError. In both cases the session is kept.
   */
  of(pair: NodePair, use: SessionUse = {}): Promise<RequestSession | undefined> {
    if (isSkipped(pair.request.url, this.options.skip)) return Promise.resolve(undefined);
    let session = this.ofRequests.get(pair.request);
    if (!session) {
      session = this.read(pair, use);
      this.ofRequests.set(pair.request, session);
    }
    return session;
  }

  /**
   * The session of a socket, from the request that asked for it (Node's 'upgrade'). Null: nobody is signed in, or another site's page asked. It serves for
   * as long as the socket is open; when it ends, wherever, the socket is closed.
   * @throws as `of`
   */
  async fromUpgrade(request: IncomingMessage): Promise<WebSession | null> {
    // Browsers always say who asks (RFC 6455 §10.2); the cookie comes along whoever that is.
    if (request.headers.origin !== this.options.baseUrl) return null;
    const received = this.cookie.receive(request.headers.cookie);
    if (received.value === undefined) return null;
    const carrier = carrierOfUpgrade(request);
    const session = await this.validate(received.value, carrier, { slides: false });
    if (!session || session === 'replaced') return null;
    this.watch.add(session, carrier);
    return session;
  }

  /** The session of a request, if anybody has asked for it. */
  async known(request: object): Promise<RequestSession | undefined> {
    return this.ofRequests.get(request)?.catch(() => undefined);
  }

  /** Whether the browser says that it has a session, good or not. */
  isPresented({ request }: NodePair): boolean {
    return this.cookie.receive(request.headers.cookie).pieces.length > 0;
  }

  /** A session that begins with this answer. @throws SessionTooLargeError */
  begin({ request, response }: NodePair, open: OpenSession): void {
    const lines = this.cookie.set(open, this.cookie.receive(request.headers.cookie).pieces);
    if (!lines) throw new SessionTooLargeError();
    addLateCookies(response, () => lines);
  }

  /**
   * An access token of the app itself, for one of the configured APIs: for jobs, where nobody is signed in. It is kept for as long as it is good.
   * @throws TypeError: there is no API of that name; RefreshFailure: the provider gives none
   */
  appToken(name: string): Promise<string> {
    return this.jobs.appToken(name);
  }

  /**
   * Ends all sessions that a person has here, in every process, from the next request on. How many; without a database nobody knows, and it is this
   * process alone.
   * @throws SessionStoreUnavailableError
   */
  endSessions(whose: WhoseSessions): Promise<number> {
    return reachingStore(this.jobs.endSessions(whose));
  }

  private async read(pair: NodePair, use: SessionUse): Promise<RequestSession | undefined> {
    const received = this.cookie.receive(pair.request.headers.cookie);
    if (received.pieces.length === 0) return undefined;
    const outcome: { session?: RequestSession; rejected?: boolean } = {};
    addLateCookies(pair.response, () => {
      const { session, rejected } = outcome;
      if (rejected || session?.cookie === 'clear') return this.cookie.clear(received.pieces);
      return session?.cookie === 'set' ? this.cookie.renew(session.toSend, received.pieces) : [];
    });
    const carrier = carrierOf(pair);
    const session = await this.validate(received.value, carrier, use);
    if (!session || session === 'replaced') {
      outcome.rejected = session !== 'replaced';
      return undefined;
    }
    outcome.session = session;
    this.watch.add(session, carrier);
    return session;
  }

  private validate(cookie: string | undefined, carrier: Carrier, use: SessionUse): Promise<RequestSession | 'replaced' | undefined> {
    return reachingStore(this.validation.validate(cookie, carrier, use));
  }
}
