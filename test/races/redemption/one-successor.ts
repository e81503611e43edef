import { publicClient, type ClientBuilder } from '../../support/clients.js';
import { openChain } from '../../support/chain.js';
import type { Form } from '../../support/protocol-client.js';
import { median, report, timed } from '../support/figures.js';
import { throughGate } from '../support/gate.js';
import { accessTokenId, expectOneSuccessor, present, rowsOf } from '../support/one-successor.js';
import { PATIENCE, rounds } from '../support/size.js';
import type { Stage } from '../support/stage.js';

const RACERS = 64;
/** Connections of both services to the database: as many can wait there. */
const POOLS = 40;

/** Many present one refresh token at once: it has one successor, and everybody gets it. */
export function oneSuccessor(stage: Stage): void {
  describe('64 connections present one refresh token at once, on two processes', () => {
    const race = async (name: string, builder: ClientBuilder, count: number, racers: number) => {
      const client = await stage.register(builder);
      const clients = stage.clients(client);
      const chain = await openChain(stage, { client: client.id });
      let token = chain.refreshToken;
      const took: number[] = [];
      for (let round = 0; round < count; round++) {
        const before = await rowsOf(stage, chain.authorizationId);
        const presented = () => timed(() => present(clients, token, racers));
        // As they come, and, in turn with that, all at the same moment.
        const { result: answers, ...times } =
          round % 2 === 0 ? await presented() : await throughGate(stage, chain.authorizationId, POOLS, presented);
        if (round % 2 === 0) took.push(times.answeredAt - times.startedAt);
        token = await expectOneSuccessor(stage, chain.authorizationId, before, answers);
      }
      report(`${name}: ${count} rounds × ${racers}, p50 of a round ${median(took).toFixed(0)} ms`);
    };

    it(
      'gives all of them one successor and one access token, with the rows of one rotation',
      () => race('JWT', publicClient(), rounds(5, 50), RACERS),
      PATIENCE,
    );

    it(
      'and by reference, and self-contained',
      async () => {
        await race('access token by reference', publicClient().withSettings({ referenceAccessTokens: true }), rounds(2, 20), RACERS);
        await race('refresh token self-contained', publicClient().withSettings({ referenceRefreshTokens: false }), rounds(2, 20), RACERS);
      },
      PATIENCE,
    );

    it(
      'also when they ask for different scopes: one successor, one access token for each',
      async () => {
        const client = await stage.register(publicClient().withScopes('todos:read', 'todos:write'));
        const clients = stage.clients(client);
        const chain = await openChain(stage, { client: client.id, scopes: ['todos:read', 'todos:write'] });
        const asked = [undefined, 'todos:read', 'todos:write'];
        let token = chain.refreshToken;
        for (let round = 0; round < rounds(3, 25); round++) {
          const before = await rowsOf(stage, chain.authorizationId);
          const offset = Math.floor(Math.random() * 3); // who comes first differs
          const scopeOf = (racer: number) => asked[(racer + offset) % 3];
          const formOf = (scope: string | undefined): Form => (scope === undefined ? {} : { scope });
          const answers = await present(clients, token, 24, (racer) => formOf(scopeOf(racer)));

          expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
          expect(new Set(answers.map(({ body }) => body.refresh_token)).size).toBe(1);
          for (const scope of asked) {
            const alike = answers.filter((_, racer) => scopeOf(racer) === scope).map(({ body }) => body.access_token as string);
            expect(new Set(alike.map(accessTokenId)).size).toBe(1);
            const seen = await stage.observers[round % 2 === 0 ? 0 : 1].introspect(alike[0] ?? '');
            expect(seen.body).toMatchObject({ active: true, scope: scope ?? 'todos:read todos:write' });
          }
          expect(await rowsOf(stage, chain.authorizationId)).toEqual({
            entries: before.entries + 4,
            links: before.links + 1,
            generation: before.generation + 1,
            status: 1,
            logged: 0,
          });
          token = answers[0]?.body.refresh_token;
        }
      },
      PATIENCE,
    );
  });

  describe('Without a leeway', () => {
    it(
      'one of 64 wins at most, and the family ends with one log row',
      async () => {
        const client = await stage.register(publicClient().withSettings({ leeway: 0 }));
        for (let round = 0; round < rounds(3, 25); round++) {
          const chain = await openChain(stage, { client: client.id });
          const answers = await throughGate(stage, chain.authorizationId, POOLS, () =>
            present(stage.clients(client), chain.refreshToken, RACERS),
          );
          expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
          expect(new Set(answers.filter(({ status }) => status !== 200).map(({ status, body }) => `${status} ${body.error}`))).toEqual(
            new Set(['400 invalid_grant']),
          );
          expect(await rowsOf(stage, chain.authorizationId)).toEqual({ entries: 4, links: 2, generation: 1, status: 2, logged: 1 });
        }
      },
      PATIENCE,
    );
  });
}
