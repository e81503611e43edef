import { setTimeout as sleep } from 'node:timers/promises';
import { Accounts, type Account } from '../../src/identity/accounts/accounts.js';
import { ConsentStore } from '../../src/storage/consent.store.js';
import { untilBothWays } from '../races/support/both-ways.js';
import { resourceServer } from '../support/clients.js';
import { person } from '../support/code-flow.js';
import { DatabaseRows } from '../support/database-rows.js';
import { onServer } from '../support/on-server.js';
import { ProtocolClient, type Answer } from '../support/protocol-client.js';
import { startService, type TestService } from '../support/service-app.js';
import { Device, deviceClient, messageOf, outcome, problemOf, signedIn } from './support/device-flow.js';

/*
 * Seen to fail: with START_APPROVED taking a redeemed request as well (eight winners), without its `for share` on the consent and on the person (tokens
 * that live on), and with a decision that does not look at what was decided.
 */
let service: TestService;
let second: TestService;
let tv: Device;
let beside: Device;
let api: ProtocolClient;
let rows: DatabaseRows;
beforeAll(async () => {
  service = await startService();
  second = await startService({ beside: service });
  tv = new Device(service, await deviceClient().register(service));
  beside = new Device(second, tv.client);
  api = new ProtocolClient(service.url, await resourceServer().register(service));
  rows = await DatabaseRows.open(service.database.url);
});
afterAll(async () => {
  await rows.close();
  await second.close();
  await service.close();
});

const WAITING = `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;

/** Holds a row until so many statements wait for it: they have all begun before any of them is judged. */
function throughGate<T>(lock: string, value: string, waiting: number, work: () => Promise<T>): Promise<T> {
  return onServer(service.database.url, async (gate) => {
    await gate.query('begin');
    await gate.query(lock, [value]);
    const result = work();
    for (const until = performance.now() + 5000; performance.now() < until; await sleep(2)) {
      const [row] = (await rows.client.query<{ n: number }>(WAITING)).rows;
      if ((row?.n ?? 0) >= waiting) break;
    }
    await gate.query('commit');
    return result;
  });
}

async function approved(account: Account): Promise<{ deviceCode: string; userCode: string }> {
  const codes = await tv.start('todos:read offline_access openid');
  await (await signedIn(service, account)).answer(codes.userCode);
  return codes;
}

const isActive = async ({ body }: Answer): Promise<boolean> => (await api.introspect(body.access_token)).body.active;

it('Of 8 polls at once of one approved code one gets tokens, the others invalid_grant, and nothing is revoked', async () => {
  for (let round = 0; round < 20; round++) {
    const ada = await person(service);
    const { deviceCode } = await approved(ada);
    const before = await rows.endings();
    const polls = () => Promise.all(Array.from({ length: 8 }, (_, n) => (n % 2 ? tv : beside).poll(deviceCode)));
    // Every grant of a person shares the lock of the person's row: here all eight have been judged to be approved.
    const answers = await throughGate('select from users where id = $1 for update', ada.id, 8, polls);
    const won = answers.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    for (const answer of answers) if (answer.status !== 200) expect(outcome(answer)).toEqual([400, 'invalid_grant']);
    expect(await isActive(won[0] as Answer)).toBe(true);
    expect((await tv.api.refresh(won[0]?.body.refresh_token)).status).toBe(200);
    expect(await rows.endings()).toBe(before);
    const { rows: grants } = await rows.client.query('select from authorizations where subject = $1', [ada.id]);
    const { rows: sessions } = await rows.client.query('select from sign_in_session where subject = $1 and client is not null', [ada.id]);
    expect([grants.length, sessions.length]).toEqual([1, 1]);
  }
}, 60_000);

it('Of two answers at once one counts, and the device hears that one', async () => {
  const gate = 'select from device_request d join user_code u on u.request_id = d.id where d.client = $1 and d.status = 1 for update of d';
  await untilBothWays(10, async () => {
    const ada = await person(service);
    const { deviceCode, userCode } = await tv.start();
    const [here, there] = [await signedIn(service, ada), await signedIn(second, ada)];
    const [yes, no] = [await here.enter(userCode), await there.enter(userCode)];
    const [allowed, denied] = await throughGate(gate, tv.client.id, 2, () =>
      Promise.all([here.submit(yes, { decision: 'allow' }), there.submit(no, { decision: 'deny' })]),
    );
    const counted = [messageOf(allowed), messageOf(denied)];
    const consent = await service.get(ConsentStore).find(ada.id, tv.client.id);
    const answer = await tv.poll(deviceCode);
    if (counted[0] === 'activated') {
      expect([counted[1], problemOf(denied), answer.status, consent]).toEqual([undefined, 'answered-code', 200, ['todos:read']]);
      return { yielded: 1, refused: 0 };
    }
    expect([counted, problemOf(allowed), outcome(answer), consent]).toEqual([
      ...[[undefined, 'denied'], 'answered-code', [400, 'access_denied']],
      undefined,
    ]);
    return { yielded: 0, refused: 1 };
  });
}, 60_000);

const ENDINGS: [name: string, end: (account: Account) => Promise<boolean>][] = [
  ['the consent is withdrawn', ({ id }) => service.get(ConsentStore).withdraw(id, tv.client.id, service.clock.now())],
  ['the person is disabled', ({ id }) => service.get(Accounts).setEnabled(id, false)],
];
it.each(ENDINGS)(
  'No token lives on when %s while it is issued',
  async (_, end) => {
    await untilBothWays(12, async (n) => {
      const ada = await person(service);
      const { deviceCode } = await approved(ada);
      const ending = async () => {
        await sleep(n % 4);
        return end(ada);
      };
      const [answer, ended] = await Promise.all([tv.poll(deviceCode), ending()]);
      expect(ended).toBe(true);
      if (answer.status !== 200) {
        expect(outcome(answer)).toEqual([400, 'invalid_grant']);
        return { yielded: 0, refused: 1 };
      }
      expect(await isActive(answer)).toBe(false);
      expect(outcome(await tv.api.refresh(answer.body.refresh_token))).toEqual([400, 'invalid_grant']);
      return { yielded: 1, refused: 0 };
    });
  },
  60_000,
);

it('Of many devices at once each gets codes of its own', async () => {
  const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => (n % 2 ? tv : beside).start()));
  expect(new Set(answers.map(({ userCode }) => userCode)).size).toBe(40);
  expect(new Set(answers.map(({ deviceCode }) => deviceCode)).size).toBe(40);
});
