import { RevocationKind } from '../../storage/revocation.store.js';
import type { LogRow } from '../../storage/revocation-log.store.js';
import type { HeldRevocations } from './revocations.js';
import { periodEnd, type FingerprintBatch } from './revoked-ids.js';

/**
 * What the service says of revocations over HTTP: all that is in force (a snapshot), or what came since. Times are NumericDates (RFC 7519 §2: seconds
 * since the epoch, with fractions). Lists without members are left out.
 */
export interface FeedPart {
  /**
   * Nothing that was committed before is missing: milliseconds from the moment the service accepted the request, on the service's monotonic clock.
   * Negative: before that. What is held is thus at least as new as the moment the request was sent, plus this.
   */
  readonly up_ms: number;
  readonly entries?: readonly PartIds[];
  readonly authorizations?: readonly PartIds[];
  readonly clients?: readonly { readonly client_id: string; readonly not_before: number; readonly expires: number }[];
  readonly signing_keys?: readonly { readonly kid: string; readonly expires: number }[];
}

/** Ids by the 64 random bits they end with: an access token's number, an authorization's id. */
export interface PartIds {
  /** Nothing that bears one of them outlives this. */
  readonly expires: number;
  /** 8 bytes each, big-endian, in base64url. */
  readonly ids: string;
}

/** A part of what is new. */
export function partOfRows(rows: Iterable<LogRow>, upMs: number): FeedPart {
  const [entries, authorizations] = [new Batches(), new Batches()];
  const marks: LogRow[] = [];
  for (const row of rows) {
    if (row.kind === RevocationKind.entry) entries.add(row);
    else if (row.kind === RevocationKind.authorization) authorizations.add(row);
    else marks.push(row);
  }
  return partOf({ entries: entries.all(), authorizations: authorizations.all(), marks }, upMs);
}

/** A part that is all there is. */
export function partOf({ entries, authorizations, marks }: HeldRevocations, upMs: number): FeedPart {
  const of = (kind: RevocationKind): LogRow[] => marks.filter((mark) => mark.kind === kind);
  return {
    up_ms: Math.floor(upMs),
    ...named('entries', Array.from(entries, idsOf)),
    ...named('authorizations', Array.from(authorizations, idsOf)),
    ...named(
      'clients',
      of(RevocationKind.client).map(({ key, notBefore, expiresAt }) => ({
        client_id: key.toString(),
        not_before: numericDate(notBefore ?? expiresAt),
        expires: numericDate(expiresAt),
      })),
    ),
    ...named(
      'signing_keys',
      of(RevocationKind.signingKey).map(({ key, expiresAt }) => ({ kid: key.toString(), expires: numericDate(expiresAt) })),
    ),
  };
}

/** What a part tells, one row after the other. @throws TypeError: it is none */
export function* rowsOf(part: FeedPart): Generator<LogRow> {
  for (const ids of list(part.entries)) yield* rowsOfIds(RevocationKind.entry, ids);
  for (const ids of list(part.authorizations)) yield* rowsOfIds(RevocationKind.authorization, ids);
  for (const { client_id: client, not_before: notBefore, expires } of list(part.clients)) {
    yield { kind: RevocationKind.client, key: textKey(client), notBefore: date(notBefore), expiresAt: date(expires) };
  }
  for (const { kid, expires } of list(part.signing_keys)) {
    yield { kind: RevocationKind.signingKey, key: textKey(kid), expiresAt: date(expires) };
  }
}

function* rowsOfIds(kind: RevocationKind, { ids, expires }: PartIds): Generator<LogRow> {
  if (typeof ids !== 'string') throw new TypeError('ids is no text.');
  const bytes = Buffer.from(ids, 'base64url');
  if (bytes.length % FINGERPRINT !== 0 || bytes.length !== Math.floor((ids.length * 3) / 4))
    throw new TypeError('ids are not 8 bytes each.');
  const expiresAt = date(expires);
  for (let at = 0; at < bytes.length; at += FINGERPRINT) yield { kind, key: bytes.subarray(at, at + FINGERPRINT), expiresAt };
}

const FINGERPRINT = 8;

/** Ids by the period in which they expire. */
class Batches {
  private readonly byEnd = new Map<number, Buffer[]>();

  add({ key, expiresAt }: LogRow): void {
    if (key.length < FINGERPRINT) return;
    const end = periodEnd(expiresAt.getTime());
    const batch = this.byEnd.get(end);
    if (batch) batch.push(key.subarray(-FINGERPRINT));
    else this.byEnd.set(end, [key.subarray(-FINGERPRINT)]);
  }

  all(): FingerprintBatch[] {
    return Array.from(this.byEnd, ([expiresAt, ids]) => ({ expiresAt, fingerprints: Buffer.concat(ids) }));
  }
}

export const idsOf = ({ expiresAt, fingerprints }: FingerprintBatch): PartIds => ({
  expires: expiresAt / 1000,
  ids: fingerprints.toString('base64url'),
});

const numericDate = (date: Date): number => date.getTime() / 1000;

const named = <Name extends string, T>(name: Name, all: readonly T[]): { readonly [N in Name]?: readonly T[] } =>
  (all.length > 0 ? { [name]: all } : {}) as { readonly [N in Name]?: readonly T[] };

function list<T>(value: readonly T[] | undefined): readonly T[] {
  if (value !== undefined && !Array.isArray(value)) throw new TypeError('A list is none.');
  return value ?? [];
}

function textKey(value: string): Buffer {
  if (typeof value !== 'string' || value === '') throw new TypeError('A name is missing.');
  return Buffer.from(value);
}

function date(seconds: number): Date {
  if (typeof seconds !== 'number' || !(Math.abs(seconds) < 1e11)) throw new TypeError('A time is none.');
  return new Date(Math.round(seconds * 1000));
}
