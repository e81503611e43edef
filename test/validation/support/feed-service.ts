import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { LogRow } from '../../../src/storage/revocation-log.store.js';
import { RevocationKind } from '../../../src/storage/revocation.store.js';
import { partOfRows } from '../../../src/validation/feed/feed-part.js';
import { createSigningKey } from './signed.js';

export type Place = 'discovery' | 'jwks' | 'token' | 'introspect' | 'snapshot' | 'stream' | 'poll';

export interface Asked {
  readonly place: Place;
  readonly request: IncomingMessage;
  readonly url: URL;
  readonly form: URLSearchParams;
  /** On the monotonic clock. */
  readonly at: number;
}

/** Answers in place of the service. */
export type Script = (response: ServerResponse, asked: Asked) => void | Promise<void>;

/** A service that issues tokens, introspects them and tells what was revoked, all from memory. Tests script its faults. */
export class FeedService {
  readonly key = createSigningKey('ES256');
  readonly asked: Asked[] = [];
  /** Claims of the tokens that introspection knows as good. */
  readonly active = new Map<string, Record<string, unknown>>();
  /** Introspection requests under way at once: the most that there were. */
  mostIntrospecting = 0;
  /** Questions with a token that is not, or no longer, good. */
  refusedTokens = 0;
  /** What a stranger may see of it: somewhere in between. */
  publicUrl: string | undefined;
  /** Seconds that its tokens live. */
  tokenLife = 900;
  /** Milliseconds between two ticks. */
  tick = 100;
  readonly #log: LogRow[] = [];
  readonly #scripts = new Map<Place, Script[]>();
  readonly #lasting = new Map<Place, Script>();
  readonly #sockets = new Set<Socket>();
  readonly #streams = new Set<ServerResponse>();
  readonly #waiting = new Set<() => void>();
  /** With the moment at which each ends, on the monotonic clock. */
  readonly #tokens = new Map<string, number>();
  #epoch = 1;
  #introspecting = 0;
  #server: Server | undefined;
  #port = 0;

  private constructor(private readonly scheme: 'http' | 'https') {}

  /** @param scheme https: with a certificate that nobody trusts who is not told to */
  static async start(scheme: 'http' | 'https' = 'http'): Promise<FeedService> {
    const service = new FeedService(scheme);
    await service.open();
    return service;
  }

  get ownUrl(): string {
    return `${this.scheme}://127.0.0.1:${this.#port}`;
  }

  get url(): string {
    return this.publicUrl ?? this.ownUrl;
  }

  /** Connections that are open to it. */
  get connections(): number {
    return this.#sockets.size;
  }

  get streams(): number {
    return this.#streams.size;
  }

  count(place: Place): number {
    return this.asked.filter((asked) => asked.place === place).length;
  }

  /** How it answers there next, one after the other. */
  next(place: Place, ...scripts: Script[]): void {
    this.#scripts.set(place, [...(this.#scripts.get(place) ?? []), ...scripts]);
  }

  /** How it answers there until told otherwise. */
  always(place: Place, script?: Script): void {
    if (script) this.#lasting.set(place, script);
    else this.#lasting.delete(place);
  }

  revoke(...rows: LogRow[]): void {
    this.#log.push(...rows);
    this.#wake();
  }

  /** The entry of a token. */
  revokeToken(jti: string, expiresAt = new Date(Date.now() + 900_000)): void {
    this.revoke({ kind: RevocationKind.entry, key: Buffer.from(jti, 'base64url'), expiresAt });
  }

