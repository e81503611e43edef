import { Injectable, Optional } from '@nestjs/common';
import { KeyRing } from '../../issuance/keys/key-ring.js';
import type { KeyPurpose } from '../../storage/key.store.js';
import { Database } from '../../storage/postgres/database.js';
import { DatabaseClock } from '../../storage/postgres/database-clock.js';
import { FeedStatus } from '../../validation/feed/feed-status.js';
import { MIGRATIONS_APPLIED, missingMigrations } from '../prepare-database.js';

/** What must hold for requests to be answered well. */
export type ReadinessCheck = 'database' | 'migrations' | 'keys' | 'clock' | 'feed';

/** The revocation feed of this process, where its guards use one. */
export interface FeedFigures {
  readonly state: string;
  /** Milliseconds; null: nothing was heard yet. */
  readonly age: number | null;
  readonly held: number;
  readonly denials: number;
}

const PURPOSES: readonly KeyPurpose[] = ['sign:ES256', 'sign:RS256', 'derive', 'seal:refresh'];
const DATABASE_MS = 2_000;
const LARGEST_DRIFT_MS = 1_000;

/** Whether this instance can do its work at the moment. */
@Injectable()
export class Readiness {
  private running: Promise<ReadinessCheck[]> | undefined;

  constructor(
    private readonly database: Database,
    private readonly clock: DatabaseClock,
    private readonly keys: KeyRing,
    @Optional() private readonly feed?: FeedStatus,
  ) {}

  /** The checks that fail, in a fixed order. Callers at the same time share one round, so that probes cannot pile up on a database that hangs. */
  failing(): Promise<ReadinessCheck[]> {
    this.running ??= this.check().finally(() => (this.running = undefined));
    return this.running;
  }

  feedFigures(): FeedFigures | undefined {
    if (!this.feed || this.feed.state === 'off') return undefined;
    const { state, age, held, denials } = this.feed;
    return { state, age: age === undefined ? null : Math.round(age), held, denials };
  }

  private async check(): Promise<ReadinessCheck[]> {
    const database = await this.checkDatabase();
    return [
      ...database,
      ...(this.hasKeys() ? [] : ['keys' as const]),
      ...(Math.abs(this.clock.drift) < LARGEST_DRIFT_MS ? [] : ['clock' as const]),
      ...(/^(cold|blind)$/.test(this.feed?.state ?? 'off') ? ['feed' as const] : []),
    ];
  }

  private async checkDatabase(): Promise<('database' | 'migrations')[]> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), DATABASE_MS)));
    const answer = this.database.run<{ name: string }>(MIGRATIONS_APPLIED, []).catch(() => undefined);
    const applied = await Promise.race([answer, late]);
    clearTimeout(timer);
    if (!applied) return ['database'];
    return missingMigrations(applied.map(({ name }) => name)).length === 0 ? [] : ['migrations'];
  }

  private hasKeys(): boolean {
    return PURPOSES.every((purpose) => this.keys.of(purpose).some((key) => !key.revokedAt));
  }
}
