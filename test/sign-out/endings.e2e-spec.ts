import { Users } from '../../src/identity/users.js';
import { Endings } from '../../src/issuance/tokens/endings.js';
import { TokenRevoker } from '../../src/issuance/tokens/token-revoker.js';
import { parseTokenId } from '../../src/protocol/entry-key.js';
import { BrowserSessionStore } from '../../src/storage/browser-session.store.js';
import { ClientStore } from '../../src/storage/client.store.js';
import { ConsentStore } from '../../src/storage/consent.store.js';
import { SessionStore } from '../../src/storage/session.store.js';
import { Browser } from '../support/browser.js';
import type { CodeFlow } from '../support/code-flow.js';
import { DatabaseRows } from '../support/database-rows.js';
import { claimsOf } from '../support/jwt.js';
import { ProtocolClient, signUp, type Answer } from '../support/protocol-client.js';
import { startService, type TestService } from '../support/service-app.js';
import { openApp, signInTo, signOutClient, type SignedInApp } from './support/app.js';
import { sessionOf, signedInBrowser, signInWith, type SignedInBrowser } from './support/signed-in-browser.js';

const SESSION_COOKIE = 'countersign-session';
const OFFLINE = ['openid', 'offline_access'];

let service: TestService;
let rows: DatabaseRows;
let told: CodeFlow;
let alsoTold: CodeFlow;
let silent: CodeFlow;
beforeAll(async () => {
  service = await startService({ issuance: { backchannelLogout: false } }); // so that the notices stay where they can be counted
  rows = await DatabaseRows.open(service.database.url);
  const uri = { backchannelLogoutUri: 'https://app.example/backchannel-logout' };
  [told, alsoTold] = [await openApp(service, signOutClient().with(uri)), await openApp(service, signOutClient().with(uri))];
  silent = await openApp(service);
});
afterAll(async () => {
  await rows.close();
  await service.close();
});

/** One person with everything that can end: in two browsers signed in to apps, and in two of our own apps. */
interface Stage {
  readonly here: SignedInBrowser;
  readonly elsewhere: SignedInBrowser;
  readonly online: SignedInApp;
  readonly offline: SignedInApp;
  readonly unheard: SignedInApp;
  readonly other: SignedInApp;
  /** Of the built-in client, whose scope is offline_access. */
  readonly ownApp: { readonly accessToken: string; readonly sid: string };
  readonly ownOther: { readonly accessToken: string; readonly sid: string };
}

async function stage(): Promise<Stage> {
  const here = await signedInBrowser(service);
  const browser = new Browser(service.url, service.issuer);
  await signInWith(browser, here);
  const elsewhere = { ...here, browser, session: (await sessionOf(service, browser)) ?? here.session };
  return {
    here,
    elsewhere,
    online: await signInTo(told, here),
    offline: await signInTo(alsoTold, here, OFFLINE),
    unheard: await signInTo(silent, here),
    other: await signInTo(told, elsewhere),
    ownApp: await signInToOurs(here),
    ownOther: await signInToOurs(here),
  };
}

async function signInToOurs({ email, password }: SignedInBrowser): Promise<{ accessToken: string; sid: string }> {
  const { body } = await new ProtocolClient(service.url).json('POST', '/auth/login', { email, password });
  return { accessToken: body.accessToken, sid: claimsOf(body.accessToken).sid };
}

const api = (method: string, path: string, { accessToken }: { accessToken: string }, body?: unknown): Promise<Answer> =>
  new ProtocolClient(service.url).json(method, path, body, accessToken);

/** Which of its grants are alive, in the order of their names. */
async function alive({ online, offline, unheard, other, ownApp, ownOther }: Stage): Promise<string[]> {
  const ofApps = { online: [told, online], offline: [alsoTold, offline], unheard: [silent, unheard], other: [told, other] } as const;
  const found = await Promise.all(
    Object.entries(ofApps).map(async ([name, [app, { accessToken }]]) =>
      (await app.api.introspect(accessToken)).body.active === true ? [name] : [],
    ),
  );
  const ours = await Promise.all(
    Object.entries({ ownApp, ownOther }).map(async ([name, app]) => ((await api('GET', '/auth/me', app)).status === 200 ? [name] : [])),
  );
  return [...found, ...ours].flat();
}

