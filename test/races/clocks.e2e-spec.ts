import { openChain } from '../support/chain.js';
import { publicClient } from '../support/clients.js';
import { expectOneSuccessor, present, rowsOf } from './support/one-successor.js';
import { PATIENCE, rounds } from './support/size.js';
import { AHEAD_AND_BEHIND } from './support/wrong-clocks.js';
import { openStage } from './support/stage.js';

const stage = await openStage({ issuance: { leeway: 30 }, each: AHEAD_AND_BEHIND });
afterAll(() => stage.close());

describe('Two instances whose machines are 31 s ahead and 31 s behind', () => {
  it('really run on wrong clocks', () => {
    const [ahead, behind] = stage.services;
    expect(ahead.ahead / 1000).toBeCloseTo(31, -1);
    expect(behind.ahead / 1000).toBeCloseTo(-31, -1);
  });

  it.each([
    ['ahead', 'behind', 0, 1],
    ['behind', 'ahead', 1, 0],
  ] as const)(
    'rotation %s, retry %s: the same successor, no revocation',
    async (_rotation, _retry, rotating, retrying) => {
      const client = await stage.register(publicClient());
      const clients = stage.clients(client);
      const chain = await openChain(stage, { client: client.id });
      let token = chain.refreshToken;
      for (let round = 0; round < 20; round++) {
        const before = await rowsOf(stage, chain.authorizationId);
        const answers = [await clients[rotating].refresh(token), await clients[retrying].refresh(token)];
        token = await expectOneSuccessor(stage, chain.authorizationId, before, answers);
      }
    },
    PATIENCE,
  );

  it(
    'and when they race',
    async () => {
      const client = await stage.register(publicClient());
      const chain = await openChain(stage, { client: client.id });
      let token = chain.refreshToken;
      for (let round = 0; round < rounds(4, 30); round++) {
        const before = await rowsOf(stage, chain.authorizationId);
        token = await expectOneSuccessor(stage, chain.authorizationId, before, await present(stage.clients(client), token, 16));
      }
    },
    PATIENCE,
  );
});
