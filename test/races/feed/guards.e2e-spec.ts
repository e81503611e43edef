import { setTimeout as sleep } from 'node:timers/promises';
import { openChain } from '../../support/chain.js';
import { confidentialClient, publicClient, type TestClient } from '../../support/clients.js';
import { unusedPort } from '../../support/unused-port.js';
import { report } from '../support/figures.js';
import { PATIENCE, rounds, SOAK } from '../support/size.js';
import { openStage, type Stage } from '../support/stage.js';
import { machineTime } from './support/machine-time.js';
import { percentiles } from './support/percentiles.js';
import { GuardProcess } from './support/start-guard-process.js';

const PER_SECOND = rounds(25, 100);
/** At first, in which the service and the APIs, twelve processes with their databases, compile what they run. */
const WARM_UP = rounds(0, 5);
/** In all. */
const SECONDS = WARM_UP + rounds(2, 30);
const AUDIENCE = 'https://api.example';
/** Milliseconds after which a guard no longer trusts what it knows. */
const BOUND = 5_000;
/** Milliseconds between two requests with the same token at the same API. */
const PAUSE = 10;

interface Pair {
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** When a token was refused first, and how often it was let in by a request that began later than the bound. */
interface Outcome {
  readonly delay: number;
  readonly late: number;
}

let stage: Stage;
let guards: readonly GuardProcess[] = [];

beforeAll(async () => {
  const port = await unusedPort();
  const issuer = `http://127.0.0.1:${port}`;
  stage = await openStage({ issuance: { issuer }, each: [{ port }, {}] });
  const follower = await confidentialClient()
    .withPermissions({
      endpoints: ['token', 'introspection'],
      grantTypes: ['client_credentials'],
      scopes: ['revocations:read'],
      serves: [AUDIENCE],
    })
    .register(stage as never);
  const options = { issuer, audience: AUDIENCE, check: 'feed' } as const;
  const tailing = { options, databaseUrl: stage.database.url };
  const following = { options: { ...options, clientId: follower.id, clientSecret: follower.secret ?? '' } };
  guards = await Promise.all([tailing, tailing, following, following].map((settings) => GuardProcess.start(settings)));
}, PATIENCE);

afterAll(async () => {
  await Promise.all(guards.map((guard) => guard.stop()));
  await stage?.close();
});

/** Pairs of tokens, made by a few at a time. */
async function pairs(client: TestClient, count: number): Promise<Pair[]> {
  const [service] = stage.clients(client);
  const all: Pair[] = [];
  const pair = async (): Promise<Pair> => {
    const { refreshToken } = await openChain(stage, { client: client.id });
    const { body } = await service.refresh(refreshToken);
    return { accessToken: body.access_token, refreshToken: body.refresh_token };
  };
  while (all.length < count) all.push(...(await Promise.all(Array.from({ length: 20 }, pair))));
  return all.slice(0, count);
}

/** Asks one API with one token again and again, until it is refused. @param answered when the revocation was */
async function untilRefused(guard: GuardProcess, token: string, answered: number): Promise<Outcome> {
  for (let late = 0; ; await sleep(PAUSE)) {
    const sent = machineTime();
    const status = await guard.ask(token);
    if (status === 401) return { delay: machineTime() - answered, late };
    if (status !== 200) throw new Error(`Status ${status}`);
    if (sent > answered + BOUND) late++;
    if (sent > answered + 6 * BOUND) return { delay: Infinity, late };
  }
}

/** Signed tokens and references in turn. */
const turnOf = (n: number, count: number): number => ((n * 2) % count) + Number(n * 2 >= count);

/** Others use the APIs meanwhile. All of them are let in. */
async function others(tokens: readonly string[], stopped: AbortSignal): Promise<Set<number>> {
  const seen = new Set<number>();
  const use = async (guard: GuardProcess): Promise<void> => {
    for (let n = 0; !stopped.aborted; n++, await sleep(PAUSE)) seen.add(await guard.ask(tokens[n % tokens.length] ?? ''));
  };
  await Promise.all(guards.map(use));
  return seen;
}

describe(`${PER_SECOND} revocations a second at two services, and four APIs in use: two that tail the log, two that follow over HTTP`, () => {
  it(
    'every token is refused by each of them within the bound, and nobody else’s',
    async () => {
      const signed = await stage.register(publicClient());
      const reference = await stage.register(publicClient().withSettings({ referenceAccessTokens: true }));
      const count = SECONDS * PER_SECOND;
      const [ended, kept] = [[...(await pairs(signed, count / 2)), ...(await pairs(reference, count / 2))], await pairs(signed, 20)];
      for (const guard of guards)
        for (const { accessToken } of [...ended.slice(0, 3), ...ended.slice(-3)]) expect(await guard.ask(accessToken)).toBe(200);

      const stopping = new AbortController();
      const inUse = others(
        kept.map(({ accessToken }) => accessToken),
        stopping.signal,
      );
      const outcomes = await Promise.all(
        ended.map(async ({ accessToken, refreshToken }, n) => {
          // Signed and reference tokens in turn; of both, some by themselves and some with their family.
          await sleep(turnOf(n, count) * (1000 / PER_SECOND));
          const service = stage.clients(n * 2 < count ? signed : reference)[n % 2 === 0 ? 0 : 1];
          const { status } = await service.revoke(n % 4 < 2 ? accessToken : refreshToken);
          const answered = machineTime();
          expect(status).toBe(200);
          return Promise.all(guards.map((guard) => untilRefused(guard, accessToken, answered)));
        }),
      );
      stopping.abort();
      expect(await inUse).toEqual(new Set([200]));
      expect(outcomes.flat().filter(({ delay, late }) => late > 0 || !(delay <= BOUND))).toEqual([]);
      // For good.
      for (const { accessToken } of ended.filter((_, n) => n % 50 === 0))
        expect(await Promise.all(guards.map((guard) => guard.ask(accessToken)))).toEqual([401, 401, 401, 401]);
      if (SOAK)
        for (const way of ['log', 'http'] as const) {
          const delays = (from: number): number[] =>
            outcomes
              .filter((_, n) => turnOf(n, count) >= from * PER_SECOND)
              .flatMap((each) => each.filter((_, n) => guards[n]?.way === way).map(({ delay }) => delay));
          report(`${SECONDS - WARM_UP} s, from the answer to the first refusal (${way}): ${percentiles(delays(WARM_UP))}`);
          report(`the same with the ${WARM_UP} s of warm-up before (${way}): ${percentiles(delays(0))}`);
        }
    },
    PATIENCE,
  );
});
