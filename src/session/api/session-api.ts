import type { IncomingMessage, ServerResponse } from 'node:http';
import { MethodNotAllowedException, NotFoundException } from '@nestjs/common';
import { nodePairOf } from '../http/node-pair.js';
import { RefreshFailure } from '../provider/refresh-failure.js';
import type { WantedToken } from '../state/session-state.js';
import { addressBelow, relativePath } from './api-address.js';
import type { ApiOptions } from './api-options.js';
import { sendAnswer, takeOver } from './passed-on-answer.js';
import { bodyOf } from './passed-on-body.js';
import { passOn } from './passed-on-call.js';
import { callHeaders, passedOnHeaders } from './passed-on-headers.js';

/** What gives the token: the session of the request. */
export interface TokenSource {
  accessToken(options: WantedToken & { readonly force?: boolean }): Promise<string>;
  /** Milliseconds since the epoch. */
  tokenReceivedAt(wanted: WantedToken): number;
}

interface Sent<Answer> {
  readonly answer: Answer;
  readonly status: number | undefined;
  /** Nobody reads it. */
  discard(): unknown;
}

/** Milliseconds. An API that refuses everybody must not bring a refresh on each request. */
const YOUNG = 10_000;
/** Seconds. */
const PATIENCE = 30;

/** An API of the app's choice, called with the session's access token: at its own address and by the methods that were configured, and nowhere else. */
export class SessionApi {
  constructor(
    private readonly api: ApiOptions,
    private readonly session: TokenSource,
    private readonly now: () => number,
  ) {}

  /**
   * As the platform's `fetch`, but that redirects are answers and the token goes along. A 401 is tried once more with a new token, where the body can be
   * sent again.
   *
   * @param path below the API's address
   * @throws TypeError: another address or method, before anything is sent; as `accessToken`
   */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const url = addressBelow(this.api.url, path);
    const method = (init.method ?? 'GET').toUpperCase();
    if (!this.methods.includes(method)) throw new TypeError(`The API is not to be called by ${method}.`);
    return this.authorized(isRepeatable(init.body), async (token) => {
      const answer = await fetch(url.href, { ...init, method, headers: callHeaders(init.headers, token), redirect: 'manual' });
      return { answer, status: answer.status, discard: () => answer.body?.cancel() };
    });
  }

  /**
   * Passes a request on to the API, and its answer back to the browser, bodies as they come in. Cookies and what concerns single connections stay here;
   * redirects are answers. A body that the framework has read already is written again by its content type (JSON, form, text), or from `rawBody`; Fastify
   * reads or refuses every content type, unless a parser of `*` leaves the stream alone. A 401 is tried once more as with `fetch`.
   *
   * @param reply injected by `@Res()`: nobody else may answer
   * @param path below the API's address; default: that of the request. The request's query goes along, unless the path has one
   * @throws MethodNotAllowedException, NotFoundException: another method or address, before anything is sent; BadGatewayException,
   * GatewayTimeoutException: see `timeout`; as `accessToken`
   */
  async proxy(request: object, reply: object, path?: string): Promise<void> {
    const { request: incoming, response } = nodePairOf(request, reply);
    const gone = new AbortController();
    const leave = (): void => gone.abort();
    if (response.destroyed) leave();
    response.once('close', leave);
    try {
      const answer = await this.passedOn(request, incoming, { signal: gone.signal, ...this.target(incoming, response, path) });
      takeOver(reply, response);
      await sendAnswer(answer, response);
    } catch (error) {
      if (!gone.signal.aborted) throw error;
      takeOver(reply, response); // nobody is there to be answered
    }
  }

  private target(incoming: IncomingMessage, response: ServerResponse, path?: string): { readonly url: URL; readonly method: string } {
    const { method = '', url = '' } = incoming;
    if (!this.methods.includes(method)) {
      response.setHeader('allow', this.methods.join(', ')); // RFC 9110 §15.5.6
      throw new MethodNotAllowedException();
    }
    try {
      return { method, url: addressBelow(this.api.url, relativePath(url, path)) };
    } catch (cause) {
      throw new NotFoundException(undefined, { cause });
    }
  }

  private async passedOn(
    request: object,
    incoming: IncomingMessage,
    target: { readonly url: URL; readonly method: string; readonly signal: AbortSignal },
  ): Promise<IncomingMessage> {
    const body = bodyOf(request, incoming);
    const headers = passedOnHeaders(incoming.headers);
    const timeout = (this.api.timeout ?? PATIENCE) * 1000;
    return this.authorized(!(body && 'stream' in body), async (token) => {
      const answer = await passOn({ ...target, body, timeout, headers: { ...headers, authorization: `Bearer ${token}` } });
      return { answer, status: answer.statusCode, discard: () => answer.resume() };
    });
  }

  private async authorized<Answer>(isRepeatable: boolean, send: (token: string) => Promise<Sent<Answer>>): Promise<Answer> {
    const first = await send(await this.session.accessToken(this.wanted));
    if (first.status !== 401 || !isRepeatable || Math.abs(this.now() - this.session.tokenReceivedAt(this.wanted)) < YOUNG)
      return first.answer;
    const token = await this.newToken();
    if (token === undefined) return first.answer;
    await first.discard();
    return (await send(token)).answer;
  }

  /** Undefined: the provider gives none at the moment. */
  private async newToken(): Promise<string | undefined> {
    try {
      return await this.session.accessToken({ ...this.wanted, force: true });
    } catch (error) {
      if (error instanceof RefreshFailure) return undefined;
      throw error;
    }
  }

  private get wanted(): WantedToken {
    const { resource } = this.api;
    return resource === undefined ? {} : { resource };
  }

  private get methods(): readonly string[] {
    return this.api.methods ?? ['GET', 'HEAD'];
  }
}

const isRepeatable = (body: RequestInit['body']): boolean =>
  body === undefined ||
  body === null ||
  typeof body === 'string' ||
  body instanceof URLSearchParams ||
  body instanceof FormData ||
  body instanceof Blob ||
  body instanceof ArrayBuffer ||
  ArrayBuffer.isView(body);
