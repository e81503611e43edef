import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLocalJWKSet, jwtVerify, type JWTPayload } from 'jose';

/** What its back-channel logout URI was sent. */
export interface ReceivedNotice {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly contentType: string | undefined;
  readonly form: URLSearchParams;
}

/** How it answers: with a status, never, by hanging up, by a redirect, or with a body without end. */
export type RelyingPartyAnswer = number | 'never' | 'hang up' | 'endless' | { readonly redirect: string };

/** An app's server, as far as back-channel logout goes. */
export class RelyingParty {
  readonly received: ReceivedNotice[] = [];
  /** To the next and all further notices. */
  answer: RelyingPartyAnswer = 200;
  private readonly waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  private readonly held = new Set<ServerResponse>();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<RelyingParty> {
    const server = createServer();
    const party = new RelyingParty(server);
    server.on('request', (request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const { method, url: path, headers } = request;
        party.received.push({
          method,
          path,
          contentType: headers['content-type'],
          form: new URLSearchParams(Buffer.concat(parts).toString()),
        });
        party.respond(response);
        for (const { count, resolve } of party.waiting) if (party.received.length >= count) resolve();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return party;
  }

  get uri(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/backchannel-logout`;
  }

  /** Resolves once so many notices have come in all; what came. */
  async until(count: number): Promise<readonly ReceivedNotice[]> {
    if (this.received.length < count) await new Promise<void>((resolve) => this.waiting.push({ count, resolve }));
    return this.received;
  }

  /** The last logout token that came. */
  get token(): string {
    return this.received.at(-1)?.form.get('logout_token') ?? '';
  }

  /** Answers those that were left waiting. */
  release(status: number): void {
    for (const response of this.held) response.writeHead(status).end();
    this.held.clear();
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private respond(response: ServerResponse): void {
    const { answer } = this;
    if (answer === 'never') this.held.add(response);
    else if (answer === 'hang up') response.destroy();
    else if (answer === 'endless') stream(response);
    else if (typeof answer === 'object') response.writeHead(307, { location: answer.redirect }).end();
    else response.writeHead(answer).end(answer === 204 ? undefined : 'thank you');
  }
}

function stream(response: ServerResponse): void {
  response.writeHead(200);
  const write = (): void => {
    while (!response.destroyed && response.write(Buffer.alloc(65_536)));
  };
  response.on('drain', write);
  write();
}

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';

/**
 * What an app must check before it believes a logout token (OpenID Connect Back-Channel Logout 1.0 §2.6), in the words of the specification.
 *
 * @throws when it is none
 */
export async function validateLogoutToken(
  token: string,
  { keys, issuer, client, now }: { keys: object; issuer: string; client: string; now: Date },
): Promise<JWTPayload> {
  const { payload } = await jwtVerify(token, createLocalJWKSet(keys as never), {
    typ: 'logout+jwt',
    issuer,
    audience: client,
    currentDate: now,
    algorithms: ['RS256', 'ES256'],
    requiredClaims: ['iat', 'exp', 'jti', 'events'],
  });
  const { sub, sid, events, nonce } = payload;
  if (typeof sub !== 'string' && typeof sid !== 'string') throw new Error('neither sub nor sid');
  if (typeof (events as Record<string, unknown>)[EVENT] !== 'object') throw new Error('not the event');
  if (nonce !== undefined) throw new Error('a nonce');
  return payload;
}
