import { setTimeout as sleep } from 'node:timers/promises';
import { Accounts, type Account } from '../../src/identity/accounts/accounts.js';
import type { BrowserSession } from '../../src/identity/browser/browser-sessions.js';
import { BrowserSessionStore } from '../../src/storage/browser-session.store.js';
import { ClientStore } from '../../src/storage/client.store.js';
import { ConsentStore } from '../../src/storage/consent.store.js';
import { SessionStore } from '../../src/storage/session.store.js';
import { untilBothWays } from '../races/support/both-ways.js';
import { timed } from '../races/support/figures.js';
import { resourceServer } from '../support/clients.js';
import { CodeFlow, codeClient, person, signedIn } from '../support/code-flow.js';
import { DatabaseRows } from '../support/database-rows.js';
import { ProtocolClient } from '../support/protocol-client.js';
import { startService, type TestService } from '../support/service-app.js';

const ATTEMPTS = 12;
const ROUNDS = 8;
const PATIENCE = 120_000;

let services: [TestService, TestService];
let rows: DatabaseRows;
let api: ProtocolClient;

beforeAll(async () => {
  const service = await startService();
  services = [service, await startService({ beside: service })];
  rows = await DatabaseRows.open(service.database.url);
  api = new ProtocolClient(service.url, await resourceServer().register(service));
});
afterAll(async () => {
  await rows.close();
  await services[1].close();
  await services[0].close();
});

interface Approved {
  readonly account: Account;
  readonly session: BrowserSession;
  readonly client: string;
}

const get = <T>(port: abstract new (...args: never[]) => T): T => services[1].get(port);
const now = (): Date => services[0].clock.now();

/*
 * Codes are issued and redeemed while what they stand on ends. Seen to fail: START_APPROVED without `for share` on the consent and on the session,
 * REDEEM without the client's epoch.
 */
describe('Codes are issued and redeemed at two instances, and none slips through, while', () => {
  const endings: [name: string, end: (approved: Approved) => Promise<unknown>][] = [
    ['the consent is withdrawn', ({ account, client }) => get(ConsentStore).withdraw(account.id, client, now())],
    ['the person signs out', ({ account, session }) => get(BrowserSessionStore).signOut(account.id, session.sid, now())],
    ['the session is ended', ({ account, session }) => get(SessionStore).end(account.id, session.sid, now())],
    ['the person is disabled', ({ account }) => get(Accounts).setEnabled(account.id, false)],
    ['the client is disabled', ({ client }) => get(ClientStore).setEnabled(client, false, now())],
    [
      'the password is changed and all sessions end',
      ({ account }) => get(Accounts).changePassword({ account, passwordHash: '$argon2id$other', end: 'all', connectedApps: true }),
    ],
  ];

  it.each(endings)(
    '%s',
    async (_, end) => {
      await untilBothWays(ROUNDS, async () => {
        const flow = await CodeFlow.of(services[0], codeClient('public'));
        const flows = [flow, new CodeFlow(services[1], flow.client)];
        const account = await person(services[0]);
        const session = await signedIn(services[0], account);
        await get(ConsentStore).allow(account.id, flow.client.id, ['openid'], now());
        const attempt = async (n: number) => {
          await sleep(Math.random() * 12);
          return timed(() => (flows[n % 2] ?? flow).tryIssue({ session, consents: false }));
        };
        const redeemed: string[] = [];
        const attemptAndRedeem = async (n: number) => {
          const attempted = await attempt(n);
          if (n % 3 === 0 || !attempted.result) return attempted;
          const { status, body } = await (flows[(n + 1) % 2] ?? flow).redeem(attempted.result);
          if (status === 200) redeemed.push(body.access_token);
          return attempted;
        };
        const ending = async () => {
          await sleep(Math.random() * 12);
          return timed(() => end({ account, session, client: flow.client.id }));
        };
        const [{ result, answeredAt: ended }, ...attempts] = await Promise.all([
          ending(),
          ...Array.from({ length: ATTEMPTS }, (__, n) => attemptAndRedeem(n)),
        ]);
        expect(result).toBe(true);
        const issued = attempts.flatMap(({ result: code }) => (code ? [code] : []));
        const kept = attempts.flatMap(({ result: code }, n) => (code && n % 3 === 0 ? [code] : []));
        expect(attempts.filter(({ result: code, startedAt }) => code && startedAt > ended)).toEqual([]);
        for (const token of redeemed) expect((await api.introspect(token)).body).toEqual({ active: false });
        const { rows: alive } = await rows.client.query(
          `select a.id from authorizations a join client c on c.id = a.client
           where a.subject = $1 and a.status = 1 and c.disabled_at is null and c.epoch = a.client_epoch`,
          [account.id],
        );
        expect(alive).toEqual([]);
        for (const code of kept) expect((await flow.redeem(code)).status).not.toBe(200);
        return { yielded: issued.length, refused: attempts.length - issued.length };
      });
    },
    PATIENCE,
  );
});
