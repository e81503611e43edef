import { randomBytes, randomUUID } from 'node:crypto';
import { Accounts } from '../../src/identity/accounts/accounts.js';
import { encodeEntryKey } from '../../src/protocol/entry-key.js';
import { codeChallenge } from '../../src/protocol/pkce.js';
import { formatToken, newIdentifier, parseToken, type ReferenceToken } from '../../src/protocol/token-string.js';
import { BrowserSessionStore } from '../../src/storage/browser-session.store.js';
import { ClientStore } from '../../src/storage/client.store.js';
import { ConsentStore } from '../../src/storage/consent.store.js';
import { SessionStore } from '../../src/storage/session.store.js';
import { resourceServer } from '../support/clients.js';
import { CodeFlow, codeClient, person, REDIRECT_URI, signedIn, type IssuedCode } from '../support/code-flow.js';
import { DatabaseRows } from '../support/database-rows.js';
import { ProtocolClient, type Answer, type Form } from '../support/protocol-client.js';
import { startService, type TestService } from '../support/service-app.js';

let service: TestService;
let rows: DatabaseRows;
let flow: CodeFlow;
let stranger: CodeFlow;
let api: ProtocolClient;

beforeAll(async () => {
  service = await startService();
  rows = await DatabaseRows.open(service.database.url);
  flow = await CodeFlow.of(service, codeClient('public'));
  stranger = await CodeFlow.of(service, codeClient('confidential'));
  api = new ProtocolClient(service.url, await resourceServer().register(service));
  await stranger.redeem(await stranger.issue()); // its record is remembered from here on
});
afterAll(async () => {
  await rows.close();
  await service.close();
});

/** Nothing is told, and nothing changes. */
async function refused(work: () => Promise<Answer>, error = 'invalid_grant'): Promise<Answer> {
  const before = await rows.all();
  const answer = await work();
  expect([answer.status, answer.body.error]).toEqual([400, error]);
  expect(Object.keys(answer.body).sort()).toEqual(['error', 'error_description']);
  expect(await rows.all()).toEqual(before);
  return answer;
}

const referenceOf = (code: string): ReferenceToken => {
  const reference = parseToken(code);
  if (!reference) throw new Error('This is no code.');
  return reference;
};
const altered = (code: string, change: (reference: ReferenceToken) => ReferenceToken): string => formatToken(change(referenceOf(code)));

/** A code's own client tries, and after that the code is as good as before. */
const attempts: [name: string, changes: (issued: IssuedCode) => Form][] = [
  ['without a verifier', () => ({ code_verifier: '' })],
  ['with another verifier', () => ({ code_verifier: randomBytes(32).toString('base64url') })],
  ['with the challenge for a verifier (plain does not exist)', ({ verifier }) => ({ code_verifier: codeChallenge(verifier) })],
  ['with a verifier that was cut off', ({ verifier }) => ({ code_verifier: verifier.slice(0, -1) })],
  ['with a verifier that was padded', ({ verifier }) => ({ code_verifier: `${verifier}=` })],
  ['without the redirect URI of the request', () => ({ redirect_uri: '' })],
  ['with another redirect URI', () => ({ redirect_uri: 'https://app.example/other' })],
  ['with a redirect URI that differs by a slash', () => ({ redirect_uri: `${REDIRECT_URI}/` })],
  ['with a redirect URI that differs in case', () => ({ redirect_uri: REDIRECT_URI.replace('app', 'APP') })],
  ['with a redirect URI that was given a query', () => ({ redirect_uri: `${REDIRECT_URI}?` })],
  ['with a code of another identifier', ({ code }) => ({ code: altered(code, (it) => ({ ...it, identifier: newIdentifier() })) })],
  [
    'with a code of another grant',
    ({ code }) => ({ code: altered(code, (it) => ({ ...it, key: { ...it.key, authorizationId: randomUUID() } })) }),
  ],
  ['with a code of another number', ({ code }) => ({ code: altered(code, (it) => ({ ...it, key: { ...it.key, number: 1n } })) })],
  [
    'with a code of another day',
    ({ code }) => ({ code: altered(code, (it) => ({ ...it, key: { ...it.key, bucket: it.key.bucket + 1 } })) }),
  ],
  ['with a code that was cut off', ({ code }) => ({ code: code.slice(0, -1) })],
  ['with a code and a space', ({ code }) => ({ code: `${code} ` })],
  ['with a code in the prefix of a refresh token', ({ code }) => ({ code: code.replace('cs_ac_', 'cs_rt_') })],
  ['with a code in the prefix of an access token', ({ code }) => ({ code: code.replace('cs_ac_', 'cs_at_') })],
  ['with nonsense for a code', () => ({ code: 'x'.repeat(86) })],
  ['with a code of 60 kB', () => ({ code: 'x'.repeat(60_000) })],
  ['with the id of the entry for a code', ({ code }) => ({ code: encodeEntryKey(referenceOf(code).key).toString('base64url') })],
];

