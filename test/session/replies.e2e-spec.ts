import { createReadStream } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import {
  ConflictException,
  Controller,
  Get,
  Header,
  HttpCode,
  InternalServerErrorException,
  NotFoundException,
  Redirect,
  Res,
  Sse,
  StreamableFile,
  type MessageEvent,
} from '@nestjs/common';
import { of, type Observable } from 'rxjs';
import { Authenticated } from '../../src/session/http/authenticated.decorator.js';
import { CurrentSession } from '../../src/session/http/current-session.decorator.js';
import { WAYS, WebApp } from './support/web-app.js';

type Reply = ServerResponse & { hijack?(): unknown; readonly raw?: ServerResponse };

/** Node's response, as somebody takes it who answers by himself. */
function taken(reply: Reply): ServerResponse {
  reply.hijack?.();
  return reply.raw ?? reply;
}

@Controller('replies')
@Authenticated()
class Replies {
  @Get('json')
  @Header('Set-Cookie', 'own=1')
  @Header('Cache-Control', 'public, max-age=60')
  json(): object {
    return { json: true };
  }

  @Get('stream')
  stream(): StreamableFile {
    return new StreamableFile(Readable.from(['a ', 'stream']));
  }

  @Sse('sse')
  sse(): Observable<MessageEvent> {
    return of({ data: 'an event' });
  }

  @Get('file')
  file(): StreamableFile {
    return new StreamableFile(createReadStream(import.meta.filename), { type: 'text/plain' });
  }

  @Get('redirect')
  @Redirect('/orders')
  @Header('Set-Cookie', 'own=1')
  redirect(): void {
    // The decorators say it all.
  }

  @Get('304')
  @HttpCode(304)
  @Header('Cache-Control', 'public, max-age=60')
  notModified(): void {
    // As from a cache.
  }

  @Get('204')
  @HttpCode(204)
  empty(): void {
    // Nothing to say.
  }

  @Get('404')
  missing(): void {
    throw new NotFoundException('Not here.');
  }

  @Get('409')
  @Header('Set-Cookie', 'own=1')
  conflict(): void {
    throw new ConflictException('Not now.');
  }

  @Get('500')
  broken(): void {
    throw new InternalServerErrorException('Broken.');
  }

  @Get('raw')
  raw(@Res() reply: Reply): void {
    taken(reply).writeHead(200, { 'Cache-Control': 'public' }).end('raw');
  }

  @Get('raw-own')
  rawOwn(@Res() reply: Reply): void {
    taken(reply)
      .writeHead(201, 'Fine', { 'Set-Cookie': ['own=1', 'own2=2'], 'X-Own': '1' })
      .end('raw');
  }

  @Get('flushed')
  flushed(@Res() reply: Reply): void {
    const response = taken(reply);
    response.setHeader('Set-Cookie', 'own=1');
    response.flushHeaders();
    response.end('flushed');
  }

  @Get('written')
  written(@Res() reply: Reply): void {
    const response = taken(reply);
    response.write('writ');
    response.end('ten');
  }
}

@Controller('public')
class Public {
  @Get()
  @Header('Cache-Control', 'public, max-age=60')
  page(@CurrentSession({ optional: true }) _: unknown): object {
    return {};
  }
}

const PRIVATE = 'private, no-store';

describe.each(WAYS)('Replies: %s store on %s', (store, host) => {
  let app: WebApp;
  let cookie: string;
  beforeAll(async () => {
    app = await WebApp.start({ store, host, controllers: [Replies, Public] });
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    cookie = app.cookieOf(await app.signedIn());
    // So late that the tokens are due, and the idle time as well: then either store sends its cookie.
    app.clock.advance(4 * 3_600 + 1);
    app.provider.forgetCalls();
  });

  it.each<[string, number, string | RegExp, string[], string?]>([
    ['json', 200, '{"json":true}', ['own=1']],
    ['json', 200, '', ['own=1'], 'HEAD'],
    ['stream', 200, 'a stream', []],
    ['sse', 200, /data: an event\n/, []],
    ['file', 200, /^import/, []],
    ['redirect', 302, '', ['own=1']],
    ['304', 304, '', []],
    ['204', 204, '', []],
    ['404', 404, /Not here/, []],
    ['409', 409, /Not now/, ['own=1']],
    ['500', 500, /Broken/, []],
    ['raw', 200, 'raw', []],
    ['raw-own', 201, 'raw', ['own=1', 'own2=2']],
    ['flushed', 200, 'flushed', ['own=1']],
    ['written', 200, 'written', []],
  ])(
    'R28, R8: %s (%i) brings the renewed cookie and the app’s own, and no cache keeps it',
    async (path, status, body, own, method = 'GET') => {
      const answer = await app.get(`/replies/${path}`, { cookie, 'x-csrf': '1' }, method);
      expect([answer.status, answer.headers.get('cache-control')]).toEqual([status, PRIVATE]);
      if (path !== 'redirect') expect(await answer.text()).toEqual(typeof body === 'string' ? body : expect.stringMatching(body));
      const lines = answer.headers.getSetCookie();
      expect(lines.filter((line) => line.startsWith('own'))).toEqual(own);
      const renewed = lines.filter((line) => line.startsWith('session'));
      expect(renewed).toEqual([expect.stringMatching(/^session=1\.[\w-]{4}\.[\w-]+; Max-Age=28800; Path=\/; HttpOnly; SameSite=Strict$/)]);
      expect([(await app.orders(renewed[0]?.split(';')[0] ?? '')).status, app.refreshes]).toEqual([200, 1]);
    },
  );

  it('R8: what takes the cookie away is not kept by a cache either', async () => {
    const answer = await app.get('/public', { cookie: 'session=garbage' });
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, PRIVATE]);
    expect(answer.headers.getSetCookie()).toEqual([expect.stringContaining('Max-Age=0')]);
  });

  it('R8: what leaves it alone is the app’s to say', async () => {
    const answer = await app.get('/public', {});
    expect(answer.headers.get('cache-control')).toBe('public, max-age=60');
  });
});
