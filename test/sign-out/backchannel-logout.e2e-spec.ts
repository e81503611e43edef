import { setTimeout as sleep } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { BackchannelLogout } from '../../src/issuance/logout/backchannel-logout.js';
import { ClientStore } from '../../src/storage/client.store.js';
import { MaintenanceStore } from '../../src/storage/maintenance.store.js';
import { SessionStore } from '../../src/storage/session.store.js';
import { Browser } from '../support/browser.js';
import type { ClientBuilder } from '../support/clients.js';
import type { CodeFlow } from '../support/code-flow.js';
import { seeChanges } from '../support/configuration.js';
import { DatabaseRows } from '../support/database-rows.js';
import { claimsOf } from '../support/jwt.js';
import { ProtocolClient } from '../support/protocol-client.js';
import { startService, type TestService } from '../support/service-app.js';
import { openApp, signInTo, signOutClient } from './support/app.js';
import { RelyingParty, validateLogoutToken, type RelyingPartyAnswer } from './support/relying-party.js';
import { sessionOf, signedInBrowser, signInWith, type SignedInBrowser } from './support/signed-in-browser.js';

const DAY = 86_400;
let service: TestService;
let rows: DatabaseRows;
beforeAll(async () => {
  service = await startService();
  rows = await DatabaseRows.open(service.database.url);
});
afterAll(async () => {
  await rows.close();
  await service.close();
});

let party: RelyingParty;
beforeEach(async () => (party = await RelyingParty.start()));
afterEach(() => party.close());

const told = (uri = party.uri): ClientBuilder => signOutClient().with({ backchannelLogoutUri: uri });
const metadata = async (url: string) => (await new ProtocolClient(url).json('GET', '/.well-known/openid-configuration')).body;
const keys = async () => (await new ProtocolClient(service.url).json('GET', '/.well-known/jwks.json')).body;
const validated = async (app: CodeFlow, token: string) =>
  validateLogoutToken(token, { keys: await keys(), issuer: service.issuer, client: app.client.id, now: service.clock.now() });

const end = async ({ session }: SignedInBrowser, at = service) =>
  expect(await at.get(SessionStore).end(session.subject, session.sid, at.clock.now())).toBe(true);

/** Lets the service look for notices, until it has nothing more to do. */
async function delivered(at = service): Promise<void> {
  at.get(BackchannelLogout).kick();
  await at.get(BackchannelLogout).settled();
}

/** Notices of the session that have not been delivered. */
async function waiting({ session }: SignedInBrowser): Promise<{ attempts: number; pause: number }[]> {
  const { rows: notices } = await rows.client.query<{ attempts: number; next_at: Date }>(
    'select attempts, next_at from logout_notice where sid = $1',
    [session.sid],
  );
  return notices.map(({ attempts, next_at }) => ({ attempts, pause: (next_at.getTime() - service.clock.now().getTime()) / 1000 }));
}

/** Somebody signed in to the app, whose session has just ended, as far as the app's server let it be told. */
async function endedSession(app: CodeFlow): Promise<SignedInBrowser> {
  const person = await signedInBrowser(service);
  await signInTo(app, person);
  await end(person);
  await delivered();
  return person;
}

describe('Back-channel logout (OpenID Connect Back-Channel Logout 1.0)', () => {
  it('is in the metadata', async () => {
    expect(await metadata(service.url)).toMatchObject({
      end_session_endpoint: `${service.issuer}/connect/logout`,
      backchannel_logout_supported: true,
      backchannel_logout_session_supported: true,
    });
  });

  it.each(['RS256', 'ES256'] as const)('posts a logout token that the app can believe, signed by %s', async (idTokenAlgorithm) => {
    const app = await openApp(service, told().withSettings({ idTokenAlgorithm }));
    const person = await endedSession(app);
    expect(party.received).toEqual([
      {
        method: 'POST',
        path: '/backchannel-logout',
        contentType: 'application/x-www-form-urlencoded',
        form: new URLSearchParams({ logout_token: party.token }),
      },
    ]);
    const claims = await validated(app, party.token);
    const now = service.clock.now().getTime() / 1000;
    expect(claims).toEqual({
      iss: service.issuer,
      sub: person.userId,
      aud: app.client.id,
      iat: now,
      exp: now + 120,
      jti: expect.any(String),
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      sid: person.session.sid,
    });
    const header = JSON.parse(Buffer.from(party.token.split('.')[0] ?? '', 'base64url').toString());
    expect(header).toEqual({ alg: idTokenAlgorithm, typ: 'logout+jwt', kid: expect.any(String) });
    expect(await waiting(person)).toEqual([]);
  });

  it('tells each app of the session once, with a token of its own, and no other app', async () => {
    const other = await RelyingParty.start();
    const [one, two, stranger] = [await openApp(service, told()), await openApp(service, told()), await openApp(service, told(other.uri))];
    const [person, somebody] = [await signedInBrowser(service), await signedInBrowser(service)];
    for (const app of [one, two, one]) await signInTo(app, person);
    await signInTo(stranger, somebody);
    await end(person);
    await delivered();
    const tokens = party.received.map(({ form }) => form.get('logout_token') ?? '');
    expect(tokens).toHaveLength(2);
    const claims = await Promise.all(tokens.map((token) => validated(one, token).catch(() => validated(two, token))));
    expect(claims.map(({ aud }) => aud).sort()).toEqual([one.client.id, two.client.id].sort());
    expect(other.received).toEqual([]);
    await other.close();
  });

  it('happens at once when the person signs out here, without waiting for the next look', async () => {
    const start = globalThis.setInterval;
    const withoutLooks = (work: () => void, milliseconds: number) => start(work, milliseconds === 1000 ? 2 ** 31 - 1 : milliseconds);
    const clockwork = jest.spyOn(globalThis, 'setInterval').mockImplementation(withoutLooks as never);
    const alone = await startService();
    clockwork.mockRestore();
    const app = await openApp(alone, told());
    const person = await signedInBrowser(alone);
    const { idToken } = await signInTo(app, person);
    await person.browser.get(`/connect/logout?${new URLSearchParams({ id_token_hint: idToken }).toString()}`);
    await alone.get(BackchannelLogout).settled();
    expect(party.received).toHaveLength(1);
    await alone.close();
  });

  it.each<RelyingPartyAnswer>([200, 204, 'endless'])('is done with the answer %s', async (answer) => {
    party.answer = answer;
    expect(await waiting(await endedSession(await openApp(service, told())))).toEqual([]);
  });
});

