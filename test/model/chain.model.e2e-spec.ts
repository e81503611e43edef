import fc from 'fast-check';
import { COMMANDS, finalAudit } from './commands.js';
import type { Kept } from './expectations.js';
import { newMachine } from './machine.js';
import { Tally } from './tally.js';
import { World } from './world.js';

const soak = process.env['SOAK'] === '1';
const RUNS = soak ? 1_500 : 16;
const COMMANDS_PER_RUN = soak ? 120 : 100;

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

describe('The chain against its model (rotation-and-feed.md §3.5, I1–I7)', () => {
  it(
    'does what the model says, whatever comes in whatever order',
    async () => {
      const tally = new Tally();
      let kept: Kept = { keptFrom: 0, logsKeptFrom: 0, grantsKeptFrom: 0 };
      await fc.assert(
        fc.asyncProperty(fc.commands([COMMANDS], { maxCommands: COMMANDS_PER_RUN, size: 'max' }), async (commands) => {
          const machine = await newMachine(world, kept);
          try {
            await fc.asyncModelRun(() => ({ model: machine, real: { world, tally } }), commands);
            await finalAudit(machine, world);
            tally.longestChain = Math.max(tally.longestChain, ...machine.chains.map(({ links }) => links.length));
          } finally {
            kept = machine.kept;
          }
        }),
        { numRuns: RUNS, ...(process.env['SEED'] !== undefined && { seed: Number(process.env['SEED']) }) },
      );
      process.stdout.write(`model: ${tally.toString()}\n`);
      // A run that tries next to nothing proves next to nothing.
      for (const outcome of ['won', 'retry', 'retry, other parameters', 'further', 'won, at once', 'retry, at once']) expect(tally.count(outcome)).toBeGreaterThan(0);
      expect(tally.invalidShare).toBeLessThan(0.5);
    },
    soak ? 3_600_000 : 180_000,
  );
});
