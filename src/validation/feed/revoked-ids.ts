/**
 * An expiry falls into a period of so many milliseconds, each with a table of its own: fewer would keep ids longer, more would make each look-up
 * look into more of them.
 */
const PERIOD = 6 * 3_600_000;
/** A period's ids are kept so much longer, in milliseconds: a clock that was set forward for a while must not bring dead tokens back to life. */
export const GRACE = 3_600_000;

/** Fingerprints that are forgotten together. */
export interface FingerprintBatch {
  /** Milliseconds since the epoch: the last moment of their period. */
  readonly expiresAt: number;
  /** 8 bytes each, high half first. */
  readonly fingerprints: Buffer;
}

/** The last moment of the period an expiry falls into. Both in milliseconds since the epoch. */
export const periodEnd = (expiresAt: number): number => (Math.floor(expiresAt / PERIOD) + 1) * PERIOD - 1;

/**
 * 64-bit fingerprints of what is revoked and has not expired, each as two 32-bit halves (of either sign). Ids are random bits, so that a fingerprint is
 * a part of one: of a million revoked ids, one hits another by chance in 2^42 look-ups. A look-up allocates nothing.
 */
export class RevokedIds {
  /** By period; in an array beside it, since a look-up goes through all of them. */
  private readonly byPeriod = new Map<number, FingerprintTable>();
  private tables: readonly FingerprintTable[] = [];

  /** @param expiresAt milliseconds since the epoch: nothing that bears the id outlives this */
  add(high: number, low: number, expiresAt: number): void {
    const period = Math.floor(expiresAt / PERIOD);
    let table = this.byPeriod.get(period);
    if (!table) {
      this.byPeriod.set(period, (table = new FingerprintTable()));
      this.tables = [...this.byPeriod.values()];
    }
    table.add(high | 0, low | 0);
  }

  has(high: number, low: number): boolean {
    const tables = this.tables;
    for (let i = 0; i < tables.length; i++) if (tables[i]?.has(high | 0, low | 0)) return true;
    return false;
  }

  /** All of them, by period. */
  *batches(): Generator<FingerprintBatch> {
    for (const [period, table] of this.byPeriod) yield { expiresAt: periodEnd(period * PERIOD), fingerprints: table.fingerprints() };
  }

  /** Lets go of whole periods. @param now milliseconds since the epoch */
  prune(now: number): void {
    for (const period of this.byPeriod.keys()) if ((period + 1) * PERIOD + GRACE <= now) this.byPeriod.delete(period);
    if (this.tables.length !== this.byPeriod.size) this.tables = [...this.byPeriod.values()];
  }

  get size(): number {
    return this.tables.reduce((sum, table) => sum + table.size, 0);
  }

  get byteLength(): number {
    return this.tables.reduce((sum, table) => sum + table.byteLength, 0);
  }
}

const SMALLEST = 64;
/** Between 47 and 70 percent of a large table are in use: 11 to 17 bytes for each fingerprint. */
const FULLEST = 0.7;
const GROWTH = 1.5;

/** Open addressing with linear probing. Nothing is ever taken out. A low half of 0 is an empty place; of ids that have it, it counts as 1. */
class FingerprintTable {
  size = 0;
  private high = new Uint32Array(SMALLEST);
  private low = new Uint32Array(SMALLEST);

  get byteLength(): number {
    return this.high.byteLength + this.low.byteLength;
  }

  has(high: number, low: number): boolean {
    const at = this.place(high, low || 1);
    return this.low[at] !== 0;
  }

  add(high: number, low: number): void {
    if (this.size + 1 > FULLEST * this.low.length) this.grow();
    const at = this.place(high, low || 1);
    if (this.low[at] !== 0) return;
    this.high[at] = high;
    this.low[at] = low || 1;
    this.size++;
  }

  fingerprints(): Buffer {
    const all = Buffer.allocUnsafe(8 * this.size);
    let at = 0;
    for (let i = 0; i < this.low.length; i++) {
      if (this.low[i] === 0) continue;
      at = all.writeUInt32BE(this.high[i] ?? 0, at);
      at = all.writeUInt32BE(this.low[i] ?? 0, at);
    }
    return all;
  }

  private grow(): void {
    const { high, low } = this;
    this.high = new Uint32Array(Math.ceil(low.length * GROWTH));
    this.low = new Uint32Array(this.high.length);
    for (let i = 0; i < low.length; i++) {
      const [h, l] = [(high[i] ?? 0) | 0, (low[i] ?? 0) | 0];
      if (l === 0) continue;
      const at = this.place(h, l);
      this.high[at] = h;
      this.low[at] = l;
    }
  }

  /** Where the fingerprint is, or the empty place where it belongs. Nearly always the low halves alone decide: one cache miss instead of two. */
  private place(high: number, low: number): number {
    const { high: highs, low: lows } = this;
    // The low half is random bits: scaled to the table's length it needs no hash.
    let at = Math.floor(((low >>> 0) / 0x1_0000_0000) * lows.length);
    for (;;) {
      const found = (lows[at] ?? 0) | 0;
      if (found === 0 || (found === low && ((highs[at] ?? 0) | 0) === high)) return at;
      at = at + 1 === lows.length ? 0 : at + 1;
    }
  }
}
