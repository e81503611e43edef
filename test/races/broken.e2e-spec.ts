import { openChain } from '../support/chain.js';
import { publicClient } from '../support/clients.js';
import { throughGate } from './support/gate.js';
import { present, rowsOf } from './support/one-successor.js';
import { PATIENCE, rounds } from './support/size.js';
import { openStage, type Stage, type StageOptions } from './support/stage.js';
import { AHEAD_AND_BEHIND } from './support/wrong-clocks.js';

// What the other suites of this folder assert, asked of services that were broken on purpose (`broken/`): were nothing seen here, they would see
// nothing either. What they say when they are run against these breaks:
// - judged by SELECT, and without the nonce: several believe they have won. The primary key of token_entry stops all but one, whose statement fails
//   with 23505: "gives all of them one successor" fails on answers of 500; there are never two successors.
// - without the test of leeway > 0: those who waited with a clock older than the winner's get `retry`: "one of 64 wins at most" counts more than one.
// - on the machine's clock: a retry at the instance ahead comes 62 s late: "rotation behind, retry ahead" gets invalid_grant, a false revocation.
async function inRounds(stage: Stage, most: number, leeway: number, test: (statuses: readonly number[]) => boolean): Promise<boolean> {
  const client = await stage.register(publicClient().withSettings({ leeway }));
  for (let n = 0; n < most; n++) {
    const chain = await openChain(stage, { client: client.id });
    const answers = await throughGate(stage, chain.authorizationId, 40, () => present(stage.clients(client), chain.refreshToken, 64));
    const rows = await rowsOf(stage, chain.authorizationId);
    expect([rows.links, rows.entries]).toEqual([2, 4]);
    if (test(answers.map(({ status }) => status))) return true;
  }
  return false;
}

type Control = readonly [name: string, options: StageOptions, notices: (stage: Stage) => Promise<boolean>];

const CONTROLS: readonly Control[] = [
  ['the head judged by SELECT', broken('judged-by-select.ts'), (stage) => inRounds(stage, 10, 30, (statuses) => statuses.includes(500))],
  ['no nonce', broken('without-nonce.ts'), (stage) => inRounds(stage, 10, 30, (statuses) => statuses.includes(500))],
  [
    'leeway 0 not tested by itself',
    broken('without-leeway-test.ts'),
    (stage) => inRounds(stage, 50, 0, (statuses) => statuses.filter((status) => status === 200).length > 1),
  ],
  ['the clock of the machine believed', { each: withBrokenClock() }, revokesFalsely],
];

describe('A race shows that something is broken:', () => {
  // One is enough to see that the suites still have their power; all of them when there is time.
  it.each(CONTROLS.slice(0, rounds(1, CONTROLS.length)))(
    '%s',
    async (_, options, notices) => {
      const stage = await openStage(options);
      try {
        expect(await notices(stage)).toBe(true);
      } finally {
        await stage.close();
      }
    },
    PATIENCE,
  );
});

/** A retry that comes 62 s late by the clock of the machine it comes to. */
async function revokesFalsely(stage: Stage): Promise<boolean> {
  const client = await stage.register(publicClient().withSettings({ leeway: 30 }));
  const [ahead, behind] = stage.clients(client);
  const chain = await openChain(stage, { client: client.id });
  expect((await behind.refresh(chain.refreshToken)).status).toBe(200);
  expect((await ahead.refresh(chain.refreshToken)).body.error).toBe('invalid_grant');
  const { status, logged } = await rowsOf(stage, chain.authorizationId);
  return status === 2 && logged === 1;
}

function broken(module: string): StageOptions {
  return { preload: [`../races/broken/${module}`] };
}

function withBrokenClock(): StageOptions['each'] {
  const [ahead, behind] = AHEAD_AND_BEHIND;
  const believing = (options: typeof ahead) => ({ ...options, preload: [...(options.preload ?? []), '../races/broken/machine-clock.ts'] });
  return [believing(ahead), believing(behind)];
}
