import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LogRow } from '../../storage/revocation-log.store.js';
import { idsOf, partOf, partOfRows, type FeedPart } from '../../validation/feed/feed-part.js';
import type { HeldRevocations } from '../../validation/feed/revocations.js';
import type { FingerprintBatch } from '../../validation/feed/revoked-ids.js';

/** Bytes of fingerprints that are written before others have their turn: a third of a megabyte of text. */
const SLICE = 30_000 * 8;

/** `up_ms` differs from one follower to the next; what comes after it is written once for all of them. JSON that begins in the midst of an object. */
export const restOf = (rows: readonly LogRow[]): string => withoutStart(partOfRows(rows, 0));

/** The same of all there is, in bytes. What is added meanwhile may be in it. */
export async function restOfAll({ entries, authorizations, marks }: HeldRevocations): Promise<Buffer> {
  const written: Buffer[] = [];
  for (const [name, batches] of [
    ['entries', entries],
    ['authorizations', authorizations],
  ] as const) {
    let separator = `,"${name}":[`;
    for (const slice of slices(batches)) {
      written.push(Buffer.from(separator + JSON.stringify(idsOf(slice))));
      separator = ',';
      await nextTurn();
    }
    if (separator === ',') written.push(Buffer.from(']'));
  }
  written.push(Buffer.from(withoutStart(partOf({ entries: [], authorizations: [], marks }, 0))));
  return Buffer.concat(written);
}

function* slices(batches: Iterable<FingerprintBatch>): Generator<FingerprintBatch> {
  for (const { expiresAt, fingerprints } of batches) {
    for (let at = 0; at < fingerprints.length; at += SLICE) yield { expiresAt, fingerprints: fingerprints.subarray(at, at + SLICE) };
  }
}

const withoutStart = (part: FeedPart): string => JSON.stringify(part).slice(startOf(0).length);

/** What `up_ms` begins an object with. */
export const startOf = (upMs: number): string => `{"up_ms":${Math.floor(upMs)}`;
