import { APP_GUARD } from '@nestjs/core';
import { BearerGuard, ValidationModule } from '../../src/validation/index.js';
import { TestClock } from '../support/test-clock.js';
import { AUDIENCE, claimsOf, SUBJECT } from './support/claims.js';
import { DISCOVERY, ExternalIssuer, JWKS, type Answer } from './support/external-issuer.js';
import { clockModule, HOSTS, startApi, type RunningApi } from './support/hosts.js';
import { createSigningKey, signJwt, type SigningKey } from './support/signed.js';
import { NotesController, TodosController, UnguardedController } from './support/todo.controllers.js';

describe.each(HOSTS)('BearerGuard with the signature check on %s', (host) => {
  const clock = new TestClock();
  let issuer: ExternalIssuer;
  let key: SigningKey;
  let api: RunningApi;

  const token = (changes: Record<string, unknown> = {}, signer = key) => signJwt(signer, claimsOf(issuer.url, clock, changes));
  const start = (options: object = {}) =>
    startApi(host, {
      imports: [clockModule(clock), ValidationModule.forRoot({ issuer: issuer.url, audience: AUDIENCE, ...options })],
      controllers: [TodosController, NotesController, UnguardedController],
    });

  beforeAll(async () => {
    issuer = await ExternalIssuer.start();
    key = issuer.publish('ES256');
    api = await start({ realm: 'todos' });
  });
  afterAll(async () => {
    await api.close();
    await issuer.close();
  });

  describe('who calls', () => {
    it('hands the principal of a person to the handler', async () => {
      const claims = claimsOf(issuer.url, clock, {
        scope: 'todos:read todos:write',
        roles: ['admin', 7],
        sid: 's1',
        email: 'a@example.com',
      });
      const response = await api.get('/todos', signJwt(key, claims));
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({
        subject: SUBJECT,
        client: 'web',
        scopes: ['todos:read', 'todos:write'],
        roles: ['admin'],
        tokenId: claims.jti,
        sid: 's1',
        claims,
        expiresAt: new Date((claims.exp as number) * 1000).toISOString(),
      });
    });

    it('leaves the subject of a machine token undefined (RFC 9068 §5)', async () => {
      const response = await api.get('/todos/subject', token({ sub: 'batch', client_id: 'batch' }));
      expect(await response.json()).toMatchObject({ subject: null, frozen: true });
    });

    it('verifies RS256 and accepts one audience of several', async () => {
      const rsa = issuer.publish('RS256');
      clock.advance(11); // past the cooldown, so that the new key is found
      expect((await api.get('/todos', token({ aud: ['https://other.example.com', AUDIENCE] }, rsa))).status).toBe(200);
    });

    it('accepts application/at+jwt in any case and a token without scope', async () => {
      const other = signJwt(key, claimsOf(issuer.url, clock, { scope: undefined }), { typ: 'application/AT+JWT' });
      expect((await api.get('/todos', other)).status).toBe(200);
    });
  });

  describe('challenges (RFC 6750 §3)', () => {
    it('sends no error code when no token came', async () => {
      const response = await api.get('/todos');
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Bearer realm="todos"');
      expect(await response.json()).not.toHaveProperty('error');
    });

    it('takes another scheme for no token', async () => {
      const response = await fetch(`${api.url}/todos`, { headers: { authorization: 'Basic YTpi' } });
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Bearer realm="todos"');
    });

    it('answers invalid_token to a bad one', async () => {
      const response = await api.get('/todos', 'abc');
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toMatch(/^Bearer realm="todos", error="invalid_token", error_description="[^"]+"$/);
      expect(await response.json()).toMatchObject({ error: 'invalid_token' });
    });

    it('names the scopes that are needed', async () => {
      const response = await api.get('/todos/write', token({ scope: 'todos:read' }));
      expect(response.status).toBe(403);
      expect(response.headers.get('www-authenticate')).toMatch(/error="insufficient_scope", .*scope="todos:write todos:read"$/);
      expect((await api.get('/todos/write', token({ scope: 'todos:read todos:write' }))).status).toBe(200);
    });

    it('names no scope where a role is missing: none would help', async () => {
      const response = await api.get('/todos/admin', token({ roles: ['user'] }));
      expect(response.status).toBe(403);
      expect(response.headers.get('www-authenticate')).toMatch(
        /^Bearer .*error="insufficient_scope", error_description="A role is missing\."$/,
      );
      expect(await response.json()).toEqual({ error: 'insufficient_scope', error_description: 'A role is missing.' });
      expect((await api.get('/todos/admin', token({ roles: ['user', 'admin'] }))).status).toBe(200);
    });

    it.each([
      ['scope', 'todos:readwrite'],
      ['roles', 'admin'],
    ])('takes no %s of the wrong form for one', async (claim, value) => {
      const path = claim === 'scope' ? '/todos/write' : '/todos/admin';
      expect((await api.get(path, token({ [claim]: value }))).status).toBe(403);
    });
  });

  describe('decorators', () => {
    it.each([
      ['notes', ['staff'], '/notes', 200],
      ['notes:write notes:twice', ['staff', 'editor'], '/notes/write', 403],
      ['notes notes:write', ['staff', 'editor'], '/notes/write', 403],
      ['notes notes:write notes:twice', ['editor'], '/notes/write', 403],
      ['notes notes:write notes:twice', ['staff'], '/notes/write', 403],
      ['notes notes:write notes:twice', ['staff', 'editor'], '/notes/write', 200],
    ])('adds up class, method and repetition: %s as %j at %s → %i', async (scope, roles, path, status) => {
      expect((await api.get(path, token({ scope, roles }))).status).toBe(status);
    });

    it('lets everybody in where it is public, and looks at no token', async () => {
      for (const presented of [undefined, 'abc', token()]) {
        const response = await api.get('/todos/open', presented);
        expect(response.status).toBe(200);
        expect(await response.json()).toEqual({ principal: null });
      }
    });

    it('does not take nobody for somebody where the guard was forgotten', async () => {
      expect((await api.get('/unguarded', token())).status).toBe(500);
      expect(await (await api.get('/unguarded/optional', token())).json()).toEqual({ principal: null });
    });

    it('guards the whole application as APP_GUARD', async () => {
      const global = await startApi(host, {
        imports: [clockModule(clock), ValidationModule.forRoot({ issuer: issuer.url, audience: AUDIENCE })],
        controllers: [UnguardedController],
        providers: [{ provide: APP_GUARD, useClass: BearerGuard }],
      });
      try {
        expect((await global.get('/unguarded')).status).toBe(401);
        expect(await (await global.get('/unguarded', token())).json()).toMatchObject({ subject: SUBJECT });
      } finally {
        await global.close();
      }
    });
  });

  describe('keys', () => {
    it('boots without the issuer, answers 503 with Retry-After until it is there, never 401', async () => {
      const other = await ExternalIssuer.start();
      const signer = other.publish('ES256');
      await other.close();
      const late = await start({ issuer: other.url });
      try {
        const good = signJwt(signer, claimsOf(other.url, clock));
        const response = await late.get('/todos', good);
        expect(response.status).toBe(503);
        expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
        expect(response.headers.get('www-authenticate')).toBeNull();
        expect(late.log.some(({ level, text }) => level === 'error' && text.includes('ECONNREFUSED'))).toBe(true);
        await other.open();
        clock.advance(2);
        expect((await late.get('/todos', good)).status).toBe(200);
      } finally {
        await late.close();
        await other.close();
      }
    });

    const everywhere = (url: string) => url.replace('127.0.0.1', '0.0.0.0');
    const brokenIssuers: readonly (readonly [name: string, path: string, answer: (issuer: ExternalIssuer) => Answer])[] = [
      ['status 500', JWKS, () => ({ status: 500 })],
      ['a redirect', JWKS, () => ({ status: 302, headers: { location: '/elsewhere' } })],
      ['text', JWKS, () => ({ body: '<html>' })],
      ['no list of keys', JWKS, () => ({ body: { keys: {} } })],
      ['an endless answer', JWKS, () => ({ body: JSON.stringify({ keys: [], padding: 'x'.repeat(2 << 20) }) })],
      ['silence', JWKS, () => ({ silent: true })],
      ['status 500 of discovery', DISCOVERY, () => ({ status: 500 })],
      ['discovery that is a text', DISCOVERY, () => ({ body: '"text"' })],
      // The keys are there and good: only the names are wrong.
      ['discovery of another issuer', DISCOVERY, (other) => ({ body: { ...other.metadata(), issuer: 'https://evil.example.com' } })],
      ['discovery of the issuer with a slash', DISCOVERY, (other) => ({ body: { ...other.metadata(), issuer: `${other.url}/` } })],
      [
        'keys without TLS elsewhere',
        DISCOVERY,
        (other) => ({ body: { ...other.metadata(), jwks_uri: everywhere(`${other.url}${JWKS}`) } }),
      ],
      ['discovery without jwks_uri', DISCOVERY, (other) => ({ body: { ...other.metadata(), jwks_uri: undefined } })],
    ];
    it.each(brokenIssuers)('answers 503 to %s', async (_name, path, answer) => {
      const other = await ExternalIssuer.start();
      const signer = other.publish('ES256');
      other.answers.set(path, () => answer(other));
      const running = await start({ issuer: other.url, requestTimeout: 0.3 });
      const response = await running.get('/todos', signJwt(signer, claimsOf(other.url, clock)));
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toBe('5');
      await running.close();
      await other.close();
    });

    it('falls back to RFC 8414 discovery', async () => {
      const other = await ExternalIssuer.start();
      const signer = other.publish('ES256');
      other.answers.delete(DISCOVERY);
      other.answers.set('/.well-known/oauth-authorization-server', () => ({ body: other.metadata() }));
      const running = await start({ issuer: other.url });
      expect((await running.get('/todos', signJwt(signer, claimsOf(other.url, clock)))).status).toBe(200);
      await running.close();
      await other.close();
    });

    it('keeps the checks of two modules in one process apart', async () => {
      const other = await start({ audience: 'https://other.example.com' });
      expect((await other.get('/todos', token())).status).toBe(401);
      expect((await api.get('/todos', token())).status).toBe(200);
      await other.close();
      expect((await api.get('/todos', token())).status).toBe(200);
    });
  });

  describe('rotation', () => {
    let own: ExternalIssuer;
    let first: SigningKey;
    let running: RunningApi;
    const signed = (signer: SigningKey) => signJwt(signer, claimsOf(own.url, clock));

    beforeEach(async () => {
      own = await ExternalIssuer.start();
      first = own.publish('ES256');
      running = await start({ issuer: own.url });
      expect((await running.get('/todos', signed(first))).status).toBe(200);
      expect(own.count(JWKS)).toBe(1);
    });
    afterEach(async () => {
      await running.close();
      await own.close();
    });

    it('reads the keys again for one it does not know', async () => {
      clock.advance(11);
      expect((await running.get('/todos', signed(own.publish('RS256')))).status).toBe(200);
      expect(own.count(JWKS)).toBe(2);
    });

    it('does not let a flood of unknown keys become a flood of requests', async () => {
      clock.advance(11);
      const flood = await Promise.all(Array.from({ length: 50 }, () => running.get('/todos', signed(createSigningKey('ES256')))));
      expect(new Set(flood.map(({ status }) => status))).toEqual(new Set([401]));
      expect(own.count(JWKS)).toBe(2);
      clock.advance(9);
      expect((await running.get('/todos', signed(createSigningKey('ES256')))).status).toBe(401);
      expect(own.count(JWKS)).toBe(2);
      clock.advance(2);
      expect((await running.get('/todos', signed(createSigningKey('ES256')))).status).toBe(401);
      expect(own.count(JWKS)).toBe(3);
    });

    it('cannot tell an unknown key from a new one while the issuer is away: 503', async () => {
      clock.advance(11);
      await own.close();
      expect((await running.get('/todos', signed(createSigningKey('ES256')))).status).toBe(503);
      expect((await running.get('/todos', signed(first))).status).toBe(200);
    });

    it('reads the keys again every ten minutes and forgets what a key that went had signed', async () => {
      const long = signJwt(first, claimsOf(own.url, clock, { exp: Math.floor(clock.now().getTime() / 1000) + 3600 }));
      const other = own.publish('ES256');
      expect((await running.get('/todos', long)).status).toBe(200);
      own.withdraw(first);
      clock.advance(600);
      expect((await running.get('/todos', long)).status).toBe(200);
      expect(own.count(JWKS)).toBe(1);
      clock.advance(1);
      expect((await running.get('/todos', long)).status).toBe(401);
      expect((await running.get('/todos', signed(other))).status).toBe(200);
      expect(own.count(JWKS)).toBe(2);
    });

    it('forgets verified tokens when another key took the kid', async () => {
      const long = signJwt(first, claimsOf(own.url, clock, { exp: Math.floor(clock.now().getTime() / 1000) + 3600 }));
      expect((await running.get('/todos', long)).status).toBe(200);
      own.withdraw(first);
      own.published.push(createSigningKey('ES256', first.kid));
      clock.advance(601);
      expect((await running.get('/todos', long)).status).toBe(401);
    });

    it('serves the last good copy for 24 hours while the issuer is away, and waits for nobody', async () => {
      await own.close();
      clock.advance(86_399);
      expect((await running.get('/todos', signed(first))).status).toBe(200);
      clock.advance(2);
      expect((await running.get('/todos', signed(first))).status).toBe(503);
      await own.open();
      clock.advance(2);
      expect((await running.get('/todos', signed(first))).status).toBe(200);
    });

    it('asks once for many requests at the start', async () => {
      const fresh = await start({ issuer: own.url });
      const before = own.count(JWKS);
      const answers = await Promise.all(Array.from({ length: 20 }, () => fresh.get('/todos', signed(first))));
      expect(answers.every(({ status }) => status === 200)).toBe(true);
      expect(own.count(JWKS)).toBe(before + 1);
      await fresh.close();
    });

    it('passes over keys it must not use: encryption, too short, symmetric, of another algorithm', async () => {
      const usable = { ...first.publicJwk };
      const cases = [
        { use: 'enc' },
        { key_ops: ['sign'] },
        { alg: 'ES384' },
        { kid: undefined },
        { kty: 'oct', k: 'AAAA' },
        { crv: 'P-999' },
      ];
      for (const change of cases) {
        own.answers.set(JWKS, () => ({ body: { keys: [null, 'x', { ...usable, ...change }] } }));
        const fresh = await start({ issuer: own.url });
        expect([change, (await fresh.get('/todos', signed(first))).status]).toEqual([change, 401]);
        await fresh.close();
      }
    });
  });
});