  /** Numbers go back: whoever follows must read all of it. */
  beginAnew(): void {
    this.#epoch++;
    for (const stream of this.#streams) stream.end('event: reload\ndata: {}\n\n');
  }

  endStreams(): void {
    for (const stream of this.#streams) stream.end();
  }

  /** None of the tokens it has issued is good any more. */
  endTokens(): void {
    this.#tokens.clear();
  }

  /** Listens, on the same port as before. */
  async open(): Promise<void> {
    const serve: RequestListener = (request, response) => void this.#serve(request, response);
    const server = this.scheme === 'http' ? createServer(serve) : createTlsServer(tls(), serve);
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
    running.add(this);
  }

  async close(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    running.delete(this);
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const at = performance.now();
    const url = new URL(request.url ?? '', this.ownUrl);
    const place = placeOf(request, url);
    if (!place) return sendJson(response, 404, {});
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const asked = { place, request, url, form: new URLSearchParams(Buffer.concat(pieces).toString()), at };
    this.asked.push(asked);
    const script = this.#scripts.get(place)?.shift() ?? this.#lasting.get(place);
    await (script ? script(response, asked) : this.answer(response, asked));
  }

  /** As the service would. */
  async answer(response: ServerResponse, asked: Asked): Promise<void> {
    switch (asked.place) {
      case 'discovery':
        // By fetch, which would keep it for a while: what is open is the follower's.
        return sendJson(response, 200, this.#metadata(), { connection: 'close' });
      case 'jwks':
        return sendJson(response, 200, { keys: [this.key.publicJwk] });
      case 'token':
        return this.#token(response);
      case 'introspect':
        return this.#introspect(response, asked);
    }
    const token = asked.request.headers.authorization?.replace(/^Bearer /, '') ?? '';
    if (!((this.#tokens.get(token) ?? 0) > performance.now())) {
      this.refusedTokens++;
      return sendJson(response, 401, { error: 'invalid_token' });
    }
    if (asked.place === 'snapshot') return sendJson(response, 200, this.#partSince(0, asked.at));
    const after = this.#position(String(asked.request.headers['last-event-id'] ?? asked.url.searchParams.get('after')));
    if (after === undefined) return sendJson(response, 410, { error: 'invalid_request', reload: 'snapshot' });
    return asked.place === 'stream' ? this.#stream(response, after, asked.at) : this.#poll(response, after, asked);
  }

  #metadata(): Record<string, unknown> {
    const { url } = this;
    return {
      issuer: url,
      jwks_uri: `${url}/jwks`,
      token_endpoint: `${url}/token`,
      introspection_endpoint: `${url}/introspect`,
      revocation_feed_endpoint: `${url}/revocations`,
    };
  }

  #token(response: ServerResponse): void {
    const token = `feed-${randomBytes(8).toString('hex')}`;
    this.#tokens.set(token, performance.now() + this.tokenLife * 1000);
    sendJson(response, 200, { access_token: token, token_type: 'Bearer', expires_in: this.tokenLife, scope: 'revocations:read' });
  }

  async #introspect(response: ServerResponse, { form }: Asked): Promise<void> {
    this.mostIntrospecting = Math.max(this.mostIntrospecting, ++this.#introspecting);
    await new Promise((resolve) => setTimeout(resolve, 20));
    this.#introspecting--;
    const claims = this.active.get(form.get('token') ?? '');
    sendJson(response, 200, claims ? { active: true, token_type: 'Bearer', ...claims } : { active: false });
  }

  async #poll(response: ServerResponse, after: number, { url, at }: Asked): Promise<void> {
    if (after === this.#log.length) await this.#news(Number(url.searchParams.get('wait') ?? 0) * 1000);
    sendJson(response, 200, this.#partSince(after, at));
  }

  async #stream(response: ServerResponse, after: number, at: number): Promise<void> {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    this.#streams.add(response);
    response.once('close', () => this.#streams.delete(response));
    for (let position = after; !response.writableEnded && !response.destroyed; await this.#news(this.tick)) {
      if (response.writableEnded || response.destroyed) break;
      response.write(this.event(position, at));
      position = this.#log.length;
    }
    this.#streams.delete(response);
  }

  /** @param at when the request was accepted, on the monotonic clock */
  event(position: number, at: number): string {
    const { cursor, ...part } = this.#partSince(position, at);
    return `id: ${cursor}\nevent: ${position < this.#log.length ? 'delta' : 'tick'}\ndata: ${JSON.stringify(part)}\n\n`;
  }

  #partSince(position: number, at: number) {
    const cursor = Buffer.from(`${this.#epoch};${this.#log.length}`).toString('base64url');
    return { cursor, ...partOfRows(this.#log.slice(position), performance.now() - at) };
  }

  #position(cursor: string): number | undefined {
    const [epoch, position] = Buffer.from(cursor, 'base64url').toString().split(';').map(Number);
    return epoch === this.#epoch ? position : undefined;
  }

  #news(patience: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, patience);
      this.#waiting.add(done);
    });
  }

  #wake(): void {
    for (const done of this.#waiting) done();
  }
}

/** Where its certificate is. */
export const CERTIFICATE = new URL('tls/certificate.pem', import.meta.url);
const tls = () => ({ cert: readFileSync(CERTIFICATE), key: readFileSync(new URL('tls/key.pem', import.meta.url)) });

const PLACES: Readonly<Record<string, Place>> = {
  '/.well-known/openid-configuration': 'discovery',
  '/jwks': 'jwks',
  '/token': 'token',
  '/introspect': 'introspect',
  '/revocations/snapshot': 'snapshot',
};

function placeOf({ headers }: IncomingMessage, { pathname }: URL): Place | undefined {
  if (pathname === '/revocations') return headers.accept === 'text/event-stream' ? 'stream' : 'poll';
  return PLACES[pathname];
}

export function sendJson(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers });
  response.end(JSON.stringify(body));
}

// A test that failed may have left one open, and that must not keep the run from ending.
const running = new Set<FeedService>();
afterAll(() => Promise.all([...running].map((service) => service.close())));
