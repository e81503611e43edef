import { openChain } from '../../support/chain.js';
import { publicClient } from '../../support/clients.js';
import { expectOneSuccessor, present, rowsOf } from '../support/one-successor.js';
import { PATIENCE, rounds } from '../support/size.js';
import type { Stage } from '../support/stage.js';

/**
 * Many families are redeemed at once, and share statements; each is presented twice at either of two services, in another order at each, so that
 * statements of both also wait for each other's rows. Seen to fail: with `apart` left out of the store's sharing (answers of 400 to those whose row
 * another presentation in the same statement had changed).
 */
export function familiesAtOnce(stage: Stage): void {
  describe.each([1, 32, 256])('Of %i families that are presented at once', (count) => {
    it(
      'each gets one successor',
      async () => {
        const client = await stage.register(publicClient());
        const [first, second] = stage.clients(client);
        const chains = await Promise.all(Array.from({ length: count }, () => openChain(stage, { client: client.id })));
        let tokens = chains.map((chain) => chain.refreshToken);
        for (let round = 0; round < rounds(1, 5); round++) {
          const before = await Promise.all(chains.map(({ authorizationId }) => rowsOf(stage, authorizationId)));
          const [forwards, backwards] = await Promise.all([
            Promise.all(tokens.map((token) => present([first, first], token, 2))),
            Promise.all(tokens.toReversed().map((token) => present([second, second], token, 2))),
          ]);
          backwards.reverse();
          const families = chains.map(({ authorizationId }, n) => ({
            authorizationId,
            rows: before[n] ?? { entries: 0, links: 0, generation: 0, status: 0, logged: 0 },
            answers: [...(forwards[n] ?? []), ...(backwards[n] ?? [])],
          }));
          const successors = families.map(({ answers }) => [
            ...new Set(answers.map(({ status, body }) => `${status} ${body.refresh_token}`)),
          ]);
          expect(successors).toEqual(successors.map(() => [expect.stringMatching(/^200 cs_rt_/)]));
          expect(await Promise.all(families.map(({ authorizationId }) => rowsOf(stage, authorizationId)))).toEqual(
            families.map(({ rows }) => ({
              entries: rows.entries + 2,
              links: rows.links + 1,
              generation: rows.generation + 1,
              status: 1,
              logged: 0,
            })),
          );
          // That what was answered is of use, too, would take long to ask of each.
          for (const { authorizationId, rows, answers } of families.filter((_, n) => n % 16 === 0))
            await expectOneSuccessor(stage, authorizationId, rows, answers);
          tokens = families.map(({ answers }) => String(answers[0]?.body.refresh_token));
        }
      },
      PATIENCE,
    );
  });
}
