import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import { StorageUnavailableError } from '../storage/storage-unavailable.error.js';
import { SessionCookie } from './cookie/session-cookie.js';
import { addLateCookies } from './http/late-cookies.js';
import type { NodePair } from './http/node-pair.js';
import type { RequestSession } from './request-session.js';
import { SessionValidation } from './session-validation.js';
import type { OpenSession } from './state/open-session.js';
import { SessionStoreUnavailableError } from './state/session-store-unavailable.error.js';
import { SessionTooLargeError } from './state/session-too-large.error.js';

/** The session of each request, looked at once however many ask. Whoever does not ask pays nothing. */
@Injectable()
export class Sessions {
  private readonly ofRequests = new WeakMap<object, Promise<RequestSession | undefined>>();

  constructor(
    private readonly validation: SessionValidation,
    private readonly cookie: SessionCookie,
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

  /** A session that begins with this answer. @throws SessionTooLargeError */
  begin({ response }: NodePair, open: OpenSession): void {
    const lines = this.cookie.set(open, []);
    if (!lines) throw new SessionTooLargeError();
    addLateCookies(response, () => lines);
  }

  private async read({ request, response }: NodePair): Promise<RequestSession | undefined> {
    const received = this.cookie.receive(request.headers.cookie);
    if (received.pieces.length === 0) return undefined;
    const outcome: { session?: RequestSession; rejected?: true } = {};
    addLateCookies(response, () => {
      const { session, rejected } = outcome;
      if (rejected || session?.cookie === 'clear') return this.cookie.clear(received.pieces);
      // What does not fit stays where it is: the cookie that the browser has still leads there.
      return (session?.cookie === 'set' && this.cookie.set(session.current, received.pieces)) || [];
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
}
