import { openChain } from '../../support/chain.js';
import { publicClient } from '../../support/clients.js';
import type { ProtocolClient } from '../../support/protocol-client.js';
import { report } from '../support/figures.js';
import { throughGate } from '../support/gate.js';
import { present, rowsOf } from '../support/one-successor.js';
import type { Stage } from '../support/stage.js';
import { PATIENCE, rounds } from '../support/size.js';

const ROUNDS = rounds(8, 50);

/** An old token is presented while the head is redeemed. */
export function reuse(stage: Stage): void {
  async function refreshed(by: ProtocolClient, token: string): Promise<string> {
    const { status, body } = await by.refresh(token);
    expect(status).toBe(200);
    return body.refresh_token;
  }

  describe('32 replays of an old token race with 32 redemptions of the head', () => {
    it(
      'ends the family with one log row, and at most one redemption wins',
      async () => {
        const client = await stage.register(publicClient());
        const clients = stage.clients(client);
        let won = 0;
        for (let round = 0; round < ROUNDS; round++) {
          const chain = await openChain(stage, { client: client.id });
          const head = await refreshed(clients[1], await refreshed(clients[0], chain.refreshToken));
          const before = await rowsOf(stage, chain.authorizationId);

          // In turn, and who comes first differs.
          const presentations = () =>
            Array.from({ length: 16 }, (_, i) => ((i + round) % 2 === 0 ? [chain.refreshToken, head] : [head, chain.refreshToken])).flatMap(
              (pair) => pair.map((token) => present(clients, token, 2)),
            );
          const answers = (await throughGate(stage, chain.authorizationId, 40, () => Promise.all(presentations()))).flat();

          const winners = new Set(answers.flatMap(({ status, body }) => (status === 200 ? [body.refresh_token as string] : [])));
          expect(winners.size).toBeLessThanOrEqual(1);
          expect(answers.filter(({ status, body }) => status !== 200 && body.error !== 'invalid_grant')).toHaveLength(0);
          won += winners.size;
          expect(await rowsOf(stage, chain.authorizationId)).toEqual({
            entries: before.entries + 2 * winners.size,
            links: before.links + winners.size,
            generation: before.generation + winners.size,
            status: 2,
            logged: 1,
          });
          for (const { status, body } of answers.filter((answer) => answer.status === 200).slice(0, 1)) {
            expect(status).toBe(200);
            expect((await stage.observers[0].introspect(body.access_token)).body).toEqual({ active: false });
            expect((await clients[1].refresh(body.refresh_token)).body.error).toBe('invalid_grant');
          }
        }
        report(`old against head: ${ROUNDS} rounds, the head won first in ${won}`);
        // Else one side was always too late, and nothing raced.
        expect(won).toBeGreaterThan(0);
        expect(won).toBeLessThan(ROUNDS);
      },
      PATIENCE,
    );
  });
}
