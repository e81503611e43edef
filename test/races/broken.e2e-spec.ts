import { openChain } from '../support/chain.js';
import { publicClient } from '../support/clients.js';
import { present, rowsOf } from './support/one-successor.js';
import { PATIENCE } from './support/size.js';
import { openStage, type Stage, type StageOptions } from './support/stage.js';
import { AHEAD_AND_BEHIND } from './support/wrong-clocks.js';

// What the other suites of this folder assert, asked of services that were broken on purpose (`broken/`): were nothing seen here, they would see
// nothing either. What they say when they are run against these breaks:
// - judged by SELECT, and without the nonce: several believe they have won. The primary key of token_entry stops all but one, whose statement fails
//   with 23505: "gives all of them one successor" fails on answers of 500; there are never two successors.
// - without the test of leeway > 0: those who waited with a clock older than the winner's get `retry`: "one of 64 wins at most" counts more than one.
// - on the machine's clock: a retry at the instance ahead comes 62 s late: "rotation behind, retry ahead" gets invalid_grant, a false revocation.
const inRounds = async (stage: Stage, rounds: number, leeway: number, test: (round: Round) => boolean): Promise<boolean> => {
  const client = await stage.register(publicClient().withSettings({ leeway }));
  for (let n = 0; n < rounds; n++) {
    const chain = await openChain(stage, { client: client.id });
    const answers = await present(stage.clients(client), chain.refreshToken, 64);
    const rows = await rowsOf(stage, chain.authorizationId);
    expect([rows.links, rows.entries]).toEqual([2, 4]);
    if (test({ statuses: answers.map(({ status }) => status) })) return true;
  }
  return false;
};

interface Round {
  readonly statuses: readonly number[];
}

const on = async <T>(options: StageOptions, work: (stage: Stage) => Promise<T>): Promise<T> => {
  const stage = await openStage(options);
  try {
    return await work(stage);
  } finally {
    await stage.close();
  }
};

describe('A race shows that something is broken:', () => {
  it.each([
    ['the head judged by SELECT', 'judged-by-select.ts'],
    ['no nonce', 'without-nonce.ts'],
  ])(
    '%s',
    (_, breakage) =>
      on({ alone: true, preload: [`../races/broken/${breakage}`] }, async (stage) => {
        expect(await inRounds(stage, 10, 30, ({ statuses }) => statuses.includes(500))).toBe(true);
      }),
    PATIENCE,
  );

  it(
    'leeway 0 not tested by itself',
    () =>
      on({ preload: ['../races/broken/without-leeway-test.ts'] }, async (stage) => {
        expect(await inRounds(stage, 50, 0, ({ statuses }) => statuses.filter((status) => status === 200).length > 1)).toBe(true);
      }),
    PATIENCE,
  );

  it(
    'the clock of the machine believed',
    () =>
      on({ each: withBrokenClock() }, async (stage) => {
        const client = await stage.register(publicClient().withSettings({ leeway: 30 }));
        const [ahead, behind] = stage.clients(client);
        const chain = await openChain(stage, { client: client.id });
        expect((await behind.refresh(chain.refreshToken)).status).toBe(200);
        expect((await ahead.refresh(chain.refreshToken)).body.error).toBe('invalid_grant');
        expect(await rowsOf(stage, chain.authorizationId)).toMatchObject({ status: 2, logged: 1 });
      }),
    PATIENCE,
  );
});

const withBrokenClock = (): StageOptions['each'] => {
  const [ahead, behind] = AHEAD_AND_BEHIND;
  const broken = (options: typeof ahead) => ({ ...options, preload: [...(options.preload ?? []), '../races/broken/machine-clock.ts'] });
  return [broken(ahead), broken(behind)];
};
