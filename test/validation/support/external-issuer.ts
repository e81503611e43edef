import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSigningKey, type SigningKey } from './signed.js';

export interface Answer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  /** An object is sent as JSON, a text as it is. */
  readonly body?: unknown;
  /** Never answers. */
  readonly silent?: boolean;
}

export interface Question {
  readonly authorization: string | undefined;
  readonly form: URLSearchParams;
}

export const DISCOVERY = '/.well-known/openid-configuration';
export const JWKS = '/jwks';
export const INTROSPECT = '/introspect';

/** An issuer that is not ours: publishes keys, answers introspection, counts what it is asked. Tests replace its answers. */
export class ExternalIssuer {
  readonly asked = new Map<string, number>();
  readonly questions: Question[] = [];
  readonly answers = new Map<string, (question: Question) => Answer | Promise<Answer>>();
  readonly published: SigningKey[] = [];
  #server: Server | undefined;
  #port = 0;

  static async start(): Promise<ExternalIssuer> {
    const issuer = new ExternalIssuer();
    await issuer.open();
    issuer.answers.set(DISCOVERY, () => ({ body: issuer.metadata() }));
    issuer.answers.set(JWKS, () => ({ body: { keys: issuer.published.map((key) => key.publicJwk) } }));
    return issuer;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  metadata(): Record<string, unknown> {
    return { issuer: this.url, jwks_uri: `${this.url}${JWKS}`, introspection_endpoint: `${this.url}${INTROSPECT}` };
  }

  publish(algorithm: 'ES256' | 'RS256'): SigningKey {
    const key = createSigningKey(algorithm);
    this.published.push(key);
    return key;
  }

  withdraw(key: SigningKey): void {
    this.published.splice(this.published.indexOf(key), 1);
  }

  count(path: string): number {
    return this.asked.get(path) ?? 0;
  }

  /** Listens, on the same port as before. */
  async open(): Promise<void> {
    const server = createServer((request, response) => void this.#serve(request, response));
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
    listening.add(this);
  }

  async close(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    listening.delete(this);
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    this.asked.set(path, this.count(path) + 1);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const question = { authorization: request.headers.authorization, form: new URLSearchParams(Buffer.concat(chunks).toString()) };
    if (request.method === 'POST') this.questions.push(question);
    const answer = (await this.answers.get(path)?.(question)) ?? { status: 404 };
    if (answer.silent) return;
    response.writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers });
    response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {}));
  }
}

// A test that failed may have left one open, and that must not keep the run from ending.
const listening = new Set<ExternalIssuer>();
afterAll(() => Promise.all([...listening].map((issuer) => issuer.close())));
