import { randomUUID } from 'node:crypto';
import { encodeEntryKey, EntryType, formatTokenId, type EntryKey } from '../../protocol/entry-key.js';
import { newAccessNumber } from '../../protocol/token-string.js';
import type { LogRow } from '../../storage/revocation-log.store.js';
import { RevocationKind } from '../../storage/revocation.store.js';
import { Principal } from '../principal.js';
import { Revocations } from './revocations.js';

const NOW = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;
const expiresAt = new Date(NOW + 24 * HOUR);

const newKey = (): EntryKey => ({ bucket: 20_000, authorizationId: randomUUID(), type: EntryType.accessToken, number: newAccessNumber() });
function holder(key: EntryKey, claims: Record<string, unknown> = {}): Principal {
  const principal = Principal.fromClaims({
    sub: 'a',
    client_id: 'web',
    jti: formatTokenId(key),
    iat: NOW / 1000,
    exp: NOW / 1000 + 900,
    ...claims,
  });
  if (!principal) throw new Error('claims of the wrong form');
  return principal;
}
const uuidBytes = (uuid: string) => Buffer.from(uuid.replaceAll('-', ''), 'hex');
const client = (notBefore: number, id = 'web'): LogRow => ({
  kind: RevocationKind.client,
  key: Buffer.from(id),
  notBefore: new Date(notBefore),
  expiresAt,
});

describe('What was ended', () => {
  it('hits the entry, everything under the authorization, everything that a key has signed, and nothing else', () => {
    const [entry, sibling, cousin] = [newKey(), newKey(), newKey()];
    const family = { ...cousin, number: newAccessNumber() };
    const held = new Revocations();
    held.add(
      [
        { kind: RevocationKind.entry, key: encodeEntryKey(entry), expiresAt },
        { kind: RevocationKind.authorization, key: uuidBytes(cousin.authorizationId), expiresAt },
        { kind: RevocationKind.signingKey, key: Buffer.from('old'), expiresAt },
        { kind: RevocationKind.configuration, key: Buffer.from('x'), expiresAt },
      ],
      0,
    );
    const judged = (key: EntryKey, kid?: string) => held.judge(holder(key), kid);
    expect([judged(entry), judged({ ...sibling, authorizationId: entry.authorizationId })]).toEqual(['revoked', 'clear']);
    expect([judged(cousin), judged(family), judged(sibling)]).toEqual(['revoked', 'revoked', 'clear']);
    expect([judged(sibling, 'old'), judged(sibling, 'new')]).toEqual(['revoked', 'clear']);
    expect(held.size).toBe(3);
  });

  it('hits by an id of either kind only what is of that kind', () => {
    const key = newKey();
    const held = new Revocations();
    held.add([{ kind: RevocationKind.authorization, key: encodeEntryKey(key), expiresAt }], 0);
    expect(held.judge(holder(key))).toBe('clear');
  });

  it('takes fingerprints for the keys that they are of', () => {
    const [entry, authorization] = [newKey(), newKey()];
    const held = new Revocations();
    held.add([{ kind: RevocationKind.entry, key: encodeEntryKey(entry).subarray(-8), expiresAt }], 0);
    held.add([{ kind: RevocationKind.authorization, key: uuidBytes(authorization.authorizationId).subarray(-8), expiresAt }], 0);
    held.add([{ kind: RevocationKind.entry, key: Buffer.alloc(7), expiresAt }], 0);
    expect([held.judge(holder(entry)), held.judge(holder(authorization)), held.size]).toEqual(['revoked', 'revoked', 2]);
  });

  it.each([
    '',
    'a-jti-of-somebody-else',
    `${formatTokenId(newKey())}A`,
    formatTokenId(newKey()).slice(1),
    `!${formatTokenId(newKey()).slice(1)}`,
  ])('says of the jti %j that it is foreign', (jti) => {
    expect(new Revocations().judge({ ...holder(newKey()), tokenId: jti } as Principal)).toBe('foreign');
  });

  it.each([
    ['long before', -3600, 'revoked'],
    ['before, by more than clocks differ', -6, 'revoked'],
    ['just before', -1, 'undecided'],
    ['in the same second', 0, 'undecided'],
    ['just after', 1, 'undecided'],
    ['after, by as long as a statement may wait', 60, 'undecided'],
    ['by an instance whose clock was up to an hour ahead', 3_600, 'undecided'],
    ['later', 3_661, 'clear'],
    ['at no time', NaN, 'undecided'],
  ])('judges what was issued %s a client ended: %i s, %s', (_name, seconds, expected) => {
    const held = new Revocations();
    held.add([client(NOW + 300)], 0);
    const judged = (id: string) => held.judge(holder(newKey(), { client_id: id, iat: NOW / 1000 + seconds }));
    expect([judged('web'), judged('other')]).toEqual([expected, 'clear']);
  });

  it('believes an answer that was asked for after the mark had come, and none from before', () => {
    const held = new Revocations();
    held.add([client(NOW)], 100);
    const token = holder(newKey());
    expect([99, 100, 101].map((asked) => held.judge(token, undefined, asked))).toEqual(['undecided', 'undecided', 'clear']);
    expect(held.judge(holder(newKey(), { iat: NOW / 1000 - 60 }), undefined, 101)).toBe('revoked');
    // Disabled once more, and told in the wrong order.
    held.add([client(NOW + 500), client(NOW - 500)], 200);
    expect(held.judge(token, undefined, 101)).toBe('undecided');
    // And again, by an instance whose clock is behind.
    expect(held.judge(token, undefined, 201)).toBe('clear');
    held.add([client(NOW - 200)], 300);
    expect(held.judge(token, undefined, 201)).toBe('undecided');
  });

  it('is forgotten when nothing that it could hit is alive', () => {
    const key = newKey();
    const held = new Revocations();
    held.add(
      [
        { kind: RevocationKind.entry, key: encodeEntryKey(key), expiresAt },
        { kind: RevocationKind.authorization, key: uuidBytes(key.authorizationId), expiresAt },
        { kind: RevocationKind.signingKey, key: Buffer.from('old'), expiresAt },
        client(NOW),
      ],
      0,
    );
    held.prune(expiresAt.getTime() - 1);
    expect(held.size).toBe(4);
    held.prune(expiresAt.getTime() + 12 * HOUR);
    expect([held.size, held.judge(holder(key), 'old')]).toEqual([0, 'clear']);
  });
});