describe('A notice that an app does not take', () => {
  it.each<RelyingPartyAnswer>([400, 404, 500, 302, 'hang up', { redirect: 'http://127.0.0.1:9/' }])(
    'because its server answers %j comes again after a pause, as a new token',
    async (answer) => {
      party.answer = answer;
      const app = await openApp(service, told());
      const person = await endedSession(app);
      expect(await waiting(person)).toEqual([{ attempts: 1, pause: 10 }]);
      service.clock.advance(9);
      await delivered();
      expect(party.received).toHaveLength(1);
      service.clock.advance(1);
      await delivered();
      expect(party.received).toHaveLength(2);
      expect(await waiting(person)).toEqual([{ attempts: 2, pause: 20 }]);
      party.answer = 200;
      service.clock.advance(20);
      await delivered();
      expect(await waiting(person)).toEqual([]);
      // §2.6: an app may refuse a jti that it has seen. If only its answer was lost, it would go on refusing the same one.
      const sent = party.received.map(({ form }) => claimsOf(form.get('logout_token') ?? ''));
      expect(new Set(sent.map(({ jti }) => jti)).size).toBe(3);
      expect(new Set(sent.map(({ sid }) => sid))).toEqual(new Set([person.session.sid]));
      await validated(app, party.token);
    },
  );

  it('is not sent to where a redirect leads', async () => {
    const elsewhere = await RelyingParty.start();
    party.answer = { redirect: elsewhere.uri };
    await endedSession(await openApp(service, told()));
    expect([party.received.length, elsewhere.received.length]).toEqual([1, 0]);
    await elsewhere.close();
  });

  it('is not sent by plain http to another machine', async () => {
    const fetched = jest.spyOn(globalThis, 'fetch');
    const uri = 'http://app.example/backchannel-logout';
    const person = await endedSession(await openApp(service, told(uri)));
    expect(fetched.mock.calls.filter(([url]) => url === uri)).toEqual([]);
    fetched.mockRestore();
    expect(await waiting(person)).toEqual([{ attempts: 1, pause: 10 }]);
  });

  it('is given up after a day, and pruned', async () => {
    party.answer = 500;
    const person = await endedSession(await openApp(service, told()));
    service.clock.advance(DAY - 1);
    await delivered();
    expect(party.received).toHaveLength(2);
    service.clock.advance(3600);
    await delivered();
    expect(party.received).toHaveLength(2);
    await service.get(MaintenanceStore).prune(service.clock.now(), 2 * DAY);
    expect(await waiting(person)).toEqual([]);
  });

  it.each<[string, (id: string, builder: ClientBuilder) => Promise<unknown>]>([
    ['is disabled', (id) => service.get(ClientStore).setEnabled(id, false, service.clock.now())],
    ['wants no notices any more', (_, builder) => builder.with({ backchannelLogoutUri: undefined as never }).update(service)],
  ])('ends when the client %s', async (_, change) => {
    party.answer = 500;
    const builder = told();
    const app = await openApp(service, builder);
    const person = await endedSession(app);
    await change(app.client.id, builder);
    await seeChanges(service);
    service.clock.advance(10);
    await delivered();
    expect(await waiting(person)).toEqual([]);
    expect(party.received).toHaveLength(1);
  });

  it('is logged by client and status, once a minute, and with nothing of the token', async () => {
    const lines: string[] = [];
    const keep = (...parts: unknown[]): void => void lines.push(parts.map((part) => JSON.stringify(part)).join(' '));
    service.app.useLogger({ log: keep, warn: keep, error: keep, debug: keep, verbose: keep });
    party.answer = 503;
    const app = await openApp(service, told());
    const people = [await endedSession(app), await endedSession(app)];
    service.clock.advance(10);
    await delivered();
    service.app.useLogger(['error', 'fatal']);
    const ours = lines.filter((line) => line.includes('BackchannelLogout'));
    expect(ours).toHaveLength(1);
    expect(ours[0]).toContain(`The client ${app.client.id} could not be told of a log-out: status 503.`);
    const tokens = party.received.flatMap(({ form }) => (form.get('logout_token') ?? '').split('.').slice(1));
    expect(tokens).toHaveLength(6);
    for (const secret of [...tokens, ...people.flatMap(({ session, email }) => [session.sid, session.subject, email])])
      expect(lines.join('\n')).not.toContain(secret);
  });
});