describe('A code is not redeemed by its own client', () => {
  it.each(attempts)('%s; it is not spent', async (_, changes) => {
    const issued = await flow.issue();
    await refused(() => flow.redeem(issued, changes(issued)));
    expect((await flow.redeem(issued)).status).toBe(200);
  });

  it('without a code', async () => {
    await refused(() => flow.api.token({ grant_type: 'authorization_code', redirect_uri: REDIRECT_URI }), 'invalid_request');
  });

  it('with a verifier that was cut short already when the challenge was made (RFC 7636 §4.1)', async () => {
    const short = randomBytes(31).toString('base64url');
    const issued = await flow.issue({ codeChallenge: codeChallenge(short) });
    await refused(() => flow.redeem(issued, { code_verifier: short }));
  });

  it('with a verifier where the request had no challenge (PKCE downgrade, RFC 9700 §4.8.2)', async () => {
    const confidential = await CodeFlow.of(service, codeClient('confidential').withSettings({ requirePkce: false }));
    await confidential.redeem(await confidential.issue());
    const issued = await confidential.issue({ codeChallenge: null });
    await refused(() => confidential.redeem(issued));
    expect((await confidential.redeem(issued, { code_verifier: '' })).status).toBe(200);
  });

  it('with the code of another browser and the verifier of its own (code injection, RFC 9700 §4.5)', async () => {
    const [victims, attackers] = [await flow.issue(), await flow.issue()];
    await refused(() => flow.redeem({ ...attackers, code: victims.code }));
    expect((await flow.redeem(victims)).status).toBe(200);
  });

  it('after it has expired', async () => {
    const issued = await flow.issue();
    service.clock.advance(60);
    await flow.redeem(await flow.issue());
    await refused(() => flow.redeem(issued));
  });

  it.each<[name: string, end: (issued: IssuedCode, subject: string, sid: string) => Promise<unknown>]>([
    ['the person signed out', (_, subject, sid) => service.get(BrowserSessionStore).signOut(subject, sid, service.clock.now())],
    ['the session was ended', (_, subject, sid) => service.get(SessionStore).end(subject, sid, service.clock.now())],
    ['the consent was withdrawn', (_, subject) => service.get(ConsentStore).withdraw(subject, flow.client.id, service.clock.now())],
    ['the person was disabled', (_, subject) => service.get(Accounts).setEnabled(subject, false)],
    ['the client revoked it (RFC 7009)', ({ code }) => flow.api.revoke(code)],
  ])('after %s', async (_, end) => {
    const session = await signedIn(service, await person(service));
    const issued = await flow.issue({ session });
    await end(issued, session.subject, session.sid);
    await refused(() => flow.redeem(issued));
  });

  it('after the client was disabled, and enabled again', async () => {
    const other = await CodeFlow.of(service, codeClient('public'));
    const issued = await other.issue();
    const clients = service.get(ClientStore);
    await clients.setEnabled(other.client.id, false, service.clock.now());
    await clients.setEnabled(other.client.id, true, service.clock.now());
    await refused(() => other.redeem(issued));
  });
});

describe('A code is nothing to others', () => {
  it('a stranger with everything but the client redeems nothing, and ends nothing', async () => {
    const issued = await flow.issue({ scopes: ['offline_access'] });
    await refused(() => stranger.redeem(issued));
    const { status, body } = await flow.redeem(issued);
    expect(status).toBe(200);
    await refused(() => stranger.redeem(issued));
    expect((await flow.api.refresh(body.refresh_token)).status).toBe(200);
  });

  it('whatever is wrong, the answer is the same', async () => {
    const issued = await flow.issue();
    const spent = await flow.issue();
    await flow.redeem(spent);
    const answers = [
      await flow.redeem(issued, { code_verifier: '' }),
      await flow.redeem(issued, { redirect_uri: 'https://elsewhere.example' }),
      await flow.redeem(issued, { code: 'x' }),
      await stranger.redeem(issued),
      await flow.redeem(spent),
    ];
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
  });

  it('a refresh token is no code, and a code is no refresh token', async () => {
    const issued = await flow.issue({ scopes: ['offline_access'] });
    await refused(() => flow.api.refresh(issued.code));
    const { body } = await flow.redeem(issued);
    await refused(() => flow.redeem(issued, { code: body.refresh_token }));
    await refused(() => flow.redeem(issued, { code: body.access_token }));
    expect((await flow.api.refresh(body.refresh_token)).status).toBe(200);
  });

  it('introspection does not know it, whoever asks', async () => {
    const own = new ProtocolClient(service.url, stranger.client);
    const { code } = await stranger.issue();
    for (const caller of [api, own]) expect((await caller.introspect(code)).body).toEqual({ active: false });
  });

  it('nor does userinfo', async () => {
    const { code } = await flow.issue();
    expect((await flow.api.json('GET', '/connect/userinfo', undefined, code)).body.error).toBe('invalid_token');
  });

  it('a stranger does not revoke it; its own client does, with all that it issued', async () => {
    const issued = await flow.issue();
    const before = await rows.all();
    expect((await stranger.api.revoke(issued.code)).status).toBe(200);
    expect(await rows.all()).toEqual(before);
    const { body } = await flow.redeem(issued);
    expect((await flow.api.revoke(issued.code)).status).toBe(200);
    expect((await api.introspect(body.access_token)).body).toEqual({ active: false });
  });
});

describe('No code is issued', () => {
  it.each<[name: string, end: (subject: string, sid: string) => Promise<unknown>]>([
    ['the session', (subject, sid) => service.get(BrowserSessionStore).signOut(subject, sid, service.clock.now())],
    ['the consent', (subject) => service.get(ConsentStore).withdraw(subject, flow.client.id, service.clock.now())],
    ['the person', (subject) => service.get(Accounts).setEnabled(subject, false)],
  ])('when %s ends while it is being approved', async (_, end) => {
    const session = await signedIn(service, await person(service));
    expect(await flow.tryIssue({ session })).toBeDefined();
    await end(session.subject, session.sid);
    const before = await rows.all();
    expect(await flow.tryIssue({ session, consents: false })).toBeUndefined();
    expect(await rows.all()).toEqual(before);
  });

  it('for scopes that were not consented to', async () => {
    const session = await signedIn(service, await person(service));
    await flow.issue({ session, scopes: ['openid', 'profile'] });
    expect(await flow.tryIssue({ session, scopes: ['openid', 'email'], consents: false })).toBeUndefined();
    expect(await flow.tryIssue({ session, scopes: ['profile'], consents: false })).toBeDefined();
  });
});
