import { EntryType } from '../../src/protocol/entry-key.js';
import { TokenEntryStore } from '../../src/storage/token-entry.store.js';
import type { TestClient } from '../support/clients.js';
import { accessStatus, DAY, isEnded, linkStatus, type Chain } from './chain-model.js';
import { entryName, type ChainRows, type World } from './world.js';

/** What pruning has taken so far. */
export interface Kept {
  /** Entries of days before are gone. */
  readonly keptFrom: number;
  /** Log rows of days before are gone. */
  readonly logsKeptFrom: number;
  /** Grants whose newest entry ended before are gone. Milliseconds. */
  readonly grantsKeptFrom: number;
}

/** (I1), (I2), (I4): the rows of a chain are exactly those of the model. */
export function expectRows(chain: Chain, rows: ChainRows, kept: Kept): void {
  const stillThere = ({ key }: { key: { bucket: number } }): boolean => key.bucket >= kept.keptFrom;
  const numbers = (type: number) =>
    rows.entries.filter((entry) => entry.type === type).map((entry) => `${entry.number} ${Date.parse(entry.expires_at)}`);
  const expected = (entries: readonly { key: { number: bigint; bucket: number }; expiresAt: number }[]) =>
    entries.filter(stillThere).map(({ key, expiresAt }) => `${key.number} ${expiresAt}`);
  expect(numbers(EntryType.refreshToken)).toEqual(expected(chain.links));
  expect(numbers(EntryType.accessToken).sort()).toEqual(expected(chain.accesses).sort());
  expect(rows.held && { generation: rows.held.generation, status: rows.held.status }).toEqual(
    chain.newestEnd < kept.grantsKeptFrom ? null : { generation: chain.links.length - 1, status: chain.revoked ? 2 : 1 },
  );
  const logged = (ends: readonly number[]) => ends.filter((end) => Math.floor(end / DAY) >= kept.logsKeptFrom).length;
  expect([rows.family_logs, rows.access_logs]).toEqual([logged(chain.logs), logged(chain.accessLogs)]);
}

/** (I3), (I7): every token ever issued has the status the model says, by the view, by the look-up of guards, and by introspection on both instances. */
export async function expectStatuses(chains: readonly Chain[], world: World, kept: Kept, api: TestClient): Promise<void> {
  const now = world.now();
  const tokens = chains.flatMap((chain) => [
    ...chain.links.map((link) => ({ chain, ...link, status: linkStatus(chain, link, now) })),
    ...chain.accesses.map((access) => ({ chain, ...access, status: accessStatus(chain, access, now) })),
  ]);
  const view = await world.statusView(chains.map((chain) => chain.id));
  const present = tokens.filter(({ key }) => key.bucket >= kept.keptFrom);
  expect(new Map([...view].sort())).toEqual(new Map(present.map(({ key, status }) => [entryName(key), status] as [string, string]).sort()));
  for (const [index, { chain, key, token, status }] of tokens.entries()) {
    const gone = key.bucket < kept.keptFrom;
    const record = await world.get(TokenEntryStore).find(key, world.clock.now());
    expect(record?.status).toBe(gone ? undefined : status);
    if (isEnded(chain)) expect(status).toBe('revoked');
    const isLink = key.type === EntryType.refreshToken;
    // A refresh token is seen by its own confidential client only (RFC 7662 as protocol.md has it).
    const own = isLink && chain.client.role === 'confidential' && !chain.client.disabled;
    const seen = !gone && status === 'valid' && (!isLink || own);
    expect(await world.isActive(index % 2 === 0 ? 0 : 1, own ? chain.client : api, token)).toBe(seen);
  }
}
