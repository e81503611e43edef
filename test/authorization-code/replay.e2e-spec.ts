import { IssuanceEvents, type ChainEvent } from '../../src/issuance/issuance-events.js';
import { MaintenanceStore } from '../../src/storage/maintenance.store.js';
import { RevocationKind } from '../../src/storage/revocation.store.js';
import { resourceServer } from '../support/clients.js';
import { CodeFlow, codeClient } from '../support/code-flow.js';
import { DatabaseRows } from '../support/database-rows.js';
import { ProtocolClient, type Answer } from '../support/protocol-client.js';
import { startService, type TestService } from '../support/service-app.js';

const RACERS = 32;
const ROUNDS = 20;
/** For machines with other things to do. */
const PATIENCE = 120_000;

let services: [TestService, TestService];
let rows: DatabaseRows;
let api: ProtocolClient;
const replays: ChainEvent[] = [];

beforeAll(async () => {
  const service = await startService();
  services = [service, await startService({ beside: service })];
  rows = await DatabaseRows.open(service.database.url);
  api = new ProtocolClient(service.url, await resourceServer().register(service));
  for (const { get } of services) get(IssuanceEvents).on('code.replay', (event) => replays.push(event));
});
afterAll(async () => {
  await rows.close();
  await services[1].close();
  await services[0].close();
});
beforeEach(() => replays.splice(0));

const active = async (token: string): Promise<boolean> => (await api.introspect(token)).body.active;

async function redeemed(type: 'public' | 'confidential' = 'public') {
  const flow = await CodeFlow.of(services[0], codeClient(type));
  const issued = await flow.issue({ scopes: ['openid', 'offline_access'] });
  const { body } = await flow.redeem(issued);
  return { flow, issued, accessToken: body.access_token as string, refreshToken: body.refresh_token as string };
}

describe('A code that comes again (RFC 6749 §4.1.2, RFC 9700 §4.5)', () => {
  it('from its own client ends all that it issued, and all that came of that', async () => {
    const { flow, issued, accessToken, refreshToken } = await redeemed();
    const second = (await flow.api.refresh(refreshToken)).body;
    const again = await flow.redeem(issued);
    expect([again.status, again.body.error]).toEqual([400, 'invalid_grant']);
    expect(await Promise.all([accessToken, second.access_token].map(active))).toEqual([false, false]);
    for (const token of [refreshToken, second.refresh_token]) expect((await flow.api.refresh(token)).body.error).toBe('invalid_grant');
  });

  it('does so after it has expired, too', async () => {
    const { flow, issued, accessToken, refreshToken } = await redeemed();
    services[0].clock.advance(600);
    expect(await active(accessToken)).toBe(true);
    expect((await flow.redeem(issued)).body.error).toBe('invalid_grant');
    expect(await active(accessToken)).toBe(false);
    expect((await flow.api.refresh(refreshToken)).body.error).toBe('invalid_grant');
  });

  it('from whoever cannot prove that it is theirs, ends nothing', async () => {
    const { flow, issued, accessToken, refreshToken } = await redeemed();
    const stranger = await CodeFlow.of(services[0], codeClient('confidential'));
    const before = await rows.endings();
    for (const expired of [false, true]) {
      if (expired) services[0].clock.advance(61);
      const answers = [
        await stranger.redeem(issued),
        await flow.redeem(issued, { code_verifier: 'x'.repeat(43) }),
        await flow.redeem(issued, { code_verifier: '' }),
        await flow.redeem(issued, { redirect_uri: 'https://elsewhere.example' }),
        await flow.redeem(issued, { redirect_uri: '' }),
      ];
      expect(answers.map(({ body }) => body.error)).toEqual(Array(answers.length).fill('invalid_grant'));
    }
    expect([await rows.endings(), replays]).toEqual([before, []]);
    expect(await active(accessToken)).toBe(true);
    expect((await flow.api.refresh(refreshToken)).status).toBe(200);
  });

  it('is told to the application once, by ids only', async () => {
    const { flow, issued } = await redeemed();
    for (let i = 0; i < 3; i++) await flow.redeem(issued);
    expect(replays).toEqual([
      { authorizationId: expect.stringMatching(/^[0-9a-f-]{36}$/), client: flow.client.id, subject: expect.any(String) },
    ]);
  });

  it('means nothing any more once its entry was dropped', async () => {
    const { flow, issued, refreshToken } = await redeemed();
    services[0].clock.advance(4 * 86_400);
    const { body } = await flow.api.refresh(refreshToken);
    await services[0].get(MaintenanceStore).prepare(services[0].clock.now());
    await services[0].get(MaintenanceStore).prune(services[0].clock.now(), 172_800);
    expect((await flow.redeem(issued)).body.error).toBe('invalid_grant');
    expect((await flow.api.refresh(body.refresh_token)).status).toBe(200);
  });
});

