import type { Statement } from './statement.js';

/** What a client's end leaves in the log: its tokens are dead, and its record has changed. */
const MARK_AND_CHANGE = `insert into revocation_log (kind, key, not_before, created_at, expires_at)
  select l.kind, l.key, l.not_before, $2::timestamptz, $4::timestamptz
  from dead, (values (3, $3::bytea, $2::timestamptz), (5, $5::bytea, null)) as l (kind, key, not_before)`;

/**
 * Ends every grant and token of a client by one row: they remember the epoch they were made in. No clock takes part, and what is being issued at this
 * moment hangs on the old epoch. $1 client  $2 now  $3 log key  $4 log rows kept until  $5 log key of the changed configuration
 */
export const DISABLE_CLIENT: Statement = {
  name: 'disable_client',
  text: `
with dead as (
  update client set disabled_at = $2::timestamptz, epoch = epoch + 1 where id = $1::text and disabled_at is null returning id
), logged as (
  ${MARK_AND_CHANGE}
)
select id from dead`,
};

/**
 * The same for a client that goes on: it gets another standing grant, in its new epoch. $1 client  $2 now  $3 log key  $4 log rows kept until
 * $5 log key of the changed configuration  $6 the new standing grant
 */
export const END_CLIENT: Statement = {
  name: 'end_client',
  text: `
with dead as (
  update client set epoch = epoch + 1, standing_authorization_id = $6::uuid where id = $1::text and disabled_at is null returning id, epoch
), opened as (
  insert into authorizations (id, client, client_epoch, subject, created_at, rotated_at, expires_at, ends_at)
  select $6, id, epoch, id, $2::timestamptz, $2, '9999-12-31', '9999-12-31' from dead
), logged as (
  ${MARK_AND_CHANGE}
)
select epoch - 1 as ended from dead`,
};

/** Grants that are of use to somebody; a client's standing grant is while a token of it lives. $1 client  $2 now  $3 today's bucket */
const liveGrants = (epoch: string): string => `
  from authorizations a
  where a.client = $1::text and a.client_epoch = ${epoch} and a.status = 1 and a.expires_at > $2::timestamptz and a.ends_at > $2
    and (a.subject <> a.client
         or exists (select from token_entry e where e.bucket >= $3::int and e.authorization_id = a.id and e.type = 4
                      and e.expires_at > $2 and e.revoked_at is null))`;

/** Whether there are any. No row: no such client, or disabled. */
export const HAS_LIVE_GRANTS: Statement = {
  name: 'has_live_grants',
  text: `select exists (select ${liveGrants('c.epoch')}) as live from client c where c.id = $1 and c.disabled_at is null`,
};

/** Of all grants, since none is found by its client: this is seldom asked. $4 epoch */
export const COUNT_LIVE_GRANTS: Statement = { name: 'count_live_grants', text: `select count(*)::int as grants ${liveGrants('$4::int')}` };

/** $1 client  $2 its new standing grant */
export const ENABLE_CLIENT: Statement = {
  name: 'enable_client',
  text: `update client set disabled_at = null, standing_authorization_id = $2::uuid where id = $1::text and disabled_at is not null returning id`,
};

/** The grant that client_credentials tokens of a client hang on; it ends with the epoch. $1 authorization  $2 client  $3 now */
export const OPEN_STANDING_GRANT: Statement = {
  name: 'open_standing_grant',
  text: `
insert into authorizations (id, client, client_epoch, subject, created_at, rotated_at, expires_at, ends_at)
select $1::uuid, id, epoch, id, $3::timestamptz, $3, '9999-12-31', '9999-12-31' from client where id = $2::text`,
};

export const LOCK_CLIENT: Statement = { name: 'lock_client', text: `select id from client where id = $1::text for no key update` };

/** Makes room for another secret: the newest stays until $2 at the latest, the rest go. $1 client */
export const KEEP_NEWEST_SECRET: Statement = {
  name: 'keep_newest_secret',
  text: `
with ranked as (
  select id, row_number() over (order by created_at desc, id) as rank from client_secret where client = $1::text
), gone as (
  delete from client_secret where id in (select id from ranked where rank > 1)
)
update client_secret set expires_at = least(expires_at, $2::timestamptz) where id in (select id from ranked where rank = 1)`,
};

/** $1 id  $2 client  $3 hash  $4 now */
export const ADD_SECRET: Statement = {
  name: 'add_secret',
  text: `insert into client_secret (id, client, hash, created_at) values ($1::uuid, $2::text, $3::bytea, $4::timestamptz)`,
};
