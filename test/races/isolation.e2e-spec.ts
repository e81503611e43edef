import { openChain } from '../support/chain.js';
import { publicClient } from '../support/clients.js';
import { onServer } from '../support/on-server.js';
import { median, report, timed } from './support/figures.js';
import { expectOneSuccessor, present, rowsOf } from './support/one-successor.js';
import { PATIENCE, rounds } from './support/size.js';
import { openStage, type Stage } from './support/stage.js';

const LEVELS = process.env['SOAK'] === '1' ? ['serializable', 'repeatable read'] : ['serializable'];

// Seen to fail when the store gave up after 5 attempts: answers of 500.
describe.each(LEVELS)('On a database whose transactions are %s', (isolation) => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await openStage({
      prepare: ({ url, name }) =>
        onServer(url, (client) => client.query(`alter database ${name} set default_transaction_isolation = '${isolation}'`)).then(),
    });
  }, PATIENCE);
  afterAll(() => stage?.close());

  it(
    '64 connections that present one refresh token at once get one successor',
    async () => {
      expect(await stage.query('show transaction_isolation')).toEqual([{ transaction_isolation: isolation }]);
      const client = await stage.register(publicClient());
      const chain = await openChain(stage, { client: client.id });
      let token = chain.refreshToken;
      const took: number[] = [];
      for (let round = 0; round < rounds(1, 10); round++) {
        const before = await rowsOf(stage, chain.authorizationId);
        const { result: answers, startedAt, answeredAt } = await timed(() => present(stage.clients(client), token, 64));
        took.push(answeredAt - startedAt);
        token = await expectOneSuccessor(stage, chain.authorizationId, before, answers);
      }
      report(`${isolation}: p50 of a round ${median(took).toFixed(0)} ms`);
    },
    PATIENCE,
  );
});
