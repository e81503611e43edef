import { ForbiddenException, Injectable, Module, Param, Res, type LoggerService } from '@nestjs/common';
import { LaneFullError } from '../../src/identity/attempts/lane.js';
import { TooManyAttemptsError } from '../../src/identity/attempts/too-many-attempts.error.js';
import type { BrowserReply } from '../../src/identity/browser/browser-request.js';
import { PageController } from '../../src/identity/pages/page-controller.decorator.js';
import { PageReplies } from '../../src/identity/pages/page-replies.js';
import { PageRoute } from '../../src/identity/pages/page-route.decorator.js';
import { Pages } from '../../src/identity/pages/pages.js';
import { OAuthError } from '../../src/protocol/oauth-error.js';
import { StorageUnavailableError } from '../../src/storage/storage-unavailable.error.js';
import { exchange, type RawAnswer, type RawRequest } from '../support/exchange.js';
import { startService, type TestService } from '../support/service-app.js';
import { Beside } from './support/beside.js';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

const THROWN: Record<string, () => unknown> = {
  unknown: () => new Error('the secret of the house'),
  text: () => 'the secret of the house',
  nothing: () => undefined,
  storage: () => new StorageUnavailableError(new Error('connect ECONNREFUSED 10.0.0.1')),
  lane: () => new LaneFullError(),
  attempts: () => new TooManyAttemptsError(77),
  oauth: () => new OAuthError({ code: 'invalid_request', description: 'The parameter x is missing.' }),
  client: () => new OAuthError({ code: 'invalid_client' }),
  busy: () => new OAuthError({ code: 'temporarily_unavailable', retryAfter: 5 }),
  broken: () => new OAuthError({ code: 'server_error', cause: new Error('the secret of the house') }),
  forbidden: () => new ForbiddenException('the secret of the house'),
};

@PageController()
class ThrowingController {
  constructor(private readonly replies: PageReplies) {}

  @PageRoute('GET', '/redirects')
  redirect(@Res() reply: BrowserReply): void {
    this.replies.redirect(reply, 'https://app.example/\nset-cookie: x=y');
  }

  @PageRoute('GET', '/throws/:what')
  show(@Param('what') what: string, @Res() _reply: unknown): void {
    throw THROWN[what]?.();
  }
}

@Module({ controllers: [ThrowingController] })
class ThrowingModule {}

/** Cannot even render the message. */
@Injectable()
class BrokenPages extends Pages {
  override render(): Promise<string> {
    return Promise.reject(new Error('no page today'));
  }
}

const beside = new Beside();
const log: string[] = [];
let service: TestService;
beforeAll(async () => {
  service = await startService({ issuance: { imports: [ThrowingModule] } });
  const write = (...parts: unknown[]): void => void log.push(parts.map((part) => JSON.stringify(part, withErrors)).join(' '));
  const logger: LoggerService = { log: write, error: write, warn: write, debug: write, verbose: write, fatal: write };
  service.app.useLogger(logger);
});
afterEach(() => beside.close());
afterAll(() => service.close());

const withErrors = (_key: string, value: unknown): unknown => (value instanceof Error ? `${value.name}: ${value.message}` : value);

const send = (request: RawRequest, to = service): Promise<RawAnswer> => exchange(to.url, request);
const messageOf = ({ text }: RawAnswer): string | undefined => /data-message="([^"]*)"/.exec(text)?.[1];

function expectPage(answer: RawAnswer, status: number, message: string): void {
  expect([answer.status, messageOf(answer)]).toEqual([status, message]);
  expect(answer.headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
  });
  expect(answer.text).not.toMatch(/secret of the house|ECONNREFUSED|node_modules|\bat .*\.[jt]s:\d|"statusCode"/);
}

