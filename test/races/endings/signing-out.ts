import { randomBytes, randomUUID } from 'node:crypto';
import { bucketOf, EntryType } from '../../../src/protocol/entry-key.js';
import { tokenHash } from '../../../src/protocol/hashing.js';
import { codeChallenge } from '../../../src/protocol/pkce.js';
import { sealPayload } from '../../../src/protocol/sealed-payload.js';
import { formatToken, newIdentifier } from '../../../src/protocol/token-string.js';
import { uuidv7 } from '../../../src/protocol/uuid.js';
import { AuthorizationStore } from '../../../src/storage/authorization.store.js';
import { BrowserSessionStore } from '../../../src/storage/browser-session.store.js';
import { ConsentStore } from '../../../src/storage/consent.store.js';
import { RevocationStore } from '../../../src/storage/revocation.store.js';
import { SessionStore } from '../../../src/storage/session.store.js';
import { UserStore } from '../../../src/storage/user.store.js';
import { confidentialClient, type TestClient } from '../../support/clients.js';
import { signUp } from '../../support/protocol-client.js';
import { untilBothWays } from '../support/both-ways.js';
import { expectAccessDead } from '../support/ending.js';
import { report } from '../support/figures.js';
import { rowsOf } from '../support/one-successor.js';
import { race } from '../support/race.js';
import { PATIENCE, rounds } from '../support/size.js';
import type { Stage } from '../support/stage.js';

const REDIRECT_URI = 'https://app.example/callback';
const SCOPES = ['openid', 'offline_access'];

/**
 * Codes are issued and redeemed while the session they belong to ends. Seen to fail: START_APPROVED without `for share` on the session (grants outlived
 * it), END_GRANTS that spares codes with offline_access (they were redeemed after the person had signed out), NOTE_LOGOUT before the session's row is
 * locked (apps of the last moment were not told, where no person's row was locked either).
 */
