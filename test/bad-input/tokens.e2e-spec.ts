import { confidentialClient, publicClient, resourceServer, type TestClient } from '../support/clients.js';
import type { RawAnswer } from '../support/exchange.js';
import { ProtocolClient, signUp } from '../support/protocol-client.js';
import { startService, type TestService } from '../support/service-app.js';
import { basic, expectOAuthError, FORM, startBadInput, type BadInput } from './support/bad-input.js';
import { FORGED_JWTS, otherSpelling } from './support/forged-jwts.js';

let bad: BadInput;
let besides: TestService;
let api: TestClient;
let envelope: string;

beforeAll(async () => {
  bad = await startBadInput();
  api = await resourceServer().register(bad.service);
  besides = await startService({ beside: bad.service, issuance: { referenceRefreshTokens: false } });
  envelope = (await signUp(besides.url)).refreshToken;
});
afterAll(async () => {
  await besides.close();
  await bad.close();
});

const firstParty = { client_id: 'first-party' };

const form = (path: string, fields: Record<string, string>, caller?: TestClient): Promise<RawAnswer> =>
  bad.send({
    path,
    headers: { ...FORM, ...(caller && { authorization: basic(caller) }) },
    body: new URLSearchParams({ ...(!caller && firstParty), ...fields }).toString(),
  });

/** What every endpoint says to a token that is none, and that saying it changes nothing. */
const expectWorthless = (token: string): Promise<void> =>
  bad.unchanged(async () => {
    for (const caller of [api, bad.machine]) {
      const answer = await form('/connect/introspect', { token }, caller);
      // RFC 7662 §2.2: that, and nothing else.
      expect([answer.status, answer.body]).toEqual([200, { active: false }]);
      expect(answer.headers['cache-control']).toBe('no-store');
    }
    for (const hint of ['access_token', 'refresh_token', 'unknown', '']) {
      const answer = await form('/connect/revoke', { token, token_type_hint: hint }, bad.machine);
      // RFC 7009 §2.2.
      expect([answer.status, answer.body]).toEqual([200, {}]);
      expect(answer.headers['cache-control']).toBe('no-store');
    }
    await expectNoGrant(token);
    await expectNoEntrance(token);
  });

async function expectNoGrant(token: string): Promise<void> {
  for (const caller of [undefined, bad.machine]) {
    expectOAuthError(await form('/connect/token', { grant_type: 'refresh_token', refresh_token: token }, caller), 400, 'invalid_grant');
  }
  const refresh = { path: '/auth/refresh', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ refreshToken: token }) };
  const { status } = await bad.send(refresh);
  expect([400, 401]).toContain(status);
}

async function expectNoEntrance(token: string): Promise<void> {
  if (!/^[ -~]*$/.test(token)) return; // cannot be a header
  const { status, headers } = await bad.send({ method: 'GET', path: '/auth/me', headers: { authorization: `Bearer ${token}` } });
  // What has the form of no bearer token is 400 (RFC 6750 §3.1); 431: Node takes no header as long as that.
  expect(token.length > 16_000 ? [431] : [400, 401]).toContain(status);
  if (status === 401) expect(headers['www-authenticate']).toMatch(/^Bearer/);
}

describe('JWTs that are none of ours', () => {
  it.each(Object.entries(FORGED_JWTS))('%s', async (_, forge) => {
    await expectWorthless(forge(bad));
  });

  it('are told from the good one they were made of', async () => {
    const good = await new ProtocolClient(bad.service.url, api).introspect(bad.tokens.machineJwt);
    expect(good.body).toMatchObject({ active: true, client_id: bad.machine.id });
  });
});

describe('reference tokens that are none of ours', () => {
  const body = (token: string) => token.slice(6);
  const flipped = (token: string, at: number) => {
    const bytes = Buffer.from(body(token), 'base64url');
    bytes.writeUInt8((bytes[at] ?? 0) ^ 1, at);
    return token.slice(0, 6) + bytes.toString('base64url');
  };
  const cases: [name: string, forge: (token: string) => string][] = [
    ['random bytes', (token) => token.slice(0, 6) + 'Zm9v'.repeat(20)],
    ['zeros', (token) => token.slice(0, 6) + 'A'.repeat(80)],
    ['the highest numbers', (token) => token.slice(0, 6) + '_'.repeat(80)],
    ['the prefix alone', (token) => token.slice(0, 6)],
    ['one character less', (token) => token.slice(0, -1)],
    ['one character more', (token) => `${token}A`],
    ['padding', (token) => `${token}=`],
    ['a space before', (token) => ` ${token}`],
    ['a line break behind', (token) => `${token}\n`],
    ['a control character', (token) => `${token.slice(0, 20)}\u0001${token.slice(21)}`],
    ['the alphabet of base64', (token) => `${token.slice(0, 6)}+/${token.slice(8)}`],
    ['another case', (token) => token.toUpperCase()],
    ['an unknown prefix', (token) => `cs_xx_${body(token)}`],
    ['a prefix of a device code', (token) => `cs_dc_${body(token)}`],
    ['no prefix', body],
    ['another bucket', (token) => flipped(token, 3)],
    ['another grant', (token) => flipped(token, 19)],
    ['another number', (token) => flipped(token, 27)],
    ['one bit of the secret', (token) => flipped(token, 28)],
    ['the last bit of the secret', (token) => flipped(token, 59)],
  ];
  describe.each(['cs_at_', 'cs_rt_', 'cs_ac_'])('%s', (prefix) => {
    const good = () => prefix + body(prefix === 'cs_at_' ? bad.tokens.machineReference : bad.tokens.refresh);
    it.each(cases)('%s', async (_, forge) => {
      await expectWorthless(forge(good()));
    });
  });

  it('a token under the prefix of another kind', async () => {
    await expectWorthless(`cs_rt_${body(bad.tokens.machineReference)}`);
    await expectWorthless(`cs_ac_${body(bad.tokens.machineReference)}`);
    await expectWorthless(`cs_at_${body(bad.tokens.refresh)}`);
    await expectWorthless(`cs_ac_${body(bad.tokens.refresh)}`);
  });
});

