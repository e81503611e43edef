import { ClientStore } from '../../../src/storage/client.store.js';
import { UserStore } from '../../../src/storage/user.store.js';
import { startChain } from '../../support/chain.js';
import { confidentialClient, publicClient } from '../../support/clients.js';
import { ProtocolClient, signUp } from '../../support/protocol-client.js';
import { untilBothWays } from '../support/both-ways.js';
import { expectAccessDead } from '../support/ending.js';
import { report, timed } from '../support/figures.js';
import { rowsOf } from '../support/one-successor.js';
import { race } from '../support/race.js';
import { PATIENCE, rounds } from '../support/size.js';
import type { Stage } from '../support/stage.js';

const NEW_PASSWORD = 'another horse, another battery';

/**
 * Grants are opened while the person or the client ends. Needs `onPasswordChange: all`. Seen to fail: START without `for share` on the person's row
 * (sessions of a disabled person lived on), FIND without the client's epoch (machine tokens revived).
 */
export function signingIn(stage: Stage): void {
  const apps = () => stage.services.map(({ url }) => new ProtocolClient(url));
  const setPerson = (id: string, enabled: boolean) => stage.get(UserStore).setEnabled(id, enabled, stage.clock.now());
  const setClient = (id: string, enabled: boolean) => stage.get(ClientStore).setEnabled(id, enabled, stage.clock.now());

  describe('Signing in races with', () => {
    const login = async (n: number, email: string, password: string) => {
      const { status, body } = await (apps()[n % 2] as ProtocolClient).json('POST', '/auth/login', { email, password });
      expect([200, 401]).toContain(status);
      return status === 200 ? { accessToken: body.accessToken as string, refreshToken: body.refreshToken as string } : undefined;
    };
    type Person = Awaited<ReturnType<typeof signUp>>;
    const changePassword = ({ accessToken, password: currentPassword }: Person) =>
      (apps()[0] as ProtocolClient).json('POST', '/auth/change-password', { currentPassword, newPassword: NEW_PASSWORD }, accessToken);

    it.each([
      ['disabling the person', async ({ userId }: Person) => expect(await setPerson(userId, false)).toBe(true), true],
      ['a change of the password', async (person: Person) => expect((await changePassword(person)).status).toBe(204), false],
    ])(
      '%s: no session slips through',
      async (name, end, disables) => {
        const { yielded, refused } = await untilBothWays(rounds(3, 20), async (round) => {
          const { result: person, startedAt, answeredAt } = await timed(() => signUp((stage.services[round % 2] ?? stage.services[0]).url));
          const hashTook = answeredAt - startedAt;
          // An ending takes effect at once, a sign-in after its hash: as long as that takes here, twice for two in turn.
          const endWithin = disables ? 2 * hashTook : 20;
          const outcome = await race(
            { attempts: 4, within: 20, endWithin },
            (n) => login(n, person.email, person.password),
            () => end(person),
          );
          if (disables) expect(await setPerson(person.userId, true)).toBe(true);
          await expectAccessDead(stage, [person.accessToken, ...outcome.yielded.map(({ accessToken }) => accessToken)]);
          for (const { refreshToken } of outcome.yielded) {
            expect((await stage.clients({ id: 'first-party', secret: undefined })[0].refresh(refreshToken)).body.error).toBe(
              'invalid_grant',
            );
          }
          return { yielded: outcome.yielded.length, refused: outcome.refused };
        });
        report(`sign-in against ${name}: ${yielded} signed in, ${refused} were refused`);
      },
      PATIENCE,
    );
  });

  describe('Opening a grant races with', () => {
    const currentVersion = async (id: string) => (await stage.get(UserStore).find({ id }))?.credentialVersion ?? 0;
    const change = (id: string, credentialVersion: number, end: 'all' | 'others') =>
      stage
        .get(UserStore)
        .changePassword({ id, credentialVersion, passwordHash: '$argon2id$none', end, connectedApps: false }, stage.clock.now());

    it.each([
      ['disabling the person', 2, (id: string) => setPerson(id, false)],
      ['a change of the password that ends all', 2, (id: string, version: number) => change(id, version, 'all')],
      ['a change of the password that ends the others', 2, (id: string, version: number) => change(id, version, 'others')],
      ['disabling the client', 1, (_: string, __: number, client: string) => setClient(client, false)],
    ])(
      '%s: none slips through',
      async (name, status, end) => {
        const { userId: subject } = await signUp(stage.services[0].url);
        const session = () => ({ sid: crypto.randomUUID() });
        const { yielded, refused } = await untilBothWays(rounds(3, 20), async () => {
          const { id } = await stage.register(publicClient());
          // Disabling a person and changing a password both leave a new version: what was proven in the round before is worth nothing.
          const credentialVersion = await currentVersion(subject);
          const grant = { client: id, subject, credentialVersion };
          const outcome = await race(
            { attempts: 16, within: 6 },
            () => startChain(stage, { ...grant, session: session() }),
            async () => expect(await end(subject, credentialVersion, id)).toBe(true),
          );
          expect(await startChain(stage, { ...grant, session: session() })).toBeUndefined();
          const left = await Promise.all(outcome.yielded.map(({ authorizationId }) => rowsOf(stage, authorizationId)));
          expect(left.filter((rows) => rows.status !== status || rows.logged !== status - 1)).toEqual([]);
          if (status === 1) expect(await setClient(id, true)).toBe(true);
          else await setPerson(subject, true);
          for (const { refreshToken } of outcome.yielded.slice(0, 2)) {
            expect((await stage.clients({ id, secret: undefined })[0].refresh(refreshToken)).body.error).toBe('invalid_grant');
          }
          return { yielded: outcome.yielded.length, refused: outcome.refused };
        });
        report(`opening a grant against ${name}: ${yielded} opened, ${refused} were refused`);
      },
      PATIENCE,
    );
  });

  describe('Client credentials race with disabling the client', () => {
    it(
      'no token survives, nor revives with the client',
      async () => {
        const { yielded, refused } = await untilBothWays(rounds(3, 20), async (round) => {
          const client = await stage.register(confidentialClient().withSettings({ referenceAccessTokens: round % 2 === 0 }));
          const clients = stage.clients(client);
          const ask = async (n: number) => {
            const { status, body } = await (clients[n % 2] ?? clients[0]).token({ grant_type: 'client_credentials' });
            expect([200, 401, 429]).toContain(status);
            return status === 200 ? (body.access_token as string) : undefined;
          };
          const outcome = await race({ attempts: 24, within: 25 }, ask, async () => expect(await setClient(client.id, false)).toBe(true));
          await expectAccessDead(stage, outcome.yielded);
          expect(await setClient(client.id, true)).toBe(true);
          await expectAccessDead(stage, outcome.yielded);
          expect((await stage.observers[1].introspect((await ask(round)) ?? '')).body.active).toBe(true);
          return { yielded: outcome.yielded.length, refused: outcome.refused };
        });
        report(`client credentials against disabling: ${yielded} tokens, ${refused} refused`);
      },
      PATIENCE,
    );
  });
}
