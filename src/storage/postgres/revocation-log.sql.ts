import type { Statement } from './statement.js';

/**
 * Begins a transaction that sees one state of the log throughout. By itself Postgres reads the whole of a small log to find what is new, and goes on so
 * for as long as it keeps that plan, however large the log has become; and what it expects to find, knowing no numbers, it would compile code for.
 * For this transaction only: a connection pooler may give the next one to anybody.
 */
export const BEGIN_READING = `begin isolation level repeatable read read only; set local enable_seqscan = off; set local jit = off`;
/** The same for all of the log, which is read as it lies. */
export const BEGIN_READING_ALL = `begin isolation level repeatable read read only; set local enable_seqscan = on; set local jit = off`;

/**
 * Each part changes where numbers may go back: another cluster; a promoted standby (`pg_control_checkpoint` would say the old timeline for a while); a
 * start; a crash of a backend, after which the server recovers without a new start but with new statistics.
 */
const EPOCH = `
  case when pg_is_in_recovery() then null else
    (select system_identifier from pg_control_system()) || '-' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)
    || '-' || extract(epoch from pg_postmaster_start_time()) || '-' || coalesce(extract(epoch from (select stats_reset from pg_stat_wal)), 0)
  end`;

/** Where a reading of all of it ends: what its transaction sees. */
export const READ_POSITION: Statement = {
  name: 'read_log_position',
  text: `select pg_current_snapshot()::text as snapshot, ${EPOCH} as epoch`,
};

/** Its rows, to be fetched. $1 now */
export const OPEN_LOG: Statement = {
  text: `declare log no scroll cursor for select kind, key, not_before, expires_at from revocation_log where expires_at > $1::timestamptz`,
};

/** Rows at a time: some hundred kilobytes. */
export const BATCH = 5_000;

export const FETCH_LOG: Statement = { text: `fetch ${BATCH} from log` };

/**
 * What a snapshot did not see is exactly what is above its xmax, or was under way; what this statement sees is what its own snapshot, which it returns,
 * sees: so that each committed row comes once. $1 xmax  $2 under way
 */
export const READ_SINCE: Statement = { name: 'read_revocation_log_since', text: since('') };

/** The same, cut off. $3 how many rows */
export const READ_SINCE_AT_MOST: Statement = { name: 'read_revocation_log_since_at_most', text: `${READ_SINCE.text} limit $3::bigint` };

/** Rows of one kind. $3 kind */
export const READ_KIND_SINCE: Statement = { name: 'read_revocation_log_kind_since', text: since('and kind = $3::smallint') };

function since(condition: string): string {
  return `
select s.snapshot::text, ${EPOCH} as epoch, l.kind, l.key, l.not_before, l.expires_at
from (select pg_current_snapshot() as snapshot) s left join (
  select kind, key, not_before, expires_at from revocation_log where xid >= $1::xid8 ${condition}
  union all
  select kind, key, not_before, expires_at from revocation_log where xid = any ($2::xid8[]) and xid < $1::xid8 ${condition}
) l on true`;
}