describe('self-contained refresh tokens that are none of ours', () => {
  const replacePart = (index: number, change: (part: string) => string) =>
    envelope
      .split('.')
      .map((part, n) => (n === index ? change(part) : part))
      .join('.');
  const turned = (part: string) => (part[0] === 'A' ? 'B' : 'A') + part.slice(1);
  const header = (changes: object) => (part: string) =>
    Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(part, 'base64url').toString()), ...changes })).toString('base64url');
  const cases: [name: string, forge: () => string][] = [
    ['another header of the same meaning', () => replacePart(0, header({ x: 1 }))],
    ['alg none', () => replacePart(0, header({ alg: 'none' }))],
    ['another encryption', () => replacePart(0, header({ enc: 'A128GCM' }))],
    ['a foreign kid', () => replacePart(0, header({ kid: 'foreign' }))],
    ['no kid', () => replacePart(0, header({ kid: undefined }))],
    ['another typ', () => replacePart(0, header({ typ: 'JWT' }))],
    ['a compressed one', () => replacePart(0, header({ zip: 'DEF' }))],
    ['an encrypted key', () => replacePart(1, () => 'AAAA')],
    ['another nonce', () => replacePart(2, turned)],
    ['another text', () => replacePart(3, turned)],
    ['no text', () => replacePart(3, () => '')],
    ['another tag', () => replacePart(4, turned)],
    ['a short tag', () => replacePart(4, (part) => part.slice(0, 11))],
    ['a tag spelled otherwise', () => replacePart(4, otherSpelling)],
    ['four parts', () => envelope.split('.').slice(0, 4).join('.')],
    ['six parts', () => `${envelope}.x`],
    ['20 KB', () => replacePart(3, (part) => part + 'A'.repeat(20_000))],
  ];
  it.each(cases)('%s', async (_, forge) => {
    await expectWorthless(forge());
  });
});

describe('tokens of another kind or another client', () => {
  const accessTokens = () => [bad.tokens.machineJwt, bad.tokens.machineReference, bad.tokens.personJwt];

  it('an access token does not refresh', async () => {
    for (const token of accessTokens()) await bad.unchanged(() => expectNoGrant(token));
  });

  it('a refresh token opens nothing and is nothing to a resource server, not even to one that sees all', async () => {
    for (const token of [bad.tokens.refresh, envelope]) {
      await bad.unchanged(async () => {
        await expectNoEntrance(token);
        for (const caller of [api, bad.machine])
          expect((await form('/connect/introspect', { token }, caller)).body).toEqual({ active: false });
      });
    }
  });

  it('a foreign refresh token neither refreshes nor is revoked', async () => {
    const other = await publicClient().register(bad.service);
    for (const token of [bad.tokens.refresh, envelope]) {
      await bad.unchanged(async () => {
        const refreshed = await form('/connect/token', { client_id: other.id, grant_type: 'refresh_token', refresh_token: token });
        expectOAuthError(refreshed, 400, 'invalid_grant');
        const revoked = await form('/connect/revoke', { client_id: other.id, token });
        expect([revoked.status, revoked.body]).toEqual([200, {}]);
      });
    }
  });

  it('a foreign access token is not revoked, and not seen by a client it is not meant for', async () => {
    const other = await confidentialClient().register(bad.service);
    for (const token of accessTokens()) {
      await bad.unchanged(async () => {
        expect((await form('/connect/revoke', { token }, other)).status).toBe(200);
        expect((await form('/connect/introspect', { token }, other)).body).toEqual({ active: false });
      });
    }
  });

  it('what has expired is worth nothing, in every format', async () => {
    bad.service.clock.advance(900);
    for (const token of accessTokens()) await expectWorthless(token);
    bad.service.clock.advance(14 * 86_400);
    for (const token of [bad.tokens.refresh, envelope]) await bad.unchanged(() => expectNoGrant(token));
  });
});
