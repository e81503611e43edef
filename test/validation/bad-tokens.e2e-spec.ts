import { createHmac } from 'node:crypto';
import { connect } from 'node:net';
import fc from 'fast-check';
import { EntryType } from '../../src/protocol/entry-key.js';
import { formatToken, newIdentifier } from '../../src/protocol/token-string.js';
import { uuidv7 } from '../../src/protocol/uuid.js';
import { ValidationModule } from '../../src/validation/index.js';
import { TestClock } from '../support/test-clock.js';
import { AUDIENCE, claimsOf } from './support/claims.js';
import { ExternalIssuer } from './support/external-issuer.js';
import { clockModule, HOSTS, startApi, type RunningApi } from './support/hosts.js';
import { createSigningKey, signingInput, signJwt, type SigningKey } from './support/signed.js';
import { TodosController } from './support/todo.controllers.js';

describe.each(HOSTS)('Bad tokens on %s', (host) => {
  const clock = new TestClock();
  let issuer: ExternalIssuer;
  let key: SigningKey;
  let rsa: SigningKey;
  let api: RunningApi;

  const claims = (changes: Record<string, unknown> = {}) => claimsOf(issuer.url, clock, changes);
  const now = () => Math.floor(clock.now().getTime() / 1000);
  const good = () => signJwt(key, claims());
  const hmac = (secret: string | Buffer) => {
    const input = signingInput({ typ: 'at+jwt', alg: 'HS256', kid: rsa.kid }, claims());
    return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
  };
  const reference = (type: EntryType) =>
    formatToken({ key: { bucket: 20_000, authorizationId: uuidv7(clock.now()), type, number: 5n }, identifier: newIdentifier() });
  const parts = (token: string) => token.split('.') as [string, string, string];
  const changed = (text: string, at: number) => text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);

  beforeAll(async () => {
    issuer = await ExternalIssuer.start();
    key = issuer.publish('ES256');
    rsa = issuer.publish('RS256');
    const validation = ValidationModule.forRoot({ issuer: issuer.url, audience: AUDIENCE });
    api = await startApi(host, { imports: [clockModule(clock), validation], controllers: [TodosController] });
  });
  afterAll(async () => {
    await api.close();
    await issuer.close();
  });
  // Without this every refusal below might have another cause.
  beforeEach(async () => expect((await api.get('/todos', good())).status).toBe(200));

  const table: readonly (readonly [name: string, make: () => string])[] = [
    ['garbage', () => 'garbage'],
    ['two dots and nothing else', () => '..'],
    ['four parts', () => `${good()}.x`],
    ['alg none', () => `${signingInput({ typ: 'at+jwt', alg: 'none', kid: key.kid }, claims())}.`],
    ['alg none with a signature', () => `${signingInput({ typ: 'at+jwt', alg: 'none', kid: key.kid }, claims())}.AAAA`],
    ['HS256 with the PEM public key', () => hmac(rsa.publicKey.export({ format: 'pem', type: 'spki' }))],
    ['HS256 with the DER public key', () => hmac(rsa.publicKey.export({ format: 'der', type: 'spki' }))],
    ['an algorithm that is no text', () => signJwt(key, claims(), { alg: ['ES256'] })],
    ['an algorithm that is not accepted', () => signJwt(rsa, claims(), { alg: 'RS512' })],
    ['RS256 announced, EC key named', () => signJwt(rsa, claims(), { kid: key.kid })],
    ['ES256 announced, RSA key named', () => signJwt(key, claims(), { kid: rsa.kid })],
    ['a foreign key', () => signJwt(createSigningKey('ES256'), claims())],
    ['a foreign key under a known kid', () => signJwt(createSigningKey('ES256', key.kid), claims())],
    [
      'a foreign key sent along',
      () => {
        const foreign = createSigningKey('ES256', key.kid);
        return signJwt(foreign, claims(), { jwk: foreign.publicJwk, jku: `${issuer.url}/other` });
      },
    ],
    ['no kid', () => signJwt(key, claims(), { kid: undefined })],
    ['a kid that is no text', () => signJwt(key, claims(), { kid: { a: 1 } })],
    ['an unknown critical extension', () => signJwt(key, claims(), { crit: ['b64'], b64: false })],
    ['an empty crit', () => signJwt(key, claims(), { crit: [] })],
    ['an id token', () => signJwt(key, claims(), { typ: 'JWT' })],
    ['no typ', () => signJwt(key, claims(), { typ: undefined })],
    ['a header that is a list', () => `W10.${parts(good())[1]}.${parts(good())[2]}`],
    ['a header that is null', () => `bnVsbA.${parts(good())[1]}.${parts(good())[2]}`],
    [
      'another payload under the signature',
      () => [parts(good())[0], parts(signJwt(key, claims({ sub: 'x' })))[1], parts(good())[2]].join('.'),
    ],
    ['a truncated signature', () => good().slice(0, -4)],
    ['an altered signature', () => changed(good(), good().length - 40)],
    [
      'a signature in DER',
      () => {
        const [head, body] = parts(good());
        return `${head}.${body}.MEQCIAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaAiAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`;
      },
    ],
    ['padding', () => `${good()}==`],
    ['a payload that is text', () => signJwt(key, 'text')],
    ['a payload that is null', () => signJwt(key, null)],
    ['a payload that is a list', () => signJwt(key, [claims()])],
    ['another issuer', () => signJwt(key, claims({ iss: 'https://other.example.com' }))],
    ['the issuer with a slash', () => signJwt(key, claims({ iss: `${issuer.url}/` }))],
    ['no issuer', () => signJwt(key, claims({ iss: undefined }))],
    ['another audience', () => signJwt(key, claims({ aud: 'https://other.example.com' }))],
    ['no audience', () => signJwt(key, claims({ aud: undefined }))],
    ['an audience of the wrong form', () => signJwt(key, claims({ aud: { [AUDIENCE]: true } }))],
    ['an expired one', () => signJwt(key, claims({ exp: now(), iat: now() - 10 }))],
    ['no expiry', () => signJwt(key, claims({ exp: undefined }))],
    ['an expiry that is text', () => signJwt(key, claims({ exp: `${now() + 60}` }))],
    ['nbf in the future', () => signJwt(key, claims({ nbf: now() + 1 }))],
    ['nbf that is text', () => signJwt(key, claims({ nbf: 'now' }))],
    ['iat far in the future', () => signJwt(key, claims({ iat: now() + 100, exp: now() + 900 }))],
    ['iat after exp', () => signJwt(key, claims({ iat: now() + 50, exp: now() + 40 }))],
    ['no iat', () => signJwt(key, claims({ iat: undefined }))],
    ['no subject', () => signJwt(key, claims({ sub: undefined }))],
    ['an empty client', () => signJwt(key, claims({ client_id: '' }))],
    ['no jti', () => signJwt(key, claims({ jti: undefined }))],
    ['a scope that is a list', () => signJwt(key, claims({ scope: ['todos:read'] }))],
    ['a scope with a quotation mark', () => signJwt(key, claims({ scope: 'a"b' }))],
    ['10 kB of letters', () => 'a'.repeat(10_000)],
    ['a good one of 10 kB', () => signJwt(key, claims({ padding: 'a'.repeat(7_500) }))],
    ['a reference access token', () => reference(EntryType.accessToken)],
    ['a reference refresh token', () => reference(EntryType.refreshToken)],
    ['an authorization code', () => reference(EntryType.authorizationCode)],
    ['a truncated reference token', () => reference(EntryType.accessToken).slice(0, -1)],
    ['a padded reference token', () => `${reference(EntryType.accessToken)}=`],
    ['five parts, as a JWE has', () => 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0.AAAA.AAAA.AAAA.AAAA'],
  ];

  it.each(table)('answers 401 invalid_token to %s', async (_name, make) => {
    const response = await api.get('/todos', make());
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer error="invalid_token"/);
    expect(await response.json()).toMatchObject({ error: 'invalid_token' });
  });

  it('says in the log why a reference token is refused, without the token', async () => {
    const token = reference(EntryType.accessToken);
    await api.get('/todos', token);
    expect(api.log.some(({ level, text }) => level === 'warn' && text.includes("'entry' or 'introspection'"))).toBe(true);
    expect(api.log.some(({ text }) => text.includes(token.slice(6)))).toBe(false);
  });

  it.each([
    ['a refresh token', () => reference(EntryType.refreshToken)],
    ['an authorization code', () => reference(EntryType.authorizationCode)],
    ['half a token', () => reference(EntryType.accessToken).slice(0, -1)],
  ])('advises no other check on account of %s', async (_what, make) => {
    const from = api.log.length;
    await api.get('/todos', make());
    expect(api.log.slice(from).filter(({ text }) => text.startsWith('Token refused'))).toEqual([
      { level: 'debug', text: expect.stringContaining('not an access token of this service') },
    ]);
  });

  it('logs no part of any refused token', () => {
    const secrets = /eyJ|cs_at_[\w-]{10}|cs_rt_[\w-]{10}/;
    expect(api.log.filter(({ text }) => text.startsWith('Token refused')).length).toBeGreaterThan(30);
    expect(api.log.filter(({ text }) => secrets.test(text))).toEqual([]);
  });

  it('refuses a token from the cache as soon as it expires, and one that is not yet valid', async () => {
    const token = signJwt(key, claims({ exp: now() + 5 }));
    expect((await api.get('/todos', token)).status).toBe(200);
    clock.advance(5);
    expect((await api.get('/todos', token)).status).toBe(401);
    clock.advance(-5);
    expect((await api.get('/todos', token)).status).toBe(200);
    const nbf = signJwt(key, claims({ nbf: now() }));
    expect((await api.get('/todos', nbf)).status).toBe(200);
    clock.advance(-1);
    expect((await api.get('/todos', nbf)).status).toBe(401);
    clock.advance(1);
  });

  it('grants the configured tolerance and no second more', async () => {
    const validation = ValidationModule.forRoot({ issuer: issuer.url, audience: AUDIENCE, clockTolerance: 60 });
    const tolerant = await startApi(host, { imports: [clockModule(clock), validation], controllers: [TodosController] });
    const status = async (changes: object) => (await tolerant.get('/todos', signJwt(key, claims({ iat: now() - 900, ...changes })))).status;
    expect(await status({ exp: now() - 59 })).toBe(200);
    expect(await status({ exp: now() - 60 })).toBe(401);
    expect(await status({ nbf: now() + 60 })).toBe(200);
    expect(await status({ nbf: now() + 61 })).toBe(401);
    await tolerant.close();
  });

  describe('Authorization header (RFC 6750 §2.1)', () => {
    it.each(['Bearer', 'Bearer ', 'bearer a b', 'Bearer a,b', 'Bearer "a"', 'Bearer =', 'Bearer a=b', 'Bearer\ta'])(
      'answers %j with 400 invalid_request or a plain challenge, never more',
      async (value) => {
        const response = await fetch(`${api.url}/todos`, { headers: { authorization: value } });
        expect(response.status).toBe(value === 'Bearer\ta' ? 401 : 400);
        expect(response.headers.get('www-authenticate')).toMatch(response.status === 400 ? /^Bearer error="invalid_request"/ : /^Bearer$/);
      },
    );

    it('takes the scheme in any case, and several spaces', async () => {
      for (const scheme of ['bearer', 'BEARER', 'Bearer  ']) {
        expect((await fetch(`${api.url}/todos`, { headers: { authorization: `${scheme} ${good()}` } })).status).toBe(200);
      }
    });

    it.each([
      ['both good', () => [`Bearer ${good()}`, `Bearer ${good()}`]],
      ['the second Basic', () => [`Bearer ${good()}`, 'Basic YTpi']],
    ])('answers 400 to two headers, %s', async (_name, make) => {
      const raw = await sendRaw(
        api.url,
        '/todos',
        make().map((value) => `authorization: ${value}`),
      );
      expect(raw).toMatch(/^HTTP\/1\.1 400 /);
      expect(raw).toContain('error="invalid_request"');
    });

    it('reads no token from query string or body', async () => {
      expect((await api.get(`/todos?access_token=${good()}`)).status).toBe(401);
      const body = new URLSearchParams({ access_token: good() });
      expect((await fetch(`${api.url}/todos`, { method: 'POST', body })).status).not.toBe(200);
    });
  });

  it('never answers anything but 400 or 401 to what is no token (fuzz)', async () => {
    const [head, body, signature] = parts(good());
    const piece = fc.oneof(
      fc.constantFrom(head, body, signature, '', '.', 'cs_at_', 'e30', 'bnVsbA'),
      fc.base64String(),
      fc.string(),
      fc.json().map((json) => Buffer.from(json).toString('base64url')),
    );
    const header = fc.array(piece, { maxLength: 5 }).map((list) => `Bearer ${list.join('.')}`);
    await fc.assert(
      fc.asyncProperty(
        header.filter((value) => /^[\x20-\x7E]*$/.test(value)),
        async (authorization) => {
          const { status } = await fetch(`${api.url}/todos`, { headers: { authorization } });
          expect([400, 401]).toContain(status);
        },
      ),
      { numRuns: 300, examples: [[`Bearer ${head}.bnVsbA.${signature}`]] },
    );
  });
});

/** fetch joins repeated headers; this sends them as they are. */
function sendRaw(url: string, path: string, headers: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => {
      socket.write([`GET ${path} HTTP/1.1`, `host: ${hostname}`, 'connection: close', ...headers, '', ''].join('\r\n'));
    });
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('end', () => resolve(answer)).on('error', reject);
  });
}
