import { RevocationKind } from '../../storage/revocation.store.js';
import type { LogRow } from '../../storage/revocation-log.store.js';
import { partOf, partOfRows, rowsOf, type FeedPart } from './feed-part.js';
import { Revocations } from './revocations.js';
import { periodEnd } from './revoked-ids.js';

const at = (seconds: number): Date => new Date(seconds * 1000);
const bytes = (length: number, fill: number): Buffer => Buffer.alloc(length, fill);
const SOON = 1_800_000_000;
const ROWS: LogRow[] = [
  { kind: RevocationKind.entry, key: bytes(28, 1), expiresAt: at(SOON) },
  { kind: RevocationKind.entry, key: bytes(28, 2), expiresAt: at(SOON + 86_400) },
  { kind: RevocationKind.authorization, key: bytes(16, 3), expiresAt: at(SOON) },
  { kind: RevocationKind.authorization, key: bytes(16, 0xff), expiresAt: at(SOON) },
  { kind: RevocationKind.client, key: Buffer.from('shop'), notBefore: at(SOON - 0.877), expiresAt: at(SOON) },
  { kind: RevocationKind.signingKey, key: Buffer.from('kid-1'), expiresAt: at(SOON) },
  { kind: RevocationKind.configuration, key: Buffer.from('clients'), expiresAt: at(SOON) },
];
/** What a part can say of them: ids by their last bits, to the end of their period; of configurations nothing. */
const TOLD = ROWS.slice(0, -1).map(({ key, expiresAt, kind, ...more }) =>
  kind <= RevocationKind.authorization
    ? { kind, key: key.subarray(-8), expiresAt: new Date(periodEnd(expiresAt.getTime())) }
    : { kind, key, expiresAt, ...more },
);

describe('A part of the feed', () => {
  it('tells what ended, through JSON, and never what was configured', () => {
    const part = partOfRows(ROWS, 12.7);
    expect(part.up_ms).toBe(12);
    expect([...rowsOf(JSON.parse(JSON.stringify(part)) as FeedPart)]).toEqual(TOLD);
    expect(JSON.stringify(part)).not.toContain(Buffer.from('clients').toString('base64url'));
  });

  it('tells all that somebody holds so that another holds the same', () => {
    const [held, other] = [new Revocations(), new Revocations()];
    held.add(ROWS, 0);
    const part = partOf(held.contents(), 0);
    other.add(rowsOf(JSON.parse(JSON.stringify(part)) as FeedPart), 0);
    expect(other.size).toBe(6);
    expect(partOf(other.contents(), 0)).toEqual(part);
    expect(partOfRows(ROWS, 0)).toEqual(part);
  });

  it('says nothing but its age where nothing happened', () => {
    expect(partOfRows([], -3)).toEqual({ up_ms: -3 });
    expect([...rowsOf({ up_ms: 0 })]).toEqual([]);
  });

  it.each([
    { entries: 'AAAA' },
    { entries: [{ ids: 'AAAA', expires: 1 }] },
    { entries: [{ ids: 1, expires: 1 }] },
    { entries: [{ ids: 'AAAAAAAAAA*', expires: 1 }] },
    { authorizations: [{ ids: 'AAAAAAAAAAA', expires: '1' }] },
    { authorizations: [{ ids: 'AAAAAAAAAAA', expires: 1e300 }] },
    { clients: [{ client_id: '', not_before: 1, expires: 1 }] },
    { clients: [{ client_id: 'shop', expires: 1 }] },
    { signing_keys: [{ expires: 1 }] },
    { signing_keys: [null] },
  ])('that is none is not taken for one: %j', (part) => {
    let name: string | undefined;
    try {
      for (const row of rowsOf({ up_ms: 0, ...part } as unknown as FeedPart)) expect(row).toBeUndefined();
    } catch (error) {
      ({ name } = error as Error);
    }
    expect(name).toBe('TypeError');
  });
});
