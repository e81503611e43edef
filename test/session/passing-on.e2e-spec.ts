import { once } from 'node:events';
import { request, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { All, Controller, Get, Req, Res, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { Authenticated } from '../../src/session/http/authenticated.decorator.js';
import { CurrentSession } from '../../src/session/http/current-session.decorator.js';
import type { WebSession } from '../../src/session/web-session.js';
import { unusedPort } from '../support/unused-port.js';
import { TestApi } from './support/test-api.js';
import { WAYS, WebApp } from './support/web-app.js';

const CSRF = { 'x-csrf': '1' };
const MEGABYTE = 1_048_576;

/** What happens between the guard and the call. */
let meanwhile: () => Promise<void> | void = () => undefined;

@Controller()
@Authenticated()
class ShopController implements OnModuleInit {
  constructor(private readonly host: HttpAdapterHost) {}

  /** Fastify refuses what it has no parser for. */
  onModuleInit(): void {
    const { httpAdapter } = this.host;
    if (httpAdapter.getType() !== 'fastify') return;
    httpAdapter.getInstance<FastifyInstance>().addContentTypeParser('*', (_, payload, done) => done(null, payload));
  }

  /** Below the API as they are here. */
  @All('todos/:id')
  async todos(@CurrentSession() session: WebSession, @Req() incoming: object, @Res() reply: object): Promise<void> {
    await meanwhile();
    await session.api('todos').proxy(incoming, reply);
  }

  @All('named')
  named(@CurrentSession() session: WebSession, @Req() incoming: { headers: Record<string, string> }, @Res() reply: object): Promise<void> {
    return session.api(incoming.headers['x-api'] ?? '').proxy(incoming, reply, incoming.headers['x-path'] ?? '');
  }

  @Get('called')
  async called(@CurrentSession() session: WebSession, @Req() incoming: { headers: Record<string, string> }): Promise<object> {
    await meanwhile();
    const { 'x-path': path = '', 'x-method': method = 'GET' } = incoming.headers;
    try {
      const answer = await session.api('todos').fetch(path, { method, headers: incoming.headers });
      return { status: answer.status, location: answer.headers.get('location'), text: await answer.text() };
    } catch (error) {
      if (error instanceof TypeError) return { refused: error.message };
      throw error;
    }
  }
}

describe.each(WAYS)('Calling APIs (session.md R39, R40): %s store on %s', (store, host) => {
  let app: WebApp;
  let api: TestApi;
  let elsewhere: TestApi;
  let cookie: string;
  beforeAll(async () => {
    [api, elsewhere] = [await TestApi.start(), await TestApi.start()];
    const apis = {
      todos: { url: `${api.url}/v1`, methods: ['GET', 'HEAD', 'POST', 'DELETE'] },
      away: { url: `http://127.0.0.1:${await unusedPort()}` },
      slow: { url: api.url, timeout: 0.2 },
    };
    app = await WebApp.start({ store, host, options: { apis }, controllers: [ShopController] });
    cookie = app.cookieOf(await app.signedIn());
  });
  afterAll(async () => {
    api.close();
    elsewhere.close();
    await app.close();
  });
  beforeEach(() => {
    api.reset();
    elsewhere.reset();
    meanwhile = () => undefined;
  });

  const send = (path: string, init: RequestInit = {}) =>
    fetch(app.url + path, { redirect: 'manual', ...init, headers: { ...CSRF, cookie, ...(init.headers as Record<string, string>) } });
  const begin = (path: string, headers: OutgoingHttpHeaders = {}, method = 'POST') =>
    // As it is: a URL would be tidied up.
    request({ host: '127.0.0.1', port: new URL(app.url).port, path, method, agent: false, headers: { ...CSRF, cookie, ...headers } });
  const token = async (): Promise<string> => `Bearer ${(await app.orders(cookie)).body.token}`;

  describe('Passing on', () => {
    it('R39: the path and query go below the API, with the token, and nothing that is for this app or this connection', async () => {
      const headers = {
        ...{ connection: 'x-hop, close', 'x-hop': '1', 'keep-alive': '9', te: 'trailers', authorization: 'Basic eA==' },
        ...{ origin: app.url, referer: `${app.url}/`, 'x-own': '1', accept: 'text/plain' },
      };
      const outgoing = begin('/todos/a%20b?open=1&x=%2F', headers, 'GET');
      const [answer] = (await once(outgoing.end(), 'response')) as [IncomingMessage];
      expect([answer.statusCode, await text(answer)]).toEqual([200, 'of the API']);
      expect(api.received).toEqual([
        {
          ...{ method: 'GET', url: '/v1/todos/a%20b?open=1&x=%2F', body: '' },
          headers: {
            ...{ authorization: await token(), host: new URL(api.url).host, connection: 'keep-alive' },
            ...{ 'x-own': '1', accept: 'text/plain' },
          },
        },
      ]);
    });

    it.each<[string, string, string]>([
      ['application/json', '{"a":[1,{"b":"ä"}]}', '{"a":[1,{"b":"ä"}]}'],
      ['application/json', '', ''],
      ['application/x-www-form-urlencoded', 'a=1&b=x+y%26&a=2', 'a=1&a=2&b=x+y%26'],
      ['text/plain', 'ä', 'ä'],
      ['application/octet-stream', 'bytes', 'bytes'],
      ['multipart/form-data; boundary=x', '--x--', '--x--'],
    ])('R39: a body of %s: %j', async (type, body, arrives) => {
      const answer = await send('/todos/1', { method: 'POST', body, headers: { 'content-type': type } });
      // Fastify itself refuses JSON that is none.
      if (body === '' && host === 'fastify') return expect([answer.status, api.connections]).toEqual([400, 0]);
      expect([answer.status, api.received.map((one) => one.body)]).toEqual([200, [arrives]]);
      if (body !== '') expect(api.received[0]?.headers).toMatchObject({ 'content-type': type });
    });

    it('R39: a body with a method that seldom has one is no second request', async () => {
      const outgoing = begin('/todos/1', { 'content-type': 'application/octet-stream', 'transfer-encoding': 'chunked' }, 'DELETE');
      outgoing.write('GET /v1/smuggled HTTP/1.1\r\nhost: x\r\n\r\n');
      const [answer] = (await once(outgoing.end(), 'response')) as [IncomingMessage];
      await text(answer);
      expect(api.received.map(({ method, url, body }) => [method, url, body.length])).toEqual([['DELETE', '/v1/todos/1', 38]]);
    });

    it('R39: the answer comes back as it is, without cookies and what is for one connection; caches may not keep it for others', async () => {
      api.handle = (_, response) =>
        response.writeHead(201, [
          ...['set-cookie', 'api=1', 'connection', 'x-hop', 'x-hop', '1', 'link', '</a>', 'link', '</b>'],
          ...['content-encoding', 'gzip', 'etag', '"1"', 'cache-control', 'max-age=60'],
        ]) && response.end(gzipSync('of the API'));
      const [answer] = (await once(begin('/todos/1').end(), 'response')) as [IncomingMessage];
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk as Buffer);
      expect([answer.statusCode, gunzipSync(Buffer.concat(chunks)).toString()]).toEqual([201, 'of the API']);
      expect(answer.headers).toMatchObject({
        'content-encoding': 'gzip',
        etag: '"1"',
        link: '</a>, </b>',
        'cache-control': 'max-age=60, private',
      });
      expect([answer.headers['set-cookie'], answer.headers['x-hop']]).toEqual([undefined, undefined]);
    });

    it('R39: HEAD and 304 have no bodies', async () => {
      api.handle = (incoming, response) =>
        response.writeHead(incoming.method === 'HEAD' ? 200 : 304, { etag: '"1"', 'x-length': '9' }).end();
      const head = await send('/todos/1', { method: 'HEAD' });
      expect([head.status, head.headers.get('x-length')]).toEqual([200, '9']);
      expect((await send('/todos/1', { headers: { 'if-none-match': '"1"' } })).status).toBe(304);
    });

    it.each([
      ['/todos/1', 'PATCH', 405],
      ['/todos/%2e%2e', 'GET', 404],
      ['/todos/x%2f..%2f..%2f..%2fadmin', 'GET', 404],
    ])('R39: %s by %s is refused before anything is sent', async (path, method, status) => {
      const [answer] = (await once(begin(path, {}, method).end(), 'response')) as [IncomingMessage];
      answer.resume();
      expect([answer.statusCode, answer.headers.allow, api.connections]).toEqual([
        status,
        status === 405 ? 'GET, HEAD, POST, DELETE' : undefined,
        0,
      ]);
    });

    it.each([
      ['todos', '//127.0.0.1:1/v1/x', 404],
      ['todos', '../admin', 404],
      ['away', '', 502],
      ['slow', '', 504],
    ])('R39: %s at %j comes to %i', async (name, path, status) => {
      api.handle = () => undefined;
      expect((await send('/named', { headers: { 'x-api': name, 'x-path': path } })).status).toBe(status);
    });

    it('R28: a renewed cookie arrives with the answer', async () => {
      app.clock.advance(241);
      api.handle = (_, response) => response.writeHead(200, { 'cache-control': 'public' }).end();
      const answer = await send('/todos/1');
      // The cookie of the other store stays good.
      if (store === 'cookie') {
        expect([answer.headers.getSetCookie().length, answer.headers.get('cache-control')]).toEqual([1, 'private, no-store']);
      }
      cookie = app.cookieOf(await app.signedIn());
    });

    it('R39: whoever goes away takes the call along', async () => {
      const reached = new Promise<IncomingMessage>((resolve) => (api.handle = resolve));
      const outgoing = begin('/todos/1', {}, 'GET').on('error', () => undefined);
      outgoing.end();
      const call = await reached;
      outgoing.destroy();
      await once(call.socket, 'close');
    });

    it('R39: a connection that the API closes as it is used again is no fault, where the request can be repeated', async () => {
      const used = new Set<object>();
      api.handle = (incoming, response) => {
        if (used.has(incoming.socket)) return void incoming.socket.destroy();
        used.add(incoming.socket);
        response.end();
      };
      const statuses = [];
      for (const method of ['GET', 'GET', 'GET', 'POST']) statuses.push((await send('/todos/1', { method })).status);
      expect([statuses, used.size]).toEqual([[200, 200, 200, 502], 3]);
    });

    it('R39: an answer that breaks off does so for the browser', async () => {
      api.handle = (incoming, response) => {
        response.write('half');
        setImmediate(() => incoming.socket.destroy());
      };
      const answer = await send('/todos/1');
      await expect(answer.text()).rejects.toThrow();
    });

    it('R39: 50 MB pass as they are taken, and no faster', async () => {
      api.handle = (incoming, response) => void incoming.pipe(response);
      const outgoing = begin('/todos/1', { 'content-type': 'application/octet-stream' });
      outgoing.flushHeaders();
      const chunk = Buffer.alloc(MEGABYTE);
      let sent = 0;
      const sending = (async () => {
        for (; sent < 50; sent++) await new Promise((resolve) => outgoing.write(chunk, resolve));
        outgoing.end();
      })();
      const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
      // The browser reads nothing: all that is under way is in buffers of limited size.
      for (let before = -1; before !== sent; await sleep(100)) before = sent;
      expect(sent).toBeLessThan(40);
      let arrived = 0;
      for await (const part of answer) arrived += (part as Buffer).length;
      await sending;
      expect(arrived).toBe(50 * MEGABYTE);
    });
  });

  describe('Calling', () => {
    it.each([
      ['GET', '/v2/x'],
      ['GET', 'http://127.0.0.1:1/v1/'],
      ['PATCH', 'x'],
    ])('R39: %s %s throws before anything is sent', async (method, path) => {
      const answer = await send('/called', { headers: { 'x-method': method, 'x-path': path } });
      expect([await answer.json(), api.connections]).toEqual([{ refused: expect.any(String) }, 0]);
    });

    it('R39: a redirect is an answer, wherever it leads', async () => {
      const location = `${elsewhere.url}/v1/`;
      api.handle = (_, response) => response.writeHead(302, { location }).end();
      expect(await (await send('/called')).json()).toMatchObject({ status: 302, location });
      const passed = await send('/todos/1');
      expect([passed.status, passed.headers.get('location'), elsewhere.connections]).toEqual([302, location, 0]);
    });

    it('R39: headers that came in go along without cookies and what is for one connection', async () => {
      const [answer] = (await once(begin('/called', { 'keep-alive': '9', 'x-own': '1' }, 'GET').end(), 'response')) as [IncomingMessage];
      expect(JSON.parse(await text(answer))).toMatchObject({ status: 200 });
      expect(api.received[0]?.headers).toMatchObject({ authorization: await token(), 'x-own': '1' });
      for (const name of ['cookie', 'keep-alive']) expect(api.received[0]?.headers).not.toHaveProperty(name);
    });
  });

  describe('A 401 of the API', () => {
    let first: string;
    beforeEach(async () => {
      cookie = app.cookieOf(await app.signedIn());
      first = await token();
      app.clock.advance(11);
      app.provider.forgetCalls();
    });
    const json = { method: 'POST', body: '{"a":1}', headers: { 'content-type': 'application/json' } };

    it.each<[string, RequestInit]>([
      ['/called', {}],
      ['/todos/1', {}],
      ['/todos/1', json],
    ])('R40: %s is tried once more with a new token: %j', async (path, init) => {
      api.accept((presented) => presented !== first);
      const answer = await send(path, init);
      expect([answer.status, app.refreshes]).toEqual([200, 1]);
      expect(await answer.text()).toContain('of the API');
      expect(api.received.map(({ body, headers }) => [body, headers.authorization === first])).toEqual([
        [init.body ?? '', true],
        [init.body ?? '', false],
      ]);
    });

    it('R40: then it is passed on', async () => {
      api.accept(() => false);
      expect([(await send('/todos/1')).status, app.refreshes, api.received.length]).toEqual([401, 1, 2]);
    });

    it('R40: is passed on where the body cannot be sent again, or the provider has no other token', async () => {
      api.accept(() => false);
      const streamed = await send('/todos/1', { method: 'POST', body: 'x', headers: { 'content-type': 'application/octet-stream' } });
      expect([streamed.status, app.refreshes, api.received.length]).toEqual([401, 0, 1]);
      app.provider.at('token').unavailable(undefined, { times: 1 });
      const answer = await send('/todos/1');
      expect([answer.status, await answer.text(), app.refreshes]).toEqual([401, 'of the API', 1]);
    });

    it.each(['/todos/1', '/called'])('R40: without a token there is no call: the session ended before %s', async (path) => {
      meanwhile = () => {
        app.clock.advance(300);
        app.provider.at('token').refuse('invalid_grant', { times: 1 });
      };
      const answer = await send(path);
      expect([answer.status, await answer.json(), api.connections]).toEqual([
        401,
        expect.objectContaining({ signIn: '/session/login' }),
        0,
      ]);
    });
  });
});

async function text(answer: IncomingMessage): Promise<string> {
  let all = '';
  for await (const chunk of answer) all += String(chunk);
  return all;
}
