import { setTimeout as sleep } from 'node:timers/promises';
import { parseToken } from '../../../src/protocol/token-string.js';
import { ClientStore } from '../../../src/storage/client.store.js';
import { RevocationStore } from '../../../src/storage/revocation.store.js';
import { UserStore } from '../../../src/storage/user.store.js';
import { onServer } from '../../support/on-server.js';
import { openChain } from '../../support/chain.js';
import { publicClient } from '../../support/clients.js';
import { ProtocolClient, signUp } from '../../support/protocol-client.js';
import { untilBothWays } from '../support/both-ways.js';
import { raceEnding, type Ending, type Refresh } from '../support/ending.js';
import { report } from '../support/figures.js';
import { rowsOf } from '../support/one-successor.js';
import { PATIENCE, rounds } from '../support/size.js';
import type { Stage } from '../support/stage.js';

const ROUNDS = rounds(3, 20);

/**
 * Chains are refreshed while they end. Seen to fail: REDEEM without its join of the client (tokens of a disabled client's chain) and without its test
 * of the grant's status (further log rows of a dead family); FIND without the client's epoch (tokens revived with their client).
 */
export function refreshing(stage: Stage): void {
  /** A chain of an app of its own, which knows the protocol endpoints only. */
  async function ofSomeApp(referenceAccessTokens = false) {
    const client = await stage.register(publicClient().withSettings({ referenceAccessTokens }));
    const clients = stage.clients(client);
    const refresh = clients.map(
      (by): Refresh =>
        (token) =>
          by.refresh(token),
    ) as [Refresh, Refresh];
    return { client, clients, refresh, accessTokens: [], ...(await openChain(stage, { client: client.id })) };
  }

  /** A chain of a person who signed in, refreshed through both doors: the token endpoint and the sign-in API. */
  async function ofSomePerson(round: number) {
    const service = stage.services[round % 2 === 0 ? 0 : 1];
    const person = await signUp(service.url);
    const authorizationId = parseToken(person.refreshToken)?.key.authorizationId ?? '';
    const [first, second] = stage.clients({ id: 'first-party', secret: undefined });
    const doors: [Refresh, Refresh] = [
      (token) => first.refresh(token),
      (refreshToken) => second.json('POST', '/auth/refresh', { refreshToken }),
    ];
    return { ...person, authorizationId, refresh: doors, accessTokens: [person.accessToken], app: new ProtocolClient(service.url) };
  }

  const answered = async (status: number, answer: ReturnType<ProtocolClient['json']>): Promise<void> => {
    expect((await answer).status).toBe(status);
  };

  const ENDINGS: readonly (readonly [name: string, logRows: number, open: (round: number) => Promise<Ending>])[] = [
    [
      'revocation',
      1,
      async (round) => {
        const chain = await ofSomeApp(round % 2 === 0);
        const [by] = chain.clients;
        // Also by a token that is spent meanwhile.
        return { ...chain, end: (newest) => answered(200, by.revoke(round % 3 === 0 ? chain.refreshToken : newest)) };
      },
    ],
    [
      'log-out',
      1,
      async (round) => {
        const person = await ofSomePerson(round);
        const { app, accessToken } = person;
        const end = (refreshToken: string) =>
          round % 2 === 0 ? app.json('POST', '/auth/logout', { refreshToken }) : app.json('POST', '/auth/logout', {}, accessToken);
        return { ...person, end: (newest) => answered(204, end(newest)) };
      },
    ],
    [
      'change of the password',
      1,
      async (round) => {
        const person = await ofSomePerson(round);
        const { app, accessToken, password } = person;
        const passwords = { currentPassword: password, newPassword: 'another horse, another battery' };
        return { ...person, pause: 3, end: () => answered(204, app.json('POST', '/auth/change-password', passwords, accessToken)) };
      },
    ],
    [
      'disabling the person',
      1,
      async (round) => {
        const person = await ofSomePerson(round);
        const set = async (enabled: boolean) =>
          expect(await stage.get(UserStore).setEnabled(person.userId, enabled, stage.clock.now())).toBe(true);
        return { ...person, end: () => set(false), revive: () => set(true) };
      },
    ],
    [
      'the end of everything of the person',
      1,
      async (round) => {
        const person = await ofSomePerson(round);
        const end = async () =>
          expect((await stage.get(RevocationStore).endSubject(person.userId, stage.clock.now())).grants).toBeGreaterThan(0);
        return { ...person, end };
      },
    ],
    [
      "the end of the client's tokens",
      0, // one row for the client instead
      async (round) => {
        const chain = await ofSomeApp(round % 2 === 0);
        const end = async () => expect((await stage.get(RevocationStore).endClient(chain.client.id, stage.clock.now())).grants).toBe(1);
        return { ...chain, width: 2, end };
      },
    ],
    [
      'disabling the client',
      0, // one row for the client instead
      async (round) => {
        const chain = await ofSomeApp(round % 2 === 0);
        const set = async (enabled: boolean) =>
          expect(await stage.get(ClientStore).setEnabled(chain.client.id, enabled, stage.clock.now())).toBe(true);
        // One short statement: somebody else who changes the client's row lets it overlap with refreshes, which do not wait for that row.
        const end = () =>
          onServer(stage.database.url, async (other) => {
            await other.query('begin');
            await other.query('select from client where id = $1 for update', [chain.client.id]);
            const disabled = set(false);
            await sleep(Math.random() * 10);
            await other.query('commit');
            await disabled;
          });
        return { ...chain, width: 2, end, revive: () => set(true) };
      },
    ],
  ];

  describe('Refreshing races with', () => {
    it.each(ENDINGS)(
      '%s: once ended, nothing of the chain is issued or accepted',
      async (name, logRows, open) => {
        const { yielded, refused } = await untilBothWays(ROUNDS, async (round) => {
          const ending = await open(round);
          const overlaps = await raceEnding(stage, ending);
          expect((await rowsOf(stage, ending.authorizationId)).logged).toBe(logRows);
          return overlaps;
        });
        report(`${name}: of the refreshes that overlapped it ${yielded} yielded tokens, ${refused} were refused`);
      },
      PATIENCE,
    );
  });
}
