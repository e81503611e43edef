import { Injectable } from '@nestjs/common';
import { sha256 } from '../../protocol/hashing.js';
import { FailureStore, type CountedKey } from '../failure.store.js';
import { Database, sqlState, SqlState } from './database.js';
import { BLOCKED_UNTIL, CONFIRM_FAILURES, RECORD_FAILURES, REFUND_FAILURES, RESERVE_FAILURES } from './failure.sql.js';

/** Each time a key must have been made and blocked by others, and forgotten again, within one statement. */
const ATTEMPTS = 10;

@Injectable()
export class PostgresFailureStore extends FailureStore {
  constructor(private readonly database: Database) {
    super();
  }

  override async blockedUntil(keys: readonly string[], now: Date): Promise<Date | undefined> {
    const [row] = await this.database.run<{ until: Date | null }>(BLOCKED_UNTIL, [keys.map(sha256), now]);
    return row?.until ?? undefined;
  }

  override async record(failures: readonly CountedKey[], now: Date): Promise<void> {
    await this.database.run(RECORD_FAILURES, valuesOf(failures, now));
  }

  override async reserve(failures: readonly CountedKey[], now: Date): Promise<Date | undefined> {
    for (let attempt = 1; ; attempt++) {
      try {
        const [row] = await this.database.run<{ until: Date | null }>(RESERVE_FAILURES, valuesOf(failures, now));
        return row?.until ?? undefined;
      } catch (error) {
        if (sqlState(error) !== SqlState.notNullViolation || attempt === ATTEMPTS) throw error;
      }
    }
  }

  override async confirm(failures: readonly CountedKey[], now: Date): Promise<void> {
    await this.database.run(CONFIRM_FAILURES, valuesOf(failures, now));
  }

  override async refund(failures: readonly CountedKey[], now: Date, forgiven: readonly string[] = []): Promise<void> {
    await this.database.run(REFUND_FAILURES, [...valuesOf(failures, now), forgiven.map(sha256)]);
  }
}

/** In order of key, each once, so that two instances that count the same keys cannot deadlock. */
function valuesOf(failures: readonly CountedKey[], now: Date): unknown[] {
  const ordered = failures
    .map(({ key, policy }) => ({ hash: sha256(key), policy }))
    .sort((a, b) => Buffer.compare(a.hash, b.hash))
    .filter(({ hash }, index, all) => index === 0 || !all[index - 1]?.hash.equals(hash));
  return [
    ordered.map(({ hash }) => hash),
    ordered.map(({ policy }) => policy.free),
    ordered.map(({ policy }) => policy.firstBlock),
    ordered.map(({ policy }) => policy.longestBlock),
    ordered.map(({ policy }) => policy.forgetAfter),
    now,
  ];
}
