import { FirstPartyTokens } from '../../src/identity/first-party-tokens.js';
import { Users } from '../../src/identity/users.js';
import { FirstPartyClient } from '../../src/issuance/first-party/first-party-client.js';
import { ClientStore } from '../../src/storage/client.store.js';
import { DatabaseRows } from '../support/database-rows.js';
import { onServer } from '../support/on-server.js';
import { createIdentityApp, freshAddress, GOOD_PASSWORD, newEmail, type Answer, type IdentityApp } from './support/identity-app.js';

const problem = ({ status, body }: Answer): unknown[] => [status, body?.type?.replace('urn:countersign:problem:', '')];
const WAYS = ['disabled', 'removed'] as const;

describe.each([
  ['with token storage', {}],
  ['without token storage', { tokenStorage: false }],
])('the built-in client, %s', (_, issuance) => {
  let api: IdentityApp;
  let rows: DatabaseRows;
  beforeAll(async () => {
    api = await createIdentityApp({ issuance });
    rows = await DatabaseRows.open(api.database.url);
  });
  afterEach(async () => {
    await api.get(FirstPartyClient).ensure();
    await setEnabled(true);
    await rows.forgetFailures();
  });
  afterAll(async () => {
    await rows.close();
    await api.close();
  });

  const login = (email: string, password: string) => api.post('login', { email, password }, { address: freshAddress() });
  const setEnabled = (enabled: boolean) => api.get(ClientStore).setEnabled('first-party', enabled, api.clock.now());
  /** Its record is remembered by then, and, where it is deleted in the database, for a minute more. */
  const turnOff = (way: (typeof WAYS)[number]): Promise<unknown> =>
    way === 'disabled'
      ? setEnabled(false)
      : onServer(api.database.url, (client) => client.query(`delete from client where id = 'first-party'`));

  describe.each(WAYS)('%s', (way) => {
    it('lets nobody register, and makes no account', async () => {
      await api.register();
      await turnOff(way);
      // Regression: the account was made, and then 409.
      const before = await rows.all();
      for (const email of [newEmail(), newEmail()]) {
        const answer = await api.post('register', { email, password: GOOD_PASSWORD }, { address: freshAddress() });
        expect(answer.body).toEqual({
          type: 'urn:countersign:problem:sign-in-off',
          title: 'Nobody can sign in here at the moment.',
          status: 403,
        });
        expect(await api.get(Users).findByEmail(email)).toBeUndefined();
      }
      expect(await rows.all()).toEqual(before);
    });

    it('does not tell those who would register which e-mails are known', async () => {
      const { email } = await api.register();
      await turnOff(way);
      const taken = await api.post('register', { email, password: GOOD_PASSWORD });
      expect(problem(taken)).toEqual([403, 'sign-in-off']);
    });

    it('is told at sign-in to those only who have proved who they are', async () => {
      const { email, password, id } = await api.register();
      const disabled = await api.register();
      await api.get(Users).disable(disabled.id);
      await turnOff(way);
      expect(problem(await login(email, password))).toEqual([403, 'sign-in-off']);
      const wrong = [await login(email, 'not the password'), await login(newEmail(), password), await login(disabled.email, GOOD_PASSWORD)];
      for (const answer of wrong) expect(problem(answer)).toEqual([401, 'invalid-credentials']);
      expect(await api.get(Users).findById(id)).toMatchObject({ email });
    });

    it('refreshes nothing', async () => {
      const { refreshToken } = await api.register();
      await turnOff(way);
      for (const later of [0, 60]) {
        api.clock.advance(later);
        expect(problem(await api.post('refresh', { refreshToken }))).toEqual([401, 'refresh-token-revoked']);
      }
    });
  });

  it('enabled again lets people register and sign in', async () => {
    const { email, password } = await api.register();
    await setEnabled(false);
    expect((await login(email, password)).status).toBe(403);
    await setEnabled(true);
    expect((await login(email, password)).status).toBe(200);
    await api.register();
  });
});

it('a person who changed between the proof and the session is no reason to say that nobody can sign in', async () => {
  const api = await createIdentityApp();
  try {
    const { id } = await api.register();
    const stale = { subject: id, claims: {}, credentialVersion: 99 };
    await expect(api.get(FirstPartyTokens).signIn(stale)).resolves.toBeUndefined();
    await api.get(ClientStore).setEnabled('first-party', false, api.clock.now());
    await expect(api.get(FirstPartyTokens).signIn(stale)).rejects.toMatchObject({ problem: 'sign-in-off' });
  } finally {
    await api.close();
  }
});
