import { Injectable } from '@nestjs/common';
import { Clock } from '../../protocol/clock.js';
import { DAY_MS, LIMITS } from '../../protocol/limits.js';
import { KeyStore, type KeyPurpose, type KeyRecord } from '../../storage/key.store.js';
import { SharedReading } from '../configuration/shared-reading.js';
import type { SigningAlgorithm } from '../issuance.options.js';
import { openSigningKey, openSymmetricKey, signingAlgorithm, type SigningKey, type SymmetricKey } from './key-material.js';
import { MasterKey } from './master-key.js';

/** A key this instance does not know makes it look again, but not more often than this, however many forged ones arrive. */
const RELOAD_COOLDOWN_MS = 1_000;
/** Nothing that others verify by our keys lives longer; the rest is tolerance. */
const SIGNED_LIVES_MS = LIMITS.accessTokenLifetime * 1000 + DAY_MS;

/** The keys in memory. The active one of a purpose is the latest whose activation has come: no state is written when one takes over. */
@Injectable()
export class KeyRing {
  private records: readonly KeyRecord[] = [];
  /** Those that were not revoked, oldest activation first. */
  private usable: ReadonlyMap<KeyPurpose, readonly KeyRecord[]> = new Map();
  private readonly opened = new Map<number, { readonly signing?: SigningKey; readonly symmetric?: SymmetricKey }>();
  private lastReload = -Infinity;
  private readonly loading = new SharedReading(() => this.load());

  constructor(
    private readonly store: KeyStore,
    private readonly masterKey: MasterKey,
    private readonly clock: Clock,
  ) {}

  /** Reads the keys anew; it knows all that was written before the call. @throws StorageUnavailableError; Error on a wrong master key */
  reload(): Promise<void> {
    return this.loading.ask();
  }

  /** The same, if they were read before. Until it is done the keys that are known serve. */
  async renew(): Promise<void> {
    if (this.lastReload > -Infinity) await this.reload();
  }

  /** The active key. @throws Error when the purpose has none */
  signing(algorithm: SigningAlgorithm): SigningKey {
    const key = this.opened.get(this.active(`sign:${algorithm}`).id)?.signing;
    if (!key) throw new Error(`There is no active ${algorithm} key.`);
    return key;
  }

  /** The key that verifies a signature: next, active or retired, but not revoked. Looks again if unknown. */
  async verification(kid: string): Promise<SigningKey | undefined> {
    return this.known((record) => record.kid === kid && !record.revokedAt, 'signing');
  }

  derivation(): SymmetricKey {
    return this.activeSymmetric('derive');
  }

  /** The derivation key a rotation was made with, also by another instance; undefined once it was destroyed. */
  derivationById(id: number): Promise<SymmetricKey | undefined> {
    // The number comes from a grant's row, not from a caller: if it is unknown here, it is worth a reading at any time.
    return this.known((record) => record.id === id && record.purpose === 'derive', 'symmetric', 0);
  }

  /** The key that was active just before `at`: a retry seals as the winner did, though another key has taken over since. */
  sealing(at = this.clock.now()): SymmetricKey {
    return this.activeSymmetric('seal:refresh', new Date(at.getTime() - 1));
  }

  sealingByKid(kid: string): Promise<SymmetricKey | undefined> {
    return this.known((record) => record.kid === kid && record.purpose === 'seal:refresh', 'symmetric');
  }

  /** Public keys for the JWK set: those published ahead too, and those retired while a token of theirs may live. */
  publicJwks(): object[] {
    const since = this.clock.now().getTime() - SIGNED_LIVES_MS;
    return this.records.flatMap((record) => {
      const alike = this.of(record.purpose).filter(({ revokedAt }) => !revokedAt); // one whose successors were revoked is active again
      const successor = alike[alike.indexOf(record) + 1];
      const past = successor !== undefined && successor.activatesAt.getTime() <= since;
      return record.publicJwk && !record.revokedAt && !past ? [record.publicJwk] : [];
    });
  }

  /** Keys of a purpose, oldest activation first. */
  of(purpose: KeyPurpose): readonly KeyRecord[] {
    return this.records.filter((record) => record.purpose === purpose);
  }

  private activeSymmetric(purpose: KeyPurpose, at?: Date): SymmetricKey {
    const key = this.opened.get(this.active(purpose, at).id)?.symmetric;
    if (!key) throw new Error(`There is no active key for ${purpose}.`);
    return key;
  }

  private active(purpose: KeyPurpose, at = this.clock.now()): KeyRecord {
    const usable = this.usable.get(purpose) ?? [];
    // Clocks differ by the drift of a minute: a first key made by a neighbour a moment ahead of us is used all the same.
    const active = usable.findLast((record) => record.activatesAt <= at) ?? usable[0];
    if (!active) throw new Error(`There is no key for ${purpose}.`);
    return active;
  }

  private async known<Kind extends 'signing' | 'symmetric'>(
    matches: (record: KeyRecord) => boolean,
    kind: Kind,
    cooldown = RELOAD_COOLDOWN_MS,
  ): Promise<(Kind extends 'signing' ? SigningKey : SymmetricKey) | undefined> {
    let record = this.records.find(matches);
    if (!record && performance.now() - this.lastReload >= cooldown) {
      await this.reload();
      record = this.records.find(matches);
    }
    return record && (this.opened.get(record.id)?.[kind] as (Kind extends 'signing' ? SigningKey : SymmetricKey) | undefined);
  }

  private async load(): Promise<void> {
    const records = await this.store.list();
    for (const record of records) {
      if (this.opened.has(record.id)) continue;
      const algorithm = signingAlgorithm(record.purpose);
      this.opened.set(
        record.id,
        algorithm
          ? { signing: openSigningKey(record, algorithm, this.masterKey) }
          : { symmetric: openSymmetricKey(record, this.masterKey) },
      );
    }
    const present = new Set(records.map((record) => record.id));
    for (const id of this.opened.keys()) if (!present.has(id)) this.opened.delete(id);
    this.records = records;
    const purposes = new Set(records.map(({ purpose }) => purpose));
    this.usable = new Map([...purposes].map((purpose) => [purpose, this.of(purpose).filter(({ revokedAt }) => !revokedAt)]));
    this.lastReload = performance.now();
  }
}
