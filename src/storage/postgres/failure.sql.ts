/*
 * All but the first take: $1 keys, in order  $2 free failures  $3 first block s  $4 longest block s  $5 forgotten after s  $6 now
 */
import type { Statement } from './statement.js';

const COUNTED = `unnest($1::bytea[], $2::int[], $3::float8[], $4::float8[], $5::float8[]) n (key, free, first, longest, forget)`;

/** Until when so many failures block. The exponent is capped: 2^30 s is longer than any block. */
const block = (count: string): string =>
  `case when ${count} > n.free then $6 + make_interval(secs => least(n.first * 2 ^ least(${count} - n.free - 1, 30), n.longest)) end`;

/** One more failure of the key of row f. */
const NEXT = `case when f.forget_at <= $6 then 1 else f.count + 1 end`;

export const BLOCKED_UNTIL: Statement = {
  name: 'blocked_until',
  text: `select max(blocked_until) as until from failure where key = any($1::bytea[]) and blocked_until > $2::timestamptz`,
};

export const RECORD_FAILURES: Statement = {
  name: 'record_failures',
  text: `
insert into failure as f (key, count, last_at, blocked_until, forget_at)
select n.key, 1, $6::timestamptz, ${block('1')}, $6 + make_interval(secs => n.forget) from ${COUNTED}
on conflict (key) do update set
  count         = ${NEXT},
  last_at       = $6,
  forget_at     = greatest(excluded.forget_at, f.forget_at),
  blocked_until = (select ${block('c.count')} from ${COUNTED}, lateral (select ${NEXT} as count) c where n.key = excluded.key)`,
};

/**
 * Like RECORD_FAILURES, but only if no key is blocked. Rows that are there are locked, in order, before any of them is judged. A row that others make
 * meanwhile is first seen by the conflict: should it be blocked already, a null for its count aborts the statement, which then has counted nothing.
 * `last_at` stays what it was: whether this is a failure is not known yet.
 */
export const RESERVE_FAILURES: Statement = {
  name: 'reserve_failures',
  text: `
with known as (
  select blocked_until from failure where key = any($1::bytea[]) order by key for update
), blocked as (
  select max(blocked_until) as until from known where blocked_until > $6::timestamptz
), counted as (
  insert into failure as f (key, count, last_at, blocked_until, forget_at)
  select n.key, 1, $6, ${block('1')}, $6 + make_interval(secs => n.forget) from blocked, ${COUNTED} where blocked.until is null
  on conflict (key) do update set
    count         = case when f.blocked_until > $6 then null else ${NEXT} end,
    last_at       = case when f.forget_at <= $6 then $6 else f.last_at end,
    forget_at     = greatest(excluded.forget_at, f.forget_at),
    blocked_until = (select ${block('c.count')} from ${COUNTED}, lateral (select ${NEXT} as count) c where n.key = excluded.key)
)
select until from blocked`,
};

const LOCKED = `known as (select key from failure where key = any($1::bytea[]) order by key for update)`;

export const CONFIRM_FAILURES: Statement = {
  name: 'confirm_failures',
  text: `
with ${LOCKED}
update failure f set
  last_at       = greatest(f.last_at, $6::timestamptz),
  forget_at     = greatest(f.forget_at, $6 + make_interval(secs => n.forget)),
  blocked_until = greatest(f.blocked_until, ${block('f.count')})
from known, ${COUNTED}
where n.key = known.key and f.key = known.key`,
};

/**
 * Also takes $7: keys that are forgiven. Nothing was blocked when this one was reserved: a block there is, is its own. Without any failure left the row is
 * forgotten at once.
 */
export const REFUND_FAILURES: Statement = {
  name: 'refund_failures',
  text: `
with ${LOCKED}, forgiven as (
  delete from failure f using known where f.key = known.key and f.key = any($7::bytea[])
)
update failure f set
  count         = greatest(f.count - 1, 0),
  forget_at     = case when f.count <= 1 then $6::timestamptz else f.last_at + make_interval(secs => n.forget) end,
  blocked_until = null
from known, ${COUNTED}
where n.key = known.key and f.key = known.key and f.key <> all($7)`,
};
