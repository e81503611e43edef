import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../protocol/clock.js';
import { StorageUnavailableError } from '../storage/storage-unavailable.error.js';
import { SetCookies } from './cookie/set-cookies.js';
import { addLateCookies } from './http/late-cookies.js';
import type { NodePair } from './http/node-pair.js';
import { RequestSession } from './request-session.js';
import { SESSION_CLOCK } from './session-clock.js';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from './session.options.js';
import { SessionValidation } from './session-validation.js';
import type { OpenSession } from './state/open-session.js';
import { SessionCodec } from './state/session-codec.js';
import { SessionStoreUnavailableError } from './state/session-store-unavailable.error.js';

/** The session of each request, looked at once however many ask. Whoever does not ask pays nothing. */
@Injectable()
export class Sessions {
  private readonly ofRequests = new WeakMap<object, Promise<RequestSession | undefined>>();

  constructor(
    private readonly validation: SessionValidation,
    private readonly codec: SessionCodec,
    private readonly cookies: SetCookies,
    @Inject(SESSION_OPTIONS) private readonly options: ResolvedSessionOptions,
    @Inject(SESSION_CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Undefined: nobody is signed in; a cookie that is worth nothing any more is taken away.
   * @throws RefreshFailure: the tokens are over, and the provider away; SessionStoreUnavailableError. In both cases the session is kept.
   */
  of(pair: NodePair): Promise<RequestSession | undefined> {
    let session = this.ofRequests.get(pair.request);
    if (!session) {
      session = this.read(pair);
      this.ofRequests.set(pair.request, session);
    }
    return session;
  }

  /** A session that begins with this answer. */
  begin({ response }: NodePair, open: OpenSession): void {
    addLateCookies(response, () => this.lines(open, []));
  }

  private async read({ request, response }: NodePair): Promise<RequestSession | undefined> {
    const { name } = this.options.cookie;
    const received = this.cookies.receive(name, request.headers.cookie);
    if (received.pieces.length === 0) return undefined;
    const outcome: { session?: RequestSession; rejected?: true } = {};
    addLateCookies(response, () => {
      const { session, rejected } = outcome;
      if (rejected || session?.cookie === 'clear') return this.cookies.clear(name, received.pieces);
      return session?.cookie === 'set' ? this.lines(session.current, received.pieces) : [];
    });
    const session = await this.validate(received.value, request);
    Object.assign(outcome, session ? { session } : { rejected: true });
    return session;
  }

  private async validate(cookie: string | undefined, request: IncomingMessage): Promise<RequestSession | undefined> {
    try {
      return await this.validation.validate(cookie, request);
    } catch (error) {
      throw error instanceof StorageUnavailableError ? new SessionStoreUnavailableError(error) : error;
    }
  }

  private lines(open: OpenSession, stale: readonly string[]): readonly string[] {
    const { cookie, session } = this.options;
    const end = Math.min(open.idleUntil, open.state.createdAt + session.absolute * 1000);
    const seconds = Math.max(0, Math.floor((end - this.clock.now().getTime()) / 1000));
    const lines = this.cookies.set(cookie.name, this.codec.cookieValue(open.id, open), seconds, stale);
    if (!lines) throw new SessionTooLargeError();
    return lines;
  }
}

/** The tokens and claims are more than a browser's cookies hold: keep sessions in Postgres. */
export class SessionTooLargeError extends Error {
  constructor() {
    super("session_too_large: the session does not fit into a browser's cookies. Use store: 'postgres'.");
    this.name = 'SessionTooLargeError';
  }
}