describe('A server that hangs', () => {
  it('keeps no other app waiting, gets four notices at a time, and the rest once it answers', async () => {
    const slow = await RelyingParty.start();
    slow.answer = 'never';
    const [hanging, quick] = [await openApp(service, told(slow.uri)), await openApp(service, told())];
    const [person, other] = [await signedInBrowser(service), await signedInBrowser(service)];
    await signInTo(hanging, person);
    await signInTo(quick, other);
    for (let n = 0; n < 5; n++) {
      const browser = new Browser(service.url, service.issuer);
      await signInWith(browser, person);
      await signInTo(hanging, { ...person, browser, session: (await sessionOf(service, browser)) ?? person.session });
    }
    await service.get(SessionStore).endOthers(person.userId, undefined, service.clock.now()); // all in one transaction: they are due together
    service.get(BackchannelLogout).kick();
    await slow.until(4);
    await end(other);
    await party.until(1);
    expect(slow.received).toHaveLength(4);
    slow.answer = 200;
    slow.release(200);
    await service.get(BackchannelLogout).settled();
    expect(slow.received).toHaveLength(6);
    await slow.close();
  });

  it('is given up after five seconds, and left alone for ten', async () => {
    party.answer = 'never';
    const app = await openApp(service, told());
    const [first, second] = [await signedInBrowser(service), await signedInBrowser(service)];
    for (const person of [first, second]) await signInTo(app, person);
    await end(first);
    await delivered();
    expect(await waiting(first)).toEqual([{ attempts: 1, pause: 10 }]);
    party.answer = 200;
    await end(second);
    await delivered();
    expect(party.received).toHaveLength(1);
    service.clock.advance(10);
    await delivered();
    expect(party.received).toHaveLength(3);
  });
});

describe('Several instances', () => {
  it('deliver each notice once', async () => {
    const beside = await startService({ beside: service });
    const app = await openApp(service, told());
    const people = await Promise.all(Array.from({ length: 12 }, () => signedInBrowser(service)));
    for (const person of people) await signInTo(app, person);
    await Promise.all(people.map((person, n) => end(person, n % 2 === 0 ? service : beside)));
    await Promise.all([delivered(), delivered(beside)]);
    const sids = await Promise.all(
      party.received.map(async ({ form }) => (await validated(app, form.get('logout_token') ?? '')).sid as string),
    );
    expect(sids.sort()).toEqual(people.map(({ session }) => session.sid).sort());
    await beside.close();
  });

  it('finish what is under way before they stop', async () => {
    party.answer = 'never';
    const quiet = await startService({ issuance: { backchannelLogout: false } });
    const beside = await startService({ beside: quiet });
    const app = await openApp(quiet, told());
    const person = await signedInBrowser(quiet);
    await signInTo(app, person);
    await end(person, quiet);
    await party.until(1);
    let stopped = false;
    const stopping = beside.close().then(() => (stopped = true));
    await Promise.race([stopping, sleep(500)]); // time enough for whoever does not wait
    expect(stopped).toBe(false);
    party.release(200);
    await stopping;
    const left = await DatabaseRows.open(quiet.database.url);
    expect((await left.all())['logout_notice']).toEqual([]);
    await left.close();
    await quiet.close();
  });
});

describe('Turned off', () => {
  it('it is not in the metadata, and no app is told', async () => {
    const silent = await startService({ issuance: { backchannelLogout: false } });
    const app = await openApp(silent, told());
    const person = await signedInBrowser(silent);
    await signInTo(app, person);
    await end(person, silent);
    await delivered(silent);
    expect(party.received).toEqual([]);
    expect(Object.keys(await metadata(silent.url)).filter((name) => name.startsWith('backchannel'))).toEqual([]);
    await silent.close();
  });

  it('is what token storage needs to be on for', async () => {
    await expect(startService({ issuance: { tokenStorage: false, backchannelLogout: true } })).rejects.toThrow(
      'backchannelLogout needs token storage: turn it off, or tokenStorage on.',
    );
  });
});
