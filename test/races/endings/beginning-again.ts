import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { RevocationStore, type Ended } from '../../../src/storage/revocation.store.js';
import { UserStore } from '../../../src/storage/user.store.js';
import { startChain } from '../../support/chain.js';
import { confidentialClient, publicClient } from '../../support/clients.js';
import { signUp } from '../../support/protocol-client.js';
import { untilBothWays } from '../support/both-ways.js';
import { report, timed } from '../support/figures.js';
import { rowsOf } from '../support/one-successor.js';
import { PATIENCE, rounds } from '../support/size.js';
import type { Stage } from '../support/stage.js';

const ATTEMPTS = 24;

/** What was opened, in relation to the ending. */
interface Opened<T> {
  readonly what: T;
  readonly when: 'before' | 'meanwhile' | 'after';
}

/**
 * Everything of somebody ends who goes on: nobody is refused, what was there is dead, what comes later lives, and what came meanwhile is one or the other.
 * Seen to fail: END_CLIENT without its new standing grant (no machine token lived), END_GRANTS that leaves out the log.
 */
export function beginningAgain(stage: Stage): void {
  async function around<T>(open: (n: number) => Promise<T>, end: () => Promise<Ended>) {
    const at = async <R>(work: () => Promise<R>, milliseconds: number) => {
      await sleep(milliseconds);
      return timed(work);
    };
    const [ending, ...openings] = await Promise.all([
      at(end, 20),
      ...Array.from({ length: ATTEMPTS }, (_, n) => at(() => open(n), Math.random() * 40)),
    ]);
    const opened = openings.map(({ result, startedAt, answeredAt }): Opened<T> => {
      if (answeredAt < ending.startedAt) return { what: result, when: 'before' };
      return { what: result, when: startedAt > ending.answeredAt ? 'after' : 'meanwhile' };
    });
    return { opened, ended: ending.result.grants };
  }

  /** Of those that came before none may live, of those that came after all must. Returns how many do. */
  async function living<T>(opened: readonly Opened<T>[], lives: (what: T) => Promise<boolean>): Promise<number> {
    const judged = await Promise.all(opened.map(async ({ what, when }) => ({ when, alive: await lives(what) })));
    expect(judged.filter(({ when, alive }) => (when === 'before' && alive) || (when === 'after' && !alive))).toEqual([]);
    return judged.filter(({ alive }) => alive).length;
  }

  describe('Beginning again races with', () => {
    it(
      'the end of everything of a person: each grant is either ended and logged once, or good',
      async () => {
        const { userId: subject } = await signUp(stage.services[0].url);
        const { credentialVersion = 0 } = (await stage.get(UserStore).find({ id: subject })) ?? {};
        const { id: client } = await stage.register(publicClient());
        const clients = stage.clients({ id: client, secret: undefined });
        await stage.get(RevocationStore).endSubject(subject, stage.clock.now());
        const { yielded, refused } = await untilBothWays(rounds(3, 20), async () => {
          const { opened, ended } = await around(
            async () => {
              const chain = await startChain(stage, { client, subject, credentialVersion, session: { sid: randomUUID() } });
              if (!chain) throw new Error('A grant was refused.');
              return chain;
            },
            () => stage.get(RevocationStore).endSubject(subject, stage.clock.now()),
          );
          const alive = await living(opened, async ({ authorizationId }) => {
            const { status, logged } = await rowsOf(stage, authorizationId);
            expect(logged).toBe(status - 1);
            return status === 1;
          });
          expect(ended).toBe(ATTEMPTS - alive);
          const last = opened.find(({ when }) => when === 'after');
          if (last) expect((await clients[0].refresh(last.what.refreshToken)).status).toBe(200);
          await stage.get(RevocationStore).endSubject(subject, stage.clock.now());
          return { yielded: alive, refused: ATTEMPTS - alive };
        });
        report(`the end of a person against new grants: ${yielded} live, ${refused} ended`);
      },
      PATIENCE,
    );

    it(
      "the end of a client's tokens: each is either dead or good, at either service",
      async () => {
        const { yielded, refused } = await untilBothWays(rounds(3, 20), async (round) => {
          const client = await stage.register(confidentialClient().withSettings({ referenceAccessTokens: round % 2 === 0 }));
          const clients = stage.clients(client);
          const { opened } = await around(
            async (n) => {
              const { status, body } = await (clients[n % 2] ?? clients[0]).token({ grant_type: 'client_credentials' });
              expect(status).toBe(200);
              return body.access_token as string;
            },
            () => stage.get(RevocationStore).endClient(client.id, stage.clock.now()),
          );
          const alive = await living(opened, async (token) => {
            const seen = await Promise.all(stage.observers.map((observer) => observer.introspect(token)));
            expect(seen[0]?.body.active).toBe(seen[1]?.body.active);
            return seen[0]?.body.active === true;
          });
          return { yielded: alive, refused: ATTEMPTS - alive };
        });
        report(`the end of a client's tokens against client credentials: ${yielded} live, ${refused} dead`);
      },
      PATIENCE,
    );
  });
}
