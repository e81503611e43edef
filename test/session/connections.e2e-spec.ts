import type { IncomingMessage, Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Controller, Get, Post, Res } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { WebSocket } from 'ws';
import { nodePairOf } from '../../src/session/http/node-pair.js';
import { Authenticated } from '../../src/session/http/authenticated.decorator.js';
import { CurrentSession } from '../../src/session/http/current-session.decorator.js';
import { SessionGuard } from '../../src/session/http/session.guard.js';
import { Sessions } from '../../src/session/sessions.js';
import type { WebSession } from '../../src/session/web-session.js';
import { cookieAfter, WAYS, WebApp } from './support/web-app.js';

@Controller()
class FeedController {
  /** Server-sent events, by Node's own response. */
  @Get('feed')
  @Authenticated({ csrf: 'origin' })
  feed(@CurrentSession() session: WebSession, @Res() reply: object): void {
    const { response } = nodePairOf(reply, reply);
    (reply as { hijack?: () => void }).hijack?.();
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`data: ${session.user.sub}\n\n`);
    session.ended.addEventListener('abort', () => response.write('data: bye\n\n'));
  }

  @Post('promote')
  @Authenticated()
  promote(@CurrentSession() session: WebSession): Promise<void> {
    return session.regenerate();
  }
}

@WebSocketGateway({ path: '/chat' })
class ChatGateway {
  @SubscribeMessage('say')
  say(): object {
    return { event: 'said' };
  }

  /** A mistake: a message has no session. */
  @SubscribeMessage('whisper')
  @Authenticated()
  whisper(): object {
    return { event: 'whispered' };
  }
}

const options = { controllers: [FeedController] };

/** Handshakes, as far as a session is concerned. Sessions of the sockets, in the order in which they came. */
function serveSockets(app: WebApp): (WebSession | null)[] {
  const sockets: (WebSession | null)[] = [];
  const sessions = app.app.get(Sessions, { strict: false });
  (app.app.getHttpServer() as Server).on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    void sessions.fromUpgrade(request).then((session) => {
      sockets.push(session);
      if (!session) return socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n');
      return socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n');
    });
  });
  return sockets;
}

async function upgrade(app: WebApp, cookie: string, origin = app.url): Promise<{ socket: Socket; status: string }> {
  const { port } = new URL(app.address);
  const socket = connect(Number(port), '127.0.0.1');
  const lines = ['GET /live HTTP/1.1', 'Host: localhost', 'Connection: Upgrade', 'Upgrade: test', `Cookie: ${cookie}`];
  socket.write([...lines, ...(origin !== '' ? [`Origin: ${origin}`] : []), '', ''].join('\r\n'));
  const head = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
  return { socket, status: head.toString().slice(9, 12) };
}

const closed = (socket: Socket): Promise<void> => new Promise((resolve) => socket.once('close', () => resolve()).resume());

/** All of a stream until it ends, or is cut off. */
async function received({ body }: Response): Promise<string> {
  let text = '';
  try {
    for await (const chunk of body ?? []) text += Buffer.from(chunk as Uint8Array).toString();
  } catch {
    // cut off
  }
  return text;
}

describe.each(WAYS)('Sockets and streams: %s store on %s', (store, host) => {
  let app: WebApp;
  let other: WebApp;
  let cookie: string;
  let sockets: (WebSession | null)[];
  beforeAll(async () => {
    app = await WebApp.start({ store, host, ...options });
    other = await WebApp.start({ store, host, beside: app });
    sockets = serveSockets(app);
  });
  afterAll(async () => {
    await other.close();
    await app.close();
  });
  beforeEach(async () => {
    cookie = app.cookieOf(await app.signedIn());
    app.provider.forgetCalls();
    sockets.length = 0;
  });

  it('R29, R30: a handshake with cookie and origin gets a session whose token stays fresh, also after others refreshed it', async () => {
    const { socket, status } = await upgrade(app, cookie);
    const [session] = sockets;
    const first = await session?.accessToken();
    app.clock.advance(301);
    const second = await session?.accessToken();
    expect([status, app.refreshes, second === first]).toEqual(['101', 1, false]);
    const browser = await other.orders(cookie); // its next answer brings the cookie that the socket could not
    expect([browser.status, browser.body.token, app.refreshes]).toEqual([200, second, 1]);
    expect(browser.cookies).toHaveLength(store === 'cookie' ? 1 : 0);
    const newer = browser.cookies[0]?.split(';')[0] ?? cookie;
    for (let n = 0; n < 3; n++) {
      app.clock.advance(301);
      const answer = await other.orders(newer);
      if (store === 'postgres') expect(await session?.accessToken()).toBe(answer.body.token);
    }
    app.clock.advance(3_600);
    const token = await session?.accessToken();
    expect(app.provider.accessToken(token ?? '')).toMatchObject({ sub: 'ada' });
    socket.destroy();
  });

  it.each<[string, (app: WebApp, cookie: string) => [string, string]]>([
    ['no cookie', (app) => ['', app.url]],
    ['a cookie that is nobody’s', (app) => ['session=x', app.url]],
    ['another site’s page', (_, cookie) => [cookie, 'https://evil.example']],
    ['nobody’s page', (_, cookie) => [cookie, '']],
  ])('R30: a handshake with %s gets none', async (_, from) => {
    const [sent, origin] = from(app, cookie);
    const { socket, status } = await upgrade(app, sent, origin);
    expect([status, sockets]).toEqual(['401', [null]]);
    socket.destroy();
  });
});

