import type { Statement } from './statement.js';
import { SharedSql } from './shared-sql.js';

/** Access tokens live 24 hours at most; the rest is tolerance for the clocks of guards. */
const LOG_ROW_LIFETIME_MS = (24 * 60 + 10) * 60_000;

/** Until when a log row is of use: no token it can hit outlives this. */
export const logRowEnd = (now: Date): Date => new Date(now.getTime() + LOG_ROW_LIFETIME_MS);

/** $1 bucket  $2 authorization  $3 number  $4 hash or null (signed)  $5 client or null (the operator)  $6 now  $7 log key  $8 log row kept until */
export const REVOKE_ACCESS: Statement = {
  name: 'revoke_access',
  text: `
with dead as (
  update token_entry e set revoked_at = $6::timestamptz
  from authorizations a
  where e.bucket = $1::int and e.authorization_id = $2::uuid and e.type = 4 and e.number = $3::bigint
    and e.secret_hash is not distinct from $4::bytea and e.revoked_at is null and e.expires_at > $6
    and a.id = e.authorization_id and ($5::text is null or a.client = $5)
  returning e.number
), logged as (
  insert into revocation_log (kind, key, created_at, expires_at)
  select 1, $7::bytea, $6, $8::timestamptz from dead
)
select number from dead`,
};

/** A genuine link, spent or not, takes its family along. Many must be of as many grants. log_until: the log row is kept */
export const REVOKE_FAMILY = new SharedSql(
  'revoke_family',
  {
    ...{ bucket: 'int', authorization: 'uuid', type: 'smallint', number: 'bigint', hash: 'bytea', client: 'text' },
    ...{ now: 'timestamptz', log_until: 'timestamptz' },
  },
  (p, asked) => `
with link as ${asked ? 'materialized ' : ''}(
  select ${asked ? 'k.*' : 'e.authorization_id'}
  from ${asked ? `${asked}, lateral (select e.authorization_id from ` : ''}token_entry e
  where e.bucket = ${p.bucket} and e.authorization_id = ${p.authorization} and e.type = ${p.type} and e.number = ${p.number}
    and e.secret_hash = ${p.hash}${asked ? ' limit 1) e' : ''}
), dead as (
  update authorizations a set status = 2 from link${asked ? ' k' : ''}
  where a.id = ${asked ? p.authorization : 'link.authorization_id'} and a.client = ${p.client} and a.status = 1
  returning a.id${asked ? ', k.n' : ''}
), logged as (
  insert into revocation_log (kind, key, created_at, expires_at)
  select 2, uuid_send(dead.id), ${p.now}, ${p.log_until} from dead${asked ? ' join link k on k.n = dead.n' : ''}
)
select ${asked ? 'n' : 'id'} from dead`,
);

/** $1 authorization  $2 now  $3 log row kept until */
export const END_AUTHORIZATION: Statement = {
  name: 'end_authorization',
  text: `
with dead as (
  update authorizations set status = 2 where id = $1::uuid and status = 1 returning id, client, subject
), logged as (
  insert into revocation_log (kind, key, created_at, expires_at)
  select 2, uuid_send(id), $2::timestamptz, $3::timestamptz from dead
)
select client, subject from dead`,
};

/** Where that was a client's standing grant. $1 the dead one  $2 the next  $3 client */
export const NEXT_STANDING_GRANT: Statement = {
  name: 'next_standing_grant',
  text: `update client set standing_authorization_id = $2::uuid where id = $3::text and standing_authorization_id = $1::uuid returning id`,
};

/** $1 session */
export const SUBJECT_OF_SESSION: Statement = {
  name: 'subject_of_session',
  text: `select subject from sign_in_session where sid = $1::uuid`,
};

/** What a subject approved and no device has redeemed: it would sign the person in after everything had ended. $1 subject  $2 now */
export const DENY_APPROVED_DEVICES: Statement = {
  name: 'deny_approved_devices',
  text: `
update device_request set status = 3, subject = null
where subject = $1::text and status = 2 and expires_at > $2::timestamptz`,
};

/**
 * Many grants of a person, locked in order of id first, so that two mass revocations cannot deadlock. Run it after the row that guards the creation
 * of such grants was locked: a grant that is not committed yet is seen by no statement.
 * $1 subject  $2 now  $3 log row kept until  $4 session to keep or null  $5 only this session or null  $6 only this client or null
 * $7 what is spared: 0 nothing, 1 grants without a session, 2 those and what apps may do while nobody is signed in (offline_access)
 * Judged on the newest version of each row: a code that is being redeemed either was in time, or yields nothing.
 */
export const END_GRANTS: Statement = {
  name: 'end_grants',
  text: `
with hit as materialized (
  select a.id from authorizations a
  where a.subject = $1::text and a.subject <> a.client and a.status = 1
    and (a.sid is null or a.sid is distinct from $4::uuid) and ($5::uuid is null or a.sid = $5) and ($6::text is null or a.client = $6)
    and ($7::smallint < 1 or a.sid is not null)
    -- The grant of the app that itself signed the person in is that session, whatever its scopes.
    -- A code that was not redeemed yet would sign the person in to the app again, after the app was told of the log-out.
    and ($7 < 2 or not 'offline_access' = any (a.scopes) or a.generation = 0
         or exists (select from sign_in_session s where s.sid = a.sid and s.client = a.client))
  order by a.id for no key update of a
), dead as (
  update authorizations a set status = 2 from hit where a.id = hit.id and a.status = 1 returning a.id
), logged as (
  insert into revocation_log (kind, key, created_at, expires_at)
  select 2, uuid_send(id), $2::timestamptz, $3::timestamptz from dead
)
select count(*)::int as ended from dead`,
};

/** Marks sessions of a subject as ended, whatever grants they have. $1 subject  $2 now  $3 session to keep or null  $4 only this session or null */
export const END_SESSIONS: Statement = {
  name: 'end_sessions',
  text: `
update sign_in_session set ended_at = $2::timestamptz
where subject = $1::text and ended_at is null and sid is distinct from $3::uuid and ($4::uuid is null or sid = $4)
returning sid, client is null and expires_at > $2 as live_browser`,
};

/**
 * Notices for the clients that took part in sessions and want to be told (OpenID Connect Back-Channel Logout 1.0). A statement of its own, after the
 * sessions' rows were locked: a grant that was being opened is seen only by one that begins later. $1 sessions  $2 now  $3 given up at
 */
export const NOTE_LOGOUT: Statement = {
  name: 'note_logout',
  text: `
insert into logout_notice (id, created_at, next_at, expires_at, sid, client, subject)
select gen_random_uuid(), $2::timestamptz, $2, $3::timestamptz, g.sid, g.client, g.subject
from (select distinct a.sid, a.client, a.subject from authorizations a where a.sid = any ($1::uuid[])) g
join client c on c.id = g.client and c.backchannel_logout_uri is not null and c.disabled_at is null`,
};

/** A log row for something that has no row of its own to revoke. $1 kind  $2 key  $3 not before or null  $4 now  $5 kept until */
export const LOG: Statement = {
  name: 'log',
  text: `
insert into revocation_log (kind, key, not_before, created_at, expires_at)
values ($1::smallint, $2::bytea, $3::timestamptz, $4::timestamptz, $5::timestamptz)`,
};
