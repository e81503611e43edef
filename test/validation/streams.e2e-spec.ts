import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Get, Res, Sse, UseGuards } from '@nestjs/common';
import { finalize, interval, map, NEVER, type Observable } from 'rxjs';
import { OpenTokens } from '../../src/validation/open/open-tokens.js';
import { BearerGuard, EndsWithToken, Public, RequireScopes, TokenCheck, ValidationModule } from '../../src/validation/index.js';
import { TestClock } from '../support/test-clock.js';
import { AUDIENCE } from './support/claims.js';
import { clockModule, HOSTS, startApi, type RunningApi } from './support/hosts.js';
import { ListedTokens } from './support/listed-tokens.js';

type Response = ServerResponse & { readonly raw?: ServerResponse; hijack?(): void };

/** What sources of answers were told when they had to stop. */
const stopped: string[] = [];

@Controller('streams')
@UseGuards(BearerGuard)
class StreamsController {
  @Sse('events')
  @EndsWithToken()
  events(): Observable<string> {
    return interval(10).pipe(
      map((count) => `event ${count}`),
      finalize(() => stopped.push('events')),
    );
  }

  @Sse('quiet')
  @EndsWithToken()
  quiet(): Observable<string> {
    return NEVER.pipe(finalize(() => stopped.push('quiet')));
  }

  @Get('written')
  @EndsWithToken()
  written(@Res() response: Response): void {
    response.hijack?.();
    const raw = response.raw ?? response;
    raw.writeHead(200, { 'content-type': 'text/plain' });
    const writing = setInterval(() => raw.write('a line\n'), 10);
    raw.on('close', () => {
      clearInterval(writing);
      stopped.push('written');
    });
  }

  @Get('generated')
  @EndsWithToken()
  async *generated() {
    try {
      for (;;) {
        yield Buffer.from('a line\n');
        await sleep(10);
      }
    } finally {
      stopped.push('generated');
    }
  }

  @Get('pending')
  @EndsWithToken()
  pending(): Promise<never> {
    return new Promise(() => undefined);
  }

  @Get('short')
  @RequireScopes('todos:read')
  @EndsWithToken()
  short() {
    return { short: true };
  }

  @Get('public')
  @Public()
  @EndsWithToken()
  open() {
    return { open: true };
  }
}

@Controller('unguarded')
class UnguardedController {
  @Get()
  @EndsWithToken()
  list() {
    return [];
  }
}

describe.each(HOSTS)('Answers that end with their token, on %s', (host) => {
  let api: RunningApi;
  let tokens: ListedTokens;
  const clock = new TestClock();
  const watched = () => api.app.get(OpenTokens, { strict: false }).size;
  /** Asks again and again; the time-out of the test is the bound. */
  const until = async (holds: () => boolean) => {
    while (!holds()) await sleep(10);
  };
  /** The answer as it comes in, and how it ends: `done`, or `broken` when the connection was cut. */
  const read = (path: string, token: string) => {
    const stream = { text: '', end: '', status: 0, hangUp: () => aborting.abort() };
    const aborting = new AbortController();
    const headers = { authorization: `Bearer ${token}` };
    const reading = async (): Promise<string> => {
      const answer = await fetch(`${api.url}/streams/${path}`, { headers, signal: aborting.signal });
      stream.status = answer.status;
      for await (const chunk of answer.body ?? []) stream.text += Buffer.from(chunk as Uint8Array).toString();
      return 'done';
    };
    void reading().then(
      (end) => (stream.end = end),
      () => (stream.end = 'broken'),
    );
    return stream;
  };

  beforeAll(async () => {
    const validation = ValidationModule.forRoot({ issuer: 'https://id.example.com', audience: AUDIENCE, check: ListedTokens });
    api = await startApi(host, { imports: [clockModule(clock), validation], controllers: [StreamsController, UnguardedController] });
    tokens = api.app.get(TokenCheck, { strict: false }) as ListedTokens;
  });
  beforeEach(() => void (stopped.length = 0));
  afterAll(() => api?.close());

  it('end when the token is revoked or expires, and not before, whatever writes them', async () => {
    const kinds = { events: ['data: event 0', 'done'], written: ['a line', 'broken'], generated: ['a line', 'broken'] } as const;
    const [token, expiring] = [tokens.issue(), tokens.issue({ exp: clock.now().getTime() / 1000 + 60 })];
    const streams = Object.entries(kinds).map(([path, [begin, end]]) => {
      const each = { ending: read(path, token), expired: read(path, expiring), staying: read(path, tokens.issue()) };
      return { ...each, path, begin, end };
    });
    await until(() =>
      streams.every(({ begin, ...each }) => [each.ending, each.expired, each.staying].every(({ text }) => text.includes(begin))),
    );
    expect(watched()).toBe(5);
    tokens.revoke(token);
    clock.advance(60);
    await until(() => streams.every(({ ending, expired }) => ending.end !== '' && expired.end !== ''));
    await until(() => stopped.length === 6);
    for (const { ending, expired, staying, end } of streams) expect([ending.end, expired.end, staying.end]).toEqual([end, end, '']);
    expect(watched()).toBe(3);
    // Whoever hangs up is forgotten.
    for (const { staying } of streams) staying.hangUp();
    await until(() => watched() === 0 && stopped.length === 9);
    expect(stopped.toSorted()).toEqual(streams.flatMap(({ path }) => [path, path, path]).toSorted());
  });

  it('end all the same where nothing was said yet; where nothing was answered yet, it is refused', async () => {
    const token = tokens.issue();
    const stream = read('quiet', token);
    const answering = api.get('/streams/pending', token);
    await until(() => watched() === 1 && stream.status === 200);
    await until(() => tokens.asked.filter((asked) => asked === token).length >= 2);
    tokens.revoke(token);
    const answer = await answering;
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, expect.stringContaining('error="invalid_token"')]);
    await until(() => stream.end === 'done');
    expect([stream.text.replaceAll('\n', ''), stopped]).toEqual(['', ['quiet']]);
    await until(() => watched() === 0);
  });

  it('short ones are answered and forgotten', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => api.get('/streams/short', tokens.issue())));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    await until(() => watched() === 0);
    expect((await api.get('/streams/short')).status).toBe(401);
    expect((await api.get('/streams/short', tokens.issue({ scope: 'other' }))).status).toBe(403);
    expect(await (await api.get('/streams/public')).json()).toEqual({ open: true });
  });

  it('where no guard is: an error', async () => {
    expect((await api.get('/unguarded', tokens.issue())).status).toBe(500);
    expect(api.log.some(({ text }) => text.includes('@EndsWithToken() in UnguardedController'))).toBe(true);
  });
});