describe('A page answers by a page', () => {
  it.each(['/sign-in', '/register', '/account'])('%s: a method that is not allowed', async (path) => {
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const answer = await send({ method, path: `${path}?x=1` });
      expectPage(answer, 405, 'error');
      expect(answer.headers.allow).toBe('GET, HEAD, POST');
    }
  });

  it.each(['/sign-in', '/register', '/account'])('%s: a body that is no form', async (path) => {
    for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=x', 'application/xml', 'nonsense', undefined]) {
      const headers = type === undefined ? undefined : { 'content-type': type };
      expectPage(await send({ path, ...(headers && { headers }), body: '{}' }), 415, 'error');
    }
    expectPage(await send({ path }), 415, 'error');
    const compressed = await send({ path, headers: { ...FORM, 'content-encoding': 'gzip' }, body: 'email=a' });
    expectPage(compressed, 415, 'error');
    expect(compressed.headers['accept-encoding']).toBe('identity');
  });

  it.each(['/sign-in', '/register'])('%s: a form that is too large, cut off or not encoded as forms are', async (path) => {
    expectPage(await send({ path, headers: FORM, body: `password=${'x'.repeat(70_000)}` }), 413, 'error');
    expectPage(await send({ path, headers: FORM, body: `password=${'x'.repeat(70_000)}`, chunked: true }), 413, 'error');
    for (const body of ['email=%', 'email=%ff', Buffer.from([0x65, 0x3d, 0xff]), 'email=a&email=b', 'email=a%00b']) {
      expectPage(await send({ path, headers: FORM, body }), 400, 'error');
    }
    for (const body of ['', '&&&', 'x', '=', 'csrf=1']) expectPage(await send({ path, headers: FORM, body }), 400, 'expired');
  });

  it('a HEAD without a body', async () => {
    for (const path of ['/sign-in', '/register']) {
      const [head, get] = [await send({ method: 'HEAD', path }), await send({ method: 'GET', path })];
      expect([head.status, head.text, head.headers['content-type']]).toEqual([200, '', get.headers['content-type']]);
      expect(head.headers['content-security-policy']).toBe(get.headers['content-security-policy']);
    }
    expect((await send({ method: 'HEAD', path: '/account' })).status).toBe(303);
  });

  it.each([
    ['storage', 503, 'unavailable', '1'],
    ['lane', 503, 'unavailable', '1'],
    ['busy', 503, 'unavailable', '5'],
    ['attempts', 429, 'too-many-attempts', '77'],
    ['oauth', 400, 'error', undefined],
    ['client', 400, 'error', undefined],
    ['forbidden', 403, 'error', undefined],
  ])('what is thrown: %s', async (what, status, message, retryAfter) => {
    const answer = await send({ method: 'GET', path: `/throws/${what}` });
    expectPage(answer, status, message);
    expect(answer.headers['retry-after']).toBe(retryAfter);
    if (what === 'oauth') expect(answer.text).toContain('The parameter x is missing.');
  });

  it.each(['unknown', 'text', 'nothing', 'broken'])('what nobody expected (%s), with a reference that is in the log', async (what) => {
    log.length = 0;
    const answer = await send({ method: 'GET', path: `/throws/${what}` });
    expectPage(answer, 500, 'error');
    const [, reference = 'none'] = /<code>([0-9a-f-]{36})<\/code>/.exec(answer.text) ?? [];
    expect(log.filter((line) => line.includes(reference))).toHaveLength(1);
    if (what === 'unknown') expect(log.join()).toContain('the secret of the house');
  });

  it('a redirect that cannot be sent', async () => {
    log.length = 0;
    const answer = await send({ method: 'GET', path: '/redirects' });
    expectPage(answer, 500, 'error');
    expect([answer.headers.location, answer.headers['set-cookie']]).toEqual([undefined, undefined]);
    expect(log).toHaveLength(1);
  });

  it('in the language of whoever asks', async () => {
    const answer = await send({ method: 'GET', path: '/throws/storage', headers: { 'accept-language': 'de-CH, en;q=0.5' } });
    expect(answer.headers['content-language']).toBe('de');
    expect(answer.text).toMatch(/<html lang="de">[^]*Gleich wieder da/);
  });

  it('or by a line of text, when there can be no page', async () => {
    const broken = await beside.start(service, { identity: { renderer: BrokenPages } });
    broken.app.useLogger(false);
    const answer = await send({ method: 'GET', path: '/sign-in' }, broken);
    expect([answer.status, answer.headers['content-type']]).toEqual([500, 'text/plain; charset=utf-8']);
    expect(answer.text).toMatch(/^error [0-9a-f-]{36}$/);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
  });
});

/** An application's own. */
@Injectable()
class OwnPages extends Pages {
  override render(...[name]: Parameters<Pages['render']>): Promise<string> {
    return Promise.resolve(`<!doctype html><title>Our own ${name}</title>`);
  }
}

it('An application may write the pages itself', async () => {
  const own = await beside.start(service, { identity: { renderer: OwnPages } });
  const { status, text } = await send({ method: 'GET', path: '/sign-in' } as RawRequest, own);
  expect([status, text]).toEqual([200, '<!doctype html><title>Our own sign-in</title>']);
});