describe(`${RACERS} at once, of the code's own client with the right verifier, at two instances`, () => {
  it(
    'one gets tokens, and they are dead',
    async () => {
      const clients = [await racing('public'), await racing('confidential')] as const;
      for (let round = 0; round < ROUNDS; round++) {
        const flows = clients[round % 2] ?? clients[0];
        replays.splice(0);
        const issued = await flows[0].issue({ scopes: ['openid', 'offline_access'] });
        const answers = await atOnce((n) => (flows[n % 2] ?? flows[0]).redeem(issued));
        const [won, ...others] = answers.filter(({ status }) => status === 200);
        expect([won?.status, others]).toEqual([200, []]);
        const lost = answers.filter((answer) => answer !== won).map(({ status, body }) => [status, body.error]);
        expect(lost).toEqual(Array(RACERS - 1).fill([400, 'invalid_grant']));
        expect(await active(won?.body.access_token)).toBe(false);
        expect((await flows[1].api.refresh(won?.body.refresh_token)).body.error).toBe('invalid_grant');
        expect(replays).toHaveLength(1);
        expect(await grantOf(replays[0]?.authorizationId)).toEqual({ status: 2, generation: 1, entries: 3, logged: 1 });
      }
    },
    PATIENCE,
  );

  it(
    'strangers and wrong verifiers among them change nothing: the one right attempt keeps its tokens',
    async () => {
      const [flow] = await racing('public');
      const stranger = await CodeFlow.of(services[1], codeClient('public'));
      for (let round = 0; round < ROUNDS / 2; round++) {
        const issued = await flow.issue({ scopes: ['openid', 'offline_access'] });
        const right = Math.floor(Math.random() * RACERS);
        const answers = await atOnce((n) =>
          n === right
            ? flow.redeem(issued)
            : n % 2 === 0
              ? stranger.redeem(issued)
              : flow.redeem(issued, { code_verifier: 'y'.repeat(50) }),
        );
        expect(answers.map(({ status }) => status)).toEqual(answers.map((_, n) => (n === right ? 200 : 400)));
        expect(await active(answers[right]?.body.access_token)).toBe(true);
        expect((await flow.api.refresh(answers[right]?.body.refresh_token)).status).toBe(200);
      }
      expect(replays).toEqual([]);
    },
    PATIENCE,
  );
});

/** One client at both instances. */
async function racing(type: 'public' | 'confidential'): Promise<[CodeFlow, CodeFlow]> {
  const first = await CodeFlow.of(services[0], codeClient(type));
  return [first, new CodeFlow(services[1], first.client)];
}

const atOnce = (attempt: (n: number) => Promise<Answer>): Promise<Answer[]> =>
  Promise.all(Array.from({ length: RACERS }, (_, n) => attempt(n)));

async function grantOf(authorizationId: string | undefined) {
  const { rows: found } = await rows.client.query(
    `select a.status, a.generation::int,
            (select count(*)::int from token_entry e where e.authorization_id = a.id) as entries,
            (select count(*)::int from revocation_log l where l.kind = ${RevocationKind.authorization} and l.key = uuid_send(a.id)) as logged
     from authorizations a where a.id = $1`,
    [authorizationId],
  );
  return found[0];
}
