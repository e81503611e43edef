import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../protocol/clock.js';
import { LIMITS } from '../../protocol/limits.js';
import { KeyStore, type KeyPurpose, type NewKey } from '../../storage/key.store.js';
import { DOCUMENT_MAX_AGE } from '../endpoints/cached-document.js';
import { ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';
import { makeKey, signingAlgorithm } from './key-material.js';
import { KeyRing } from './key-ring.js';
import { MasterKey } from './master-key.js';

/** Seconds after which every instance has read the keys anew, whether or not it has heard of a change (ConfigurationWatch). */
export const KEY_RELOAD_SECONDS = 30;
/** The same, where readings have failed and clocks differ by a minute. */
const SOON = 4 * KEY_RELOAD_SECONDS;

/** Seconds until a new key is known wherever it must be: symmetric keys to the instances, signing keys to all who keep a copy of the key set, too. */
export const secondsUntilKnown = (purpose: KeyPurpose): number => (signingAlgorithm(purpose) ? SOON + DOCUMENT_MAX_AGE : SOON);

interface Schedule {
  /** Seconds a key is active. */
  readonly period: number;
  /** Seconds its successor is known to everyone before it takes over. */
  readonly publishedAhead: number;
  /** Seconds it is kept after that. */
  readonly kept: number;
}

const DAY = 86_400;
const PURPOSES: readonly KeyPurpose[] = ['sign:ES256', 'sign:RS256', 'derive', 'seal:refresh'];

/** Makes keys ahead of their use and destroys them when nothing can need them any more. Safe on any number of instances at once. */
@Injectable()
export class KeyRotation {
  constructor(
    private readonly ring: KeyRing,
    private readonly store: KeyStore,
    private readonly masterKey: MasterKey,
    private readonly clock: Clock,
    @Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions,
  ) {}

  /** Reads the keys and makes those that are missing. @throws StorageUnavailableError; Error on a wrong master key */
  async ensureKeys(): Promise<void> {
    await this.ring.reload();
    for (const purpose of PURPOSES) if (this.ring.of(purpose).every((key) => key.revokedAt)) await this.make(purpose, this.clock.now());
    await this.ring.reload();
  }

  /** Makes the successors that are due and removes what is past use. */
  async rotateDue(): Promise<void> {
    await this.ensureKeys();
    const now = this.clock.now().getTime();
    for (const purpose of PURPOSES) {
      const { period, publishedAhead } = this.schedule(purpose);
      const newest = this.ring.of(purpose).findLast((key) => !key.revokedAt);
      const end = (newest?.activatesAt.getTime() ?? 0) + period * 1000;
      if (now >= end - publishedAhead * 1000) await this.make(purpose, new Date(Math.max(end, now + publishedAhead * 1000)));
      await this.removePast(purpose, now);
    }
    await this.ring.reload();
  }

  /** Makes new keys that take over once they are known everywhere. Tokens signed before stay valid. */
  rotate(purposes: readonly KeyPurpose[] = PURPOSES): Promise<NewKey[]> {
    return this.makeAll(purposes, secondsUntilKnown);
  }

  /** Makes new keys that are active from this moment on, for emergencies: whoever does not know them yet refuses what they sign. */
  rotateNow(purposes: readonly KeyPurpose[] = PURPOSES): Promise<NewKey[]> {
    return this.makeAll(purposes, () => 0);
  }

  /**
   * Ends a signing key with all that it signed, whatever its age. Where it is the one in use, a new one takes over at once; other instances know of that
   * when they have looked (ConfigurationWatch), and what they sign with it until then is dead, too. Undefined: there is none of that name, or it was ended before.
   */
  async revoke(kid: string): Promise<{ readonly successor?: NewKey } | undefined> {
    await this.ring.reload();
    const purpose = PURPOSES.find((each) => signingAlgorithm(each) && this.ring.of(each).some((key) => key.kid === kid && !key.revokedAt));
    if (!purpose) return undefined;
    const now = this.clock.now();
    const active = this.ring.of(purpose).findLast(({ activatesAt, revokedAt }) => !revokedAt && activatesAt <= now);
    const [successor] = active?.kid === kid ? await this.rotateNow([purpose]) : [];
    if (!(await this.store.revoke(kid, this.clock.now()))) return undefined;
    await this.ring.reload();
    return successor ? { successor } : {};
  }

  private async makeAll(purposes: readonly KeyPurpose[], delay: (purpose: KeyPurpose) => number): Promise<NewKey[]> {
    const made: NewKey[] = [];
    for (const purpose of purposes) {
      let key: NewKey | undefined;
      while (!key) {
        await this.ring.reload(); // anew after each neighbour that made one at this moment
        key = await this.make(purpose, new Date(this.clock.now().getTime() + delay(purpose) * 1000));
      }
      made.push(key);
    }
    await this.ring.reload();
    return made;
  }

  /** Undefined: the purpose got a key meanwhile. */
  private async make(purpose: KeyPurpose, activatesAt: Date): Promise<NewKey | undefined> {
    const numbers = this.ring.of(purpose).map((key) => key.id);
    const key = await makeKey(purpose, this.masterKey, this.clock.now(), activatesAt);
    return (await this.store.insert(key, numbers.length > 0 ? Math.max(...numbers) : undefined)) ? key : undefined;
  }

  private async removePast(purpose: KeyPurpose, now: number): Promise<void> {
    const { kept } = this.schedule(purpose);
    const keys = this.ring.of(purpose);
    const past = keys.filter((_, index) => {
      const successor = keys[index + 1];
      return successor !== undefined && successor.activatesAt.getTime() + kept * 1000 <= now;
    });
    if (past.length > 0)
      await this.store.remove(
        past.map((key) => key.id),
        this.clock.now(),
      );
  }

  private schedule(purpose: KeyPurpose): Schedule {
    switch (purpose) {
      case 'derive':
        // Whoever holds it and one old refresh token can walk that chain to its head: it lives no longer than a retry may need it.
        return { period: DAY, publishedAhead: secondsUntilKnown(purpose), kept: LIMITS.leeway + 2 * SOON };
      case 'seal:refresh':
        return { period: 30 * DAY, publishedAhead: secondsUntilKnown(purpose), kept: LIMITS.refreshTokenLifetime + DAY };
      default:
        // It leaves the key set two days after it was replaced (KeyRing). Id tokens come back as hints for as long as a browser may stay signed in.
        return { period: this.options.signingKeyDays * DAY, publishedAhead: DAY, kept: 366 * DAY };
    }
  }
}
