import { ENTRY_KEY_BYTES } from '../../protocol/entry-key.js';
import type { LogRow } from '../../storage/revocation-log.store.js';
import { RevocationKind } from '../../storage/revocation.store.js';
import type { Principal } from '../principal.js';
import { GRACE, RevokedIds, type FingerprintBatch } from './revoked-ids.js';

/**
 * `revoked`: for good. `undecided`: whether the token is older than the mark of its client cannot be told from its date; it must be looked up.
 * `foreign`: its `jti` is no key of an entry, so that nothing would ever hit it.
 */
export type Judgement = 'clear' | 'revoked' | 'undecided' | 'foreign';

/**
 * A client's end is a moment here, but an epoch in the database (docs/adr/0006), and the two may differ for tokens issued close to it. Before it: `iat`
 * has whole seconds, and the clocks of two instances are never quite even. After it: the moment was taken before the statement, which may have
 * waited for a connection and for locks; and the clock of an instance may have been an hour ahead when it issued a token. Milliseconds.
 */
const CERTAIN_BEFORE = 5_000;
const CERTAIN_AFTER = 3_660_000;

interface ClientMark {
  readonly notBefore: number;
  readonly expiresAt: number;
  /** On the monotonic clock. */
  readonly heard: number;
}

export interface HeldRevocations {
  readonly entries: Iterable<FingerprintBatch>;
  readonly authorizations: Iterable<FingerprintBatch>;
  readonly marks: readonly LogRow[];
}

/** What was ended and could still be presented. */
export class Revocations {
  private readonly entries = new RevokedIds();
  private readonly authorizations = new RevokedIds();
  private readonly clients = new Map<string, ClientMark>();
  /** By `kid`, each with the moment after which none of its tokens lives. */
  private readonly signingKeys = new Map<string, number>();

  /** @param heard on the monotonic clock */
  add(rows: Iterable<LogRow>, heard: number): void {
    for (const row of rows) this.addRow(row, heard);
  }

  /**
   * @param kid of a signed token
   * @param asked when the token was last looked up exactly and found good, on the monotonic clock
   */
  judge({ tokenId, client, claims }: Principal, kid?: string, asked = -Infinity): Judgement {
    if (kid !== undefined && this.signingKeys.has(kid)) return 'revoked';
    const judgement = this.judgeId(tokenId);
    const mark = judgement === 'clear' ? this.clients.get(client) : undefined;
    return mark ? judgeByMark(mark, Number(claims.iat) * 1000, asked) : judgement;
  }

  /** By the entry and its authorization alone. @param tokenId `jti` */
  judgeId(tokenId: string): 'clear' | 'revoked' | 'foreign' {
    // One token at a time: nothing is allocated for it.
    if (tokenId.length !== TOKEN_ID_LENGTH || scratch.write(tokenId, 'base64url') !== ENTRY_KEY_BYTES) return 'foreign';
    if (this.entries.has(scratch.readInt32BE(20), scratch.readInt32BE(24))) return 'revoked';
    return this.authorizations.has(scratch.readInt32BE(12), scratch.readInt32BE(16)) ? 'revoked' : 'clear';
  }

  /** Whether a row would add nothing. */
  has({ kind, key, notBefore, expiresAt }: LogRow): boolean {
    switch (kind) {
      case RevocationKind.entry:
      case RevocationKind.authorization:
        return key.length < 8 || this.idsOf(kind).has(key.readInt32BE(key.length - 8), key.readInt32BE(key.length - 4));
      case RevocationKind.client:
        return (this.clients.get(key.toString())?.notBefore ?? -Infinity) >= (notBefore ?? expiresAt).getTime();
      case RevocationKind.signingKey:
        return this.signingKeys.has(key.toString());
      case RevocationKind.configuration:
        return true;
    }
  }

  /** @param now milliseconds since the epoch */
  prune(now: number): void {
    this.entries.prune(now);
    this.authorizations.prune(now);
    const past = now - GRACE;
    for (const [client, { expiresAt }] of this.clients) if (expiresAt <= past) this.clients.delete(client);
    for (const [kid, expiresAt] of this.signingKeys) if (expiresAt <= past) this.signingKeys.delete(kid);
  }

  /** All that is held, for others: ids as their fingerprints, and rows of the marks. */
  contents(): HeldRevocations {
    const row = (kind: RevocationKind, key: string, expiresAt: number): LogRow => ({
      kind,
      key: Buffer.from(key),
      expiresAt: new Date(expiresAt),
    });
    return {
      entries: this.entries.batches(),
      authorizations: this.authorizations.batches(),
      marks: [
        ...Array.from(this.clients, ([client, { notBefore, expiresAt }]) => ({
          ...row(RevocationKind.client, client, expiresAt),
          notBefore: new Date(notBefore),
        })),
        ...Array.from(this.signingKeys, ([kid, expiresAt]) => row(RevocationKind.signingKey, kid, expiresAt)),
      ],
    };
  }

  /** Ids and marks. */
  get size(): number {
    return this.entries.size + this.authorizations.size + this.clients.size + this.signingKeys.size;
  }

  private addRow({ kind, key, notBefore, expiresAt }: LogRow, heard: number): void {
    const end = expiresAt.getTime();
    switch (kind) {
      case RevocationKind.entry: // ends with the number
      case RevocationKind.authorization: // ends with 62 random bits
        if (key.length < 8) return;
        this.idsOf(kind).add(key.readInt32BE(key.length - 8), key.readInt32BE(key.length - 4), end);
        return;
      case RevocationKind.client:
        // Without a date it would be all there is.
        this.clients.set(
          key.toString(),
          bothMarks(this.clients.get(key.toString()), { notBefore: (notBefore ?? expiresAt).getTime(), expiresAt: end, heard }),
        );
        return;
      case RevocationKind.signingKey:
        this.signingKeys.set(key.toString(), end);
        return;
      case RevocationKind.configuration: // no token's end
    }
  }

  private idsOf(kind: RevocationKind): RevokedIds {
    return kind === RevocationKind.entry ? this.entries : this.authorizations;
  }
}

const TOKEN_ID_LENGTH = Math.ceil((ENTRY_KEY_BYTES * 4) / 3);
const scratch = Buffer.alloc(ENTRY_KEY_BYTES);

/**
 * Of several the latest date: what it leaves alone was issued after the others. In which order they came says nothing about their dates, and what was
 * asked before the newest had come was answered without it.
 */
const bothMarks = (known: ClientMark | undefined, mark: ClientMark): ClientMark => ({
  notBefore: Math.max(known?.notBefore ?? -Infinity, mark.notBefore),
  expiresAt: Math.max(known?.expiresAt ?? -Infinity, mark.expiresAt),
  heard: mark.heard,
});

/** @param issued milliseconds since the epoch, of whole seconds; NaN is neither before nor after anything */
function judgeByMark({ notBefore, heard }: ClientMark, issued: number, asked: number): Judgement {
  if (issued > notBefore + CERTAIN_AFTER) return 'clear';
  if (issued < notBefore - CERTAIN_BEFORE) return 'revoked';
  // What was asked after the mark had come was answered by somebody who knew it.
  return asked > heard ? 'clear' : 'undecided';
}