/** Of the person: which sessions (by browser) which clients are to be told of. */
async function notices({ here, elsewhere }: Stage): Promise<string[]> {
  const names = new Map([
    [here.session.sid, 'here'],
    [elsewhere.session.sid, 'elsewhere'],
    [told.client.id, 'told'],
    [alsoTold.client.id, 'alsoTold'],
  ]);
  const { rows: found } = await rows.client.query<{ sid: string; client: string }>(
    'select sid, client from logout_notice where subject = $1',
    [here.userId],
  );
  return found.map(({ sid, client }) => `${names.get(sid) ?? sid}: ${names.get(client) ?? client}`).sort();
}

/** Every grant that is dead has one row in the log, and no other has. */
async function expectLogged({ here }: Stage): Promise<void> {
  const { rows: grants } = await rows.client.query<{ status: number; logged: number }>(
    `select status, (select count(*)::int from revocation_log where kind = 2 and key = uuid_send(a.id)) as logged
     from authorizations a where subject = $1`,
    [here.userId],
  );
  expect(grants.filter(({ status, logged }) => logged !== status - 1)).toEqual([]);
}

const ALL = ['online', 'offline', 'unheard', 'other', 'ownApp', 'ownOther'];
const HERE = ['here: alsoTold', 'here: told'];
const BOTH = ['elsewhere: told', ...HERE];
const now = () => service.clock.now();