it('R30: when the session ends elsewhere, sockets and streams are closed, with time for a last word', async () => {
  // Looks are seconds apart: all ways wait for them at the same time.
  await Promise.all(
    [...WAYS.map(([store, host]) => ({ store, host })), { database: false } as const].map(async (way) => {
      const app = await WebApp.start({ ...way, ...options });
      const other = 'database' in way ? app : await WebApp.start({ ...way, beside: app });
      const sessions = serveSockets(app);
      const cookie = app.cookieOf(await app.signedIn());
      const { socket } = await upgrade(app, cookie);
      const feed = received(await app.script(cookie, '/feed', { headers: { 'sec-fetch-site': 'same-origin' } }));
      const { socket: stays } = await upgrade(app, app.cookieOf(await app.signedIn()));
      await other.script(cookie, '/session/logout', { method: 'POST' });
      await closed(socket);
      expect(await feed).toBe('data: ada\n\ndata: bye\n\n');
      expect([sessions[0]?.ended.aborted, sessions[1]?.ended.aborted, stays.destroyed]).toEqual([true, false, false]);
      await expect(sessions[0]?.accessToken({ force: true })).rejects.toThrow();
      stays.destroy();
      if (other !== app) await other.close();
      await app.close();
    }),
  );
});

// Whoever reads along by an id that was found out is to be rid of when it is replaced.
it('R21, R30: when the session gets another id, wherever, what is open by the old one is closed, and the session goes on', async () => {
  await Promise.all(
    WAYS.map(async ([store, host]) => {
      const app = await WebApp.start({ store, host, ...options });
      const other = await WebApp.start({ store, host, ...options, beside: app });
      const sessions = serveSockets(app);
      const cookie = app.cookieOf(await app.signedIn());
      const { socket } = await upgrade(app, cookie);
      const feed = received(await app.script(cookie, '/feed', { headers: { 'sec-fetch-site': 'same-origin' } }));
      const promoted = await other.script(cookie, '/promote', { method: 'POST' });
      await closed(socket);
      expect([await feed, sessions[0]?.ended.aborted]).toEqual(['data: ada\n\ndata: bye\n\n', true]);
      const newer = cookieAfter({ cookies: promoted.headers.getSetCookie() }, cookie);
      expect([(await app.orders(newer)).status, (await app.orders(cookie)).status]).toEqual([200, 401]);
      await other.close();
      await app.close();
    }),
  );
});

it('R29 without a database: a socket uses its token to the end, and does not refresh what the browser could not learn of', async () => {
  const app = await WebApp.start({ database: false });
  const sockets = serveSockets(app);
  const cookie = app.cookieOf(await app.signedIn());
  app.provider.forgetCalls();
  const { socket } = await upgrade(app, cookie);
  const session = sockets.at(-1);
  app.clock.advance(299);
  expect(typeof (await session?.accessToken())).toBe('string');
  app.clock.advance(1);
  await expect(session?.accessToken()).rejects.toMatchObject({ name: 'RefreshFailure', kind: 'unavailable' });
  expect(app.refreshes).toBe(0);
  expect((await app.orders(cookie)).status).toBe(200);
  socket.destroy();
  await app.close();
});

it.each(['fastify', 'express'] as const)(
  'a guard of all routes lets the messages of a gateway pass, and refuses those of a handler that asks for a session (%s)',
  async (host) => {
    const providers = [ChatGateway, { provide: APP_GUARD, useExisting: SessionGuard }];
    const app = await WebApp.start({ host, database: false, providers, prepare: (it) => it.useWebSocketAdapter(new WsAdapter(it)) });
    const log: string[] = [];
    const keep = (...parts: unknown[]): void => void log.push(parts.map(String).join(' '));
    app.app.useLogger({ log: keep, error: keep, warn: keep, fatal: keep });
    const socket = new WebSocket(`${app.address.replace('http', 'ws')}/chat`);
    await new Promise((resolve) => socket.once('open', resolve));
    const say = async (event: string): Promise<unknown> => {
      const answer = new Promise<Buffer>((resolve) => socket.once('message', resolve));
      socket.send(JSON.stringify({ event }));
      return JSON.parse((await answer).toString());
    };
    expect(await say('say')).toEqual({ event: 'said' });
    expect(await say('whisper')).toMatchObject({ event: 'exception' });
    expect(log.join()).toContain('ChatGateway.whisper: only HTTP requests have sessions.');
    expect((await app.get('/static', { 'x-csrf': '1' })).status).toBe(401);
    socket.terminate();
    await app.close();
  },
);
