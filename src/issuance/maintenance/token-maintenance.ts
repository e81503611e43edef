import { randomUUID } from 'node:crypto';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../protocol/clock.js';
import { LeaseStore } from '../../storage/lease.store.js';
import { MaintenanceStore } from '../../storage/maintenance.store.js';
import { ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';
import { KeyRotation } from '../keys/key-rotation.js';

const LEASE = 'maintenance';
/** Seconds: an instance that died is replaced after this. */
const LEASE_SECONDS = 900;
const RENEWAL_MS = (LEASE_SECONDS * 1000) / 3;

/** Makes partitions ahead, drops those past, rotates keys: whichever instance holds the lease. Two at once would do no harm. */
@Injectable()
export class TokenMaintenance {
  private readonly logger = new Logger('Maintenance');
  private readonly holder = randomUUID();
  private underWay: Promise<void> | undefined;

  constructor(
    private readonly store: MaintenanceStore,
    private readonly leases: LeaseStore,
    private readonly rotation: KeyRotation,
    private readonly clock: Clock,
    @Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions,
  ) {}

  /** What must be there before the first token: keys and partitions. @throws StorageUnavailableError; Error on a wrong master key */
  async prepare(): Promise<void> {
    if (this.options.tokenStorage) await this.store.prepare(this.clock.now()); // first: a new key has its row in the log
    await this.rotation.ensureKeys();
  }

  /** One round, if this instance holds the lease; or the one that is under way. Failures are logged; the next round tries again. */
  round(): Promise<void> {
    this.underWay ??= this.goRound().finally(() => (this.underWay = undefined));
    return this.underWay;
  }

  /** Lets another instance take over at once. */
  async release(): Promise<void> {
    await this.leases.release(LEASE, this.holder).catch(() => undefined);
  }

  private async goRound(): Promise<void> {
    let renewing: NodeJS.Timeout | undefined;
    try {
      if (!(await this.take())) return;
      // A large database takes its time.
      renewing = setInterval(() => void this.take().catch(() => undefined), RENEWAL_MS).unref();
      await this.rotation.rotateDue();
      if (this.options.tokenStorage) await this.store.prepare(this.clock.now());
      if (this.options.pruning) this.logger.log({ msg: 'Pruned', ...(await this.store.prune(this.clock.now(), this.options.retention)) });
    } catch (error) {
      this.logger.error({ msg: 'Maintenance failed', err: error });
    } finally {
      clearInterval(renewing);
    }
  }

  private take(): Promise<boolean> {
    return this.leases.take(LEASE, this.holder, this.clock.now(), LEASE_SECONDS);
  }
}
