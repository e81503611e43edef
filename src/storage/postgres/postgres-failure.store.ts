import { Injectable } from '@nestjs/common';
import { sha256 } from '../../protocol/hashing.js';
import { FailureStore, type FailurePolicy } from '../failure.store.js';
import { Database } from './database.js';

@Injectable()
export class PostgresFailureStore extends FailureStore {
  constructor(private readonly database: Database) {
    super();
  }

  override async blockedUntil(keys: readonly string[], now: Date): Promise<Date | undefined> {
    const [row] = await this.database.run<{ until: Date | null }>(BLOCKED_UNTIL, [keys.map(sha256), now]);
    return row?.until ?? undefined;
  }

  override async record(failures: readonly { readonly key: string; readonly policy: FailurePolicy }[], now: Date): Promise<void> {
    // In order of key, so that two instances that count the same keys cannot deadlock.
    const ordered = failures
      .map(({ key, policy }) => ({ hash: sha256(key), policy }))
      .sort((a, b) => Buffer.compare(a.hash, b.hash))
      .filter(({ hash }, index, all) => index === 0 || !all[index - 1]?.hash.equals(hash));
    await this.database.run(RECORD_FAILURES, [
      ordered.map(({ hash }) => hash),
      ordered.map(({ policy }) => policy.free),
      ordered.map(({ policy }) => policy.firstBlock),
      ordered.map(({ policy }) => policy.longestBlock),
      ordered.map(({ policy }) => policy.forgetAfter),
      now,
    ]);
  }

  override async clear(keys: readonly string[]): Promise<void> {
    await this.database.run(CLEAR_FAILURES, [keys.map(sha256)]);
  }
}

const BLOCKED_UNTIL = {
  name: 'blocked_until',
  text: `select max(blocked_until) as until from failure where key = any($1::bytea[]) and blocked_until > $2::timestamptz`,
};

/** $1 keys  $2 free failures  $3 first block s  $4 longest block s  $5 forgotten after s  $6 now. The exponent is capped: 2^30 s is longer than any block. */
const RECORD_FAILURES = {
  name: 'record_failures',
  text: `
insert into failure as f (key, count, last_at, blocked_until, forget_at)
select n.key, 1, $6::timestamptz, case when n.free < 1 then $6 + make_interval(secs => least(n.first, n.longest)) end, $6 + make_interval(secs => n.forget)
from unnest($1::bytea[], $2::int[], $3::float8[], $4::float8[], $5::float8[]) n (key, free, first, longest, forget)
on conflict (key) do update set
  count         = case when f.forget_at <= $6 then 1 else f.count + 1 end,
  last_at       = $6,
  forget_at     = greatest(excluded.forget_at, f.forget_at),
  blocked_until = (select case when c.count > n.free then $6 + make_interval(secs => least(n.first * 2 ^ least(c.count - n.free - 1, 30), n.longest)) end
                   from unnest($1::bytea[], $2::int[], $3::float8[], $4::float8[]) n (key, free, first, longest),
                        lateral (select case when f.forget_at <= $6 then 1 else f.count + 1 end as count) c
                   where n.key = excluded.key)`,
};

const CLEAR_FAILURES = { name: 'clear_failures', text: `delete from failure where key = any($1::bytea[])` };