/** What ends, what goes on, and who is to be told. */
const ENDINGS: readonly [string, (all: Stage) => Promise<unknown>, { alive: string[]; notices: string[] }][] = [
  // OpenID Connect Core §11: offline access is for when nobody is signed in.
  [
    'signing out for an app',
    ({ here, online }) => here.browser.get(`/connect/logout?${new URLSearchParams({ id_token_hint: online.idToken }).toString()}`),
    { alive: ['offline', 'other', 'ownApp', 'ownOther'], notices: HERE },
  ],
  [
    'signing out at the page',
    async ({ here }) => here.browser.submit(await here.browser.get('/sign-out'), { decision: 'sign-out' }),
    { alive: ['offline', 'other', 'ownApp', 'ownOther'], notices: HERE },
  ],
  [
    'somebody else signing in with the browser',
    async ({ here: { browser } }) => {
      const { email, password } = await signUp(service.url);
      const cookie = browser.cookies.get(SESSION_COOKIE) ?? '';
      browser.cookies.delete(SESSION_COOKIE);
      const page = await browser.get('/sign-in'); // as it was left open in another tab
      browser.cookies.set(SESSION_COOKIE, cookie);
      await browser.submit(page, { email, password });
      expect((await sessionOf(service, browser))?.account.email).toBe(email);
    },
    { alive: ['offline', 'other', 'ownApp', 'ownOther'], notices: HERE },
  ],
  [
    'ending the session on the account page',
    async ({ here, elsewhere }) => elsewhere.browser.submit(await elsewhere.browser.get('/account'), { end: here.session.sid }),
    { alive: ['other', 'ownApp', 'ownOther'], notices: HERE },
  ],
  [
    'ending all others on the account page',
    async ({ elsewhere }) => elsewhere.browser.submit(await elsewhere.browser.get('/account'), { end_others: 'yes' }),
    { alive: ['other'], notices: HERE },
  ],
  [
    'DELETE /auth/sessions/:id',
    ({ here, ownApp }) => api('DELETE', `/auth/sessions/${here.session.sid}`, ownApp),
    { alive: ['other', 'ownApp', 'ownOther'], notices: HERE },
  ],
  ['DELETE /auth/sessions', ({ ownApp }) => api('DELETE', '/auth/sessions', ownApp), { alive: ['ownApp'], notices: BOTH }],
  [
    'a change of the password, which spares connected apps',
    ({ ownApp, here }) =>
      api('POST', '/auth/change-password', ownApp, { currentPassword: here.password, newPassword: 'red kettle 9 sparrows' }),
    { alive: ['offline', 'ownApp'], notices: BOTH },
  ],
  ['disabling the person', ({ here }) => service.get(Users).disable(here.userId), { alive: [], notices: BOTH }],
  [
    "the operator's word on everything of the person",
    ({ here }) => service.get(Endings).endUser(here.userId),
    { alive: [], notices: BOTH },
  ],
  [
    "the operator's word on a session",
    ({ here: { session } }) => service.get(Endings).endSession(session.sid),
    { alive: ['other', 'ownApp', 'ownOther'], notices: HERE },
  ],
  [
    'the session twice over',
    async ({ here: { session } }) => {
      const endings = [
        () => service.get(SessionStore).end(session.subject, session.sid, now()),
        () => service.get(BrowserSessionStore).signOut(session.subject, session.sid, now()),
      ];
      await Promise.all([...endings, ...endings].map((ending) => ending()));
    },
    { alive: ['other', 'ownApp', 'ownOther'], notices: HERE },
  ],
  [
    'the session of an app of ours, offline_access or not',
    ({ here: { session }, ownApp }) => service.get(BrowserSessionStore).signOut(session.subject, ownApp.sid, now()),
    { alive: ['online', 'offline', 'unheard', 'other', 'ownOther'], notices: [] },
  ],
  // These end grants, and no session.
  [
    'withdrawing a consent',
    ({ here: { session } }) => service.get(ConsentStore).withdraw(session.subject, told.client.id, now()),
    { alive: ['offline', 'unheard', 'ownApp', 'ownOther'], notices: [] },
  ],
  [
    "the operator's word on a grant",
    ({ online }) => service.get(Endings).endAuthorization(parseTokenId(claimsOf(online.accessToken).jti)?.authorizationId ?? ''),
    { alive: ['offline', 'unheard', 'other', 'ownApp', 'ownOther'], notices: [] },
  ],
  [
    'revoking a refresh token',
    ({ offline }) => service.get(TokenRevoker).revoke(offline.refreshToken ?? '', alsoTold.client.id),
    { alive: ['online', 'unheard', 'other', 'ownApp', 'ownOther'], notices: [] },
  ],
];

describe('What ends, what goes on and who is told, by', () => {
  it.each(ENDINGS)('%s', async (_, end, expected) => {
    const all = await stage();
    expect(await alive(all)).toEqual(ALL);
    await end(all);
    expect(await alive(all)).toEqual(expected.alive);
    expect(await notices(all)).toEqual(expected.notices);
    await expectLogged(all);
  });

  it('signing out after a client was disabled: that one is not told', async () => {
    const app = await openApp(service, signOutClient().with({ backchannelLogoutUri: 'https://app.example/backchannel-logout' }));
    const person = await signedInBrowser(service);
    await signInTo(app, person);
    await service.get(ClientStore).setEnabled(app.client.id, false, now());
    await service.get(BrowserSessionStore).signOut(person.userId, person.session.sid, now());
    const { rows: found } = await rows.client.query('select from logout_notice where subject = $1', [person.userId]);
    expect(found).toEqual([]);
  });

  it('signing out while a code is on its way: it opens nothing any more, offline_access or not', async () => {
    const person = await signedInBrowser(service);
    const codes = await Promise.all([['openid'], OFFLINE].map((scopes) => told.issue({ session: person.session, scopes })));
    await person.browser.submit(await person.browser.get('/sign-out'), { decision: 'sign-out' });
    for (const code of codes) {
      const { status, body } = await told.redeem(code);
      expect([status, body.error]).toEqual([400, 'invalid_grant']);
    }
    const { rows: found } = await rows.client.query('select client from logout_notice where subject = $1', [person.userId]);
    expect(found).toEqual([{ client: told.client.id }]);
  });
});
