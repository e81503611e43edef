import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../protocol/clock.js';
import { RevocationKind } from '../../storage/revocation.store.js';
import { RevocationLogStore, type LogCursor } from '../../storage/revocation-log.store.js';
import { SparseLog } from '../../validation/sparse-log.js';
import { RememberedConfiguration } from './remembered-configuration.js';
import { SharedReading } from './shared-reading.js';

export const WATCH_PERIOD_MS = 1_000;

/**
 * Looks each second what of the configuration was changed, by whatever instance or command, and has that forgotten. While it cannot tell, everything is
 * forgotten each second, so that nothing older is ever used. What is remembered never decides that something is still enabled: the statements that
 * issue and look up join the client's row (ADR 0004).
 */
@Injectable()
export class ConfigurationWatch {
  private cursor: LogCursor | undefined;
  private readonly looks = new SharedReading(() => this.lookNow());
  private readonly failures: SparseLog;

  constructor(
    private readonly log: RevocationLogStore,
    private readonly remembered: RememberedConfiguration,
    clock: Clock,
  ) {
    this.failures = new SparseLog(new Logger(ConfigurationWatch.name), clock);
  }

  /** Call it once a period. */
  async tick(): Promise<void> {
    if (!this.looks.isUnderWay) return this.look();
    // The database has not answered for a whole period.
    await this.remembered.forgetAll().catch(() => undefined);
  }

  /** Resolves when everything is forgotten that was changed before the call. Never rejects. */
  look(): Promise<void> {
    return this.looks.ask();
  }

  /** When no look is under way any more. */
  settled(): Promise<void> {
    return this.looks.settled();
  }

  private async lookNow(): Promise<void> {
    try {
      const reading = await this.log.readKind(RevocationKind.configuration, this.cursor);
      // From the first reading, and from one after a gap, one knows only where to go on: what was read before may have changed since.
      const changes = this.cursor && reading && new Set(reading.rows.map(({ key }) => key.toString()));
      this.cursor = reading?.cursor;
      // All at once: no client waits for the keys to be read.
      await (changes ? Promise.all([...changes].map((change) => this.remembered.forget(change))) : this.remembered.forgetAll());
    } catch (error) {
      this.cursor = undefined;
      this.failures.report('warn', `Changes of configuration cannot be followed: ${error instanceof Error ? error.message : 'unknown'}`);
      await this.remembered.forgetAll().catch(() => undefined);
    }
  }
}