export function signingOut(stage: Stage): void {
  interface Session {
    readonly sid: string;
    readonly subject: string;
    /** Undefined: of a person whom the token service does not know, so that there is no row of theirs to lock. */
    readonly credentialVersion: number | undefined;
  }

  async function openSession(subject: string): Promise<Session> {
    const now = stage.clock.now();
    const sid = uuidv7(now);
    const credentialVersion = (await stage.get(UserStore).find({ id: subject }))?.credentialVersion;
    const times = { authenticatedAt: now, expiresAt: new Date(now.getTime() + 86_400_000) };
    const signIn = { sid, subject, ...proven(credentialVersion), hash: randomBytes(32), amr: ['pwd'], ...times };
    expect(await stage.get(BrowserSessionStore).open(signIn)).toBe(true);
    return { sid, subject, credentialVersion };
  }

  const toldClient = (): Promise<TestClient> =>
    stage.register(
      confidentialClient()
        .with({ redirectUris: [REDIRECT_URI], backchannelLogoutUri: 'https://app.example/backchannel-logout' })
        .withPermissions({ grantTypes: ['authorization_code', 'refresh_token'], scopes: SCOPES }),
    );

  const consent = ({ id }: TestClient, subject: string): Promise<void> =>
    stage.get(ConsentStore).allow(subject, id, SCOPES, stage.clock.now());

  /** A code, as the authorization endpoint would issue it. Undefined: refused. */
  async function issueCode({ sid, subject, credentialVersion }: Session, { id: client }: TestClient, scopes = SCOPES) {
    const now = stage.clock.now();
    const expiresAt = new Date(now.getTime() + 60_000);
    const authorizationId = uuidv7(now);
    const key = { bucket: bucketOf(expiresAt), authorizationId, type: EntryType.authorizationCode, number: 0n };
    const code = { key, identifier: newIdentifier() };
    const verifier = randomBytes(32).toString('base64url');
    const payload = sealPayload(code, { redirectUri: REDIRECT_URI, codeChallenge: codeChallenge(verifier) });
    const grant = {
      ...{ authorizationId, client, subject, scopes, resources: ['https://api.example'], claims: {}, ...proven(credentialVersion) },
      ...{
        createdAt: now,
        expiresAt: new Date(now.getTime() + 86_400_000),
        formats: { referenceAccess: false, selfContainedRefresh: false },
      },
      approval: { sid, consented: true },
    };
    const started = await stage.get(AuthorizationStore).start(grant, { key, expiresAt, hash: tokenHash(code), payload }, undefined);
    return started ? { authorizationId, client, code: formatToken(code), verifier } : undefined;
  }

  const noticesOf = async ({ sid }: Session): Promise<string[]> =>
    (await stage.query<{ client: string }>('select client from logout_notice where sid = $1 order by client', [sid])).map(
      ({ client }) => client,
    );

  const signOut = ({ subject, sid }: Session) => stage.get(BrowserSessionStore).signOut(subject, sid, stage.clock.now());

  describe('Issuing a code races with', () => {
    const known = async (): Promise<string> => (await signUp(stage.services[0].url)).userId;
    it.each<[string, (session: Session) => Promise<boolean>, (() => Promise<string>)?]>([
      ['signing out', signOut],
      ['signing out, of people kept elsewhere', signOut, () => Promise.resolve(randomUUID())],
      ['the end of the session', ({ subject, sid }) => stage.get(SessionStore).end(subject, sid, stage.clock.now())],
      [
        'the end of everything of the person',
        async ({ subject }) => (await stage.get(RevocationStore).endSubject(subject, stage.clock.now())).browsers === 1,
      ],
      ['disabling the person', ({ subject }) => stage.get(UserStore).setEnabled(subject, false, stage.clock.now())],
    ])(
      '%s: none slips through, and each app that got one is told once',
      async (name, end, personOf = known) => {
        const subject = await personOf();
        const apps = await Promise.all(Array.from({ length: 4 }, toldClient));
        for (const app of apps) await consent(app, subject);
        const { yielded, refused } = await untilBothWays(rounds(3, 20), async () => {
          const session = await openSession(subject);
          const outcome = await race(
            { attempts: 16, within: 6 },
            (n) => issueCode(session, apps[n % 4] as TestClient),
            async () => expect(await end(session)).toBe(true),
          );
          const left = await Promise.all(outcome.yielded.map(({ authorizationId }) => rowsOf(stage, authorizationId)));
          expect(left.filter(({ status, logged }) => status !== 2 || logged !== 1)).toEqual([]);
          expect(await noticesOf(session)).toEqual([...new Set(outcome.yielded.map(({ client }) => client))].sort());
          await stage.get(UserStore).setEnabled(subject, true, stage.clock.now());
          return { yielded: outcome.yielded.length, refused: outcome.refused };
        });
        report(`issuing a code against ${name}: ${yielded} issued, ${refused} refused`);
      },
      PATIENCE,
    );
  });

  describe('Redeeming a code races with signing out', () => {
    it(
      'it comes in time or yields nothing; with offline_access what came in time goes on, without it nothing does',
      async () => {
        const { userId: subject } = await signUp(stage.services[0].url);
        const app = await toldClient();
        await consent(app, subject);
        const clients = stage.clients(app);
        const { yielded, refused } = await untilBothWays(rounds(3, 20), async () => {
          const session = await openSession(subject);
          const codes = await Promise.all(Array.from({ length: 8 }, (_, n) => issueCode(session, app, n % 2 === 0 ? SCOPES : ['openid'])));
          const redeem = async (n: number) => {
            const { code = '', verifier = '', authorizationId = '' } = codes[n] ?? {};
            const parameters = { code, code_verifier: verifier, redirect_uri: REDIRECT_URI };
            const { status, body } = await (clients[n % 2] ?? clients[0]).token({ grant_type: 'authorization_code', ...parameters });
            expect([status, body.error]).toEqual(status === 200 ? [200, undefined] : [400, 'invalid_grant']);
            if (status !== 200) return undefined;
            return { authorizationId, accessToken: body.access_token as string, refreshToken: body.refresh_token as string | undefined };
          };
          const outcome = await race({ attempts: 8, within: 40 }, redeem, async () => expect(await signOut(session)).toBe(true));

          const [offline, online] = [true, false].map((goesOn) =>
            outcome.yielded.filter(({ refreshToken }) => (refreshToken !== undefined) === goesOn),
          );
          await expectAccessDead(
            stage,
            (online ?? []).map(({ accessToken }) => accessToken),
          );
          for (const { accessToken } of offline ?? []) expect((await stage.observers[0].introspect(accessToken)).body.active).toBe(true);
          for (const { refreshToken } of (offline ?? []).slice(0, 1))
            expect((await clients[0].refresh(refreshToken ?? '')).status).toBe(200);
          const alive = new Set((offline ?? []).map(({ authorizationId }) => authorizationId));
          for (const { authorizationId } of codes.flatMap((code) => code ?? [])) {
            const { status, logged } = await rowsOf(stage, authorizationId);
            expect([status, logged]).toEqual(alive.has(authorizationId) ? [1, 0] : [2, 1]);
          }
          expect(await noticesOf(session)).toEqual([app.id]);
          return { yielded: outcome.yielded.length, refused: outcome.refused };
        });
        report(`redeeming a code against signing out: ${yielded} redeemed, ${refused} refused`);
      },
      PATIENCE,
    );
  });
}

const proven = (credentialVersion: number | undefined) => (credentialVersion === undefined ? {} : { credentialVersion });
