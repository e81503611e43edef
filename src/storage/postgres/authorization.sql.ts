import type { Statement } from './statement.js';
import { SharedSql } from './shared-sql.js';

const GRANT_COLUMNS = ['id', 'client', 'subject', 'sid', 'scopes', 'resources', 'claims', 'expires_at', 'generation'];
const GRANT = GRANT_COLUMNS.map((column) => `a.${column}`).join(', ');

/**
 * A new grant with its first link and, at sign-in, an access entry.
 * The person's row is locked, so that a change of the person's (disabled, password) either is seen here or waits and then sees this grant.
 * $1 authorization  $2 client  $3 subject  $4 sid  $5 scopes  $6 resources  $7 claims  $8 now  $9 grant ends  $10 formats
 * $11 credential version or null  $12 open a session?  $13 user agent  $14 address
 * link or null: $15 bucket  $16 type  $17 expires  $18 hash  $19 payload   access or null: $20 bucket  $21 number  $22 expires  $23 hash  $24 payload
 */
export const START: Statement = { name: 'start', text: startText('app', '') };

/**
 * The same for what a person approved in a browser: the session and the consent are locked like the person's row, and the request is spent by the
 * grant, so that it yields one. What is refused spends nothing.
 * Beyond START: $25 must the session $4 be open still?  $26 must the scopes be allowed still?  $27 pushed request or null  $28 device request or null  $29 its hash
 */
export const START_APPROVED: Statement = {
  name: 'start_approved',
  text: startText(
    'approved',
    `
open_session as (
  select sid from sign_in_session
  where $25::boolean and sid = $4::uuid and subject = $3::text and ended_at is null and expires_at > $8::timestamptz
  for share
), allowed as (
  select client from consent where $26::boolean and subject = $3 and client = $2::text and $5::text[] <@ scopes for share
), gated as (
  select id, epoch from app where (not $25 or exists (select from open_session)) and (not $26 or exists (select from allowed))
), pushed as (
  update pushed_request p set spent_at = $8 from gated
  where p.id = $27::uuid and p.client = gated.id and p.spent_at is null and p.expires_at > $8
  returning p.id
), device as (
  update device_request d set status = 4 from gated
  where d.id = $28::uuid and d.secret_hash = $29::bytea and d.client = gated.id and d.status = 2 and d.expires_at > $8
  returning d.id
), approved as (
  select id, epoch from gated where ($27::uuid is null or exists (select from pushed)) and ($28::uuid is null or exists (select from device))
), `,
  ),
};

function startText(permitted: string, gates: string): string {
  return `
with person as (
  select id from users
  where id = case when $11::int is not null then $3::text::uuid end and disabled_at is null and credential_version = $11
  for share
), app as (
  select id, epoch from client where id = $2::text and disabled_at is null and ($11::int is null or exists (select from person))
), ${gates}signed_in as (
  insert into sign_in_session (sid, created_at, expires_at, subject, client, user_agent, address)
  select $4::uuid, $8::timestamptz, $9::timestamptz, $3, id, $13::text, $14::text from ${permitted} where $12::boolean
), opened as (
  insert into authorizations (id, client, client_epoch, subject, sid, scopes, resources, granted_scopes, granted_resources, claims, formats,
                              created_at, rotated_at, expires_at, ends_at, head_expires_at, access_expires_at)
  select $1::uuid, id, epoch, $3, $4, $5::text[], $6::text[], $5, $6, $7::jsonb, $10::smallint,
         $8, $8, $9, coalesce(greatest($17::timestamptz, $22::timestamptz), $9), $17, $22
  from ${permitted}
  returning id
), entered as (
  insert into token_entry (bucket, authorization_id, type, number, created_at, expires_at, secret_hash, payload)
  select n.bucket, opened.id, n.type, n.number, $8, n.expires_at, n.secret_hash, n.payload
  from opened,
       (values ($15::int, $16::smallint, 0::bigint,   $17::timestamptz, $18::bytea, $19::bytea),
               ($20::int, 4::smallint,   $21::bigint, $22::timestamptz, $23::bytea, $24::bytea))
       n (bucket, type, number, expires_at, secret_hash, payload)
  where n.bucket is not null
)
select id from opened`;
}

/**
 * Redeems a link of any kind; exactly one caller wins it. No row: invalid (forged, expired, foreign, revoked, more than granted), nothing changed.
 * Possession is proven on a row that never changes. Everything that changes is read in SET and RETURNING only: there every `a.` is the newest
 * committed version, so that a waiter is judged after the winner. Many must be of as many grants.
 * Who wins is not told of the rotation, which is its own.
 * leeway: seconds (codes: 0)  nonce ≠ 0  scopes, resources: asked, or null  log_until: the log row is kept  successor: null for none
 */
export const REDEEM = new SharedSql(
  'redeem',
  {
    ...{ bucket: 'int', authorization: 'uuid', type: 'smallint', number: 'bigint', hash: 'bytea', now: 'timestamptz' },
    ...{ leeway: 'float8', nonce: 'int', key_id: 'int', client: 'text', scopes: 'text[]', resources: 'text[]' },
    ...{ log_until: 'timestamptz', formats: 'smallint' },
    ...{ successor_bucket: 'int', successor_expires: 'timestamptz', successor_hash: 'bytea' },
    ...{ access_bucket: 'int', access_number: 'bigint', access_expires: 'timestamptz', access_hash: 'bytea', access_payload: 'bytea' },
  },
  (p, asked) => `
with link as ${asked ? 'materialized ' : ''}(
  select ${asked ? 'k.*' : 'e.authorization_id'}
  from ${asked ? `${asked}, lateral (select e.authorization_id from ` : ''}token_entry e
  where e.bucket = ${p.bucket} and e.authorization_id = ${p.authorization} and e.type = ${p.type} and e.number = ${p.number}
    and e.secret_hash = ${p.hash} and e.expires_at > ${p.now} and e.revoked_at is null${asked ? ' limit 1) e' : ''}
), judged as (
  update authorizations a set
    generation        = case when a.generation = ${p.number} then ${p.number} + 1 else a.generation end,
    rotated_at        = case when a.generation = ${p.number} then ${p.now} else a.rotated_at end,
    ends_at           = case when a.generation = ${p.number} then greatest(a.ends_at, ${p.successor_expires}, ${p.access_expires}) else a.ends_at end,
    head_expires_at   = case when a.generation = ${p.number} then ${p.successor_expires} else a.head_expires_at end,
    access_expires_at = case when a.generation = ${p.number} then ${p.access_expires} else a.access_expires_at end,
    granted_scopes    = case when a.generation = ${p.number} then coalesce(${p.scopes}, a.scopes) else a.granted_scopes end,
    granted_resources = case when a.generation = ${p.number} then coalesce(${p.resources}, a.resources) else a.granted_resources end,
    formats           = case when a.generation = ${p.number} then ${p.formats} else a.formats end,
    key_id            = case when a.generation = ${p.number} then ${p.key_id} else a.key_id end,
    rotation_nonce    = case when a.generation = ${p.number} then ${p.nonce} else a.rotation_nonce end,
    status            = case when a.generation = ${p.number} then a.status
                             -- The leeway must be tested itself: a waiter's clock is older than the winner's, so that \`rotated_at > now - 0\` can hold.
                             when ${p.leeway} > 0 and a.generation = ${p.number} + 1 and a.rotated_at > ${p.now} - make_interval(secs => ${p.leeway}) then a.status
                             else 2 end
  from link${asked ? ' k' : ''}, client c
  where a.id = ${asked ? p.authorization : 'link.authorization_id'} and a.client = ${p.client} and a.status = 1 and a.expires_at > ${p.now}
    and c.id = a.client and c.disabled_at is null and c.epoch = a.client_epoch
    and (${p.scopes} is null or ${p.scopes} <@ a.scopes) and (${p.resources} is null or ${p.resources} <@ a.resources)
  returning ${GRANT}, a.status, a.rotated_at, a.key_id, a.head_expires_at, a.access_expires_at, a.granted_scopes, a.granted_resources, a.formats,
            a.rotation_nonce = ${p.nonce} as mine${asked ? ', k.n' : ''}
), issued as (
  insert into token_entry (bucket, authorization_id, type, number, created_at, expires_at, secret_hash, payload)
  select n.bucket, j.id, n.type, n.number, ${p.now}, n.expires_at, n.secret_hash, n.payload
  from judged j${asked ? ' join link k on k.n = j.n' : ''},
       lateral (values
         (${p.successor_bucket}, 3::smallint, ${p.number} + 1, ${p.successor_expires}, ${p.successor_hash}, null::bytea),
         (${p.access_bucket}, 4::smallint, ${p.access_number}, ${p.access_expires}, ${p.access_hash}, ${p.access_payload}))
       n (bucket, type, number, expires_at, secret_hash, payload)
  where j.status = 1 and j.mine and n.bucket is not null
), logged as (
  insert into revocation_log (kind, key, created_at, expires_at)
  select 2, uuid_send(j.id), ${p.now}, ${p.log_until} from judged j${asked ? ' join link k on k.n = j.n' : ''} where j.status = 2
)
select case when j.status = 2 then 'reuse' when j.mine then 'won' else 'retry' end as outcome,${asked ? ' j.n,' : ''}
       ${GRANT_COLUMNS.map((column) => `j.${column}`).join(', ')}, rotation.*
from judged j
     left join lateral (select j.rotated_at, j.key_id, j.head_expires_at, j.access_expires_at, j.granted_scopes, j.granted_resources, j.formats) rotation
            on not (j.status = 1 and j.mine)`,
);

/**
 * One more access entry on the strength of a link: rotation off, and the second step of a retry that asks for something else.
 * \`written\` is 0 when that entry exists.
 * presented: $1 bucket  $2 authorization  $3 type  $4 number  $5 hash   $6 now  $7 must it be the head?  $8 client  $9 scopes or null  $10 resources or null
 * new: $11 bucket  $12 number  $13 created  $14 expires  $15 hash  $16 payload
 */
export const ISSUE: Statement = {
  name: 'issue',
  text: `
with held as (
  select ${GRANT}, least(e.expires_at, a.expires_at) as link_expires_at
  from token_entry e join authorizations a on a.id = e.authorization_id join client c on c.id = a.client
  where e.bucket = $1::int and e.authorization_id = $2::uuid and e.type = $3::smallint and e.number = $4::bigint
    and e.secret_hash = $5::bytea and e.expires_at > $6::timestamptz and e.revoked_at is null
    and (not $7::boolean or a.generation = $4) and a.client = $8::text and a.status = 1 and a.expires_at > $6
    and c.disabled_at is null and c.epoch = a.client_epoch
    and ($9::text[] is null or $9 <@ a.scopes) and ($10::text[] is null or $10 <@ a.resources)
), issued as (
  insert into token_entry (bucket, authorization_id, type, number, created_at, expires_at, secret_hash, payload)
  select $11::int, id, 4, $12::bigint, $13::timestamptz, $14::timestamptz, $15::bytea, $16::bytea from held
  on conflict do nothing
  returning 1
)
select held.*, (select count(*)::int from issued) as written from held`,
};

/** An access entry on a client's standing grant. It answers with the entry's number. hash, payload: null for a signed token */
export const ISSUE_STANDING = new SharedSql(
  'issue_standing',
  {
    ...{ client: 'text', authorization: 'uuid', bucket: 'int', number: 'bigint', created: 'timestamptz', expires: 'timestamptz' },
    ...{ hash: 'bytea', payload: 'bytea' },
  },
  (p, asked) => `
insert into token_entry (bucket, authorization_id, type, number, created_at, expires_at, secret_hash, payload)
select ${p.bucket}, a.id, 4, ${p.number}, ${p.created}, ${p.expires}, ${p.hash}, ${p.payload}
from ${asked ? `${asked}, lateral (select a.id from ` : ''}client c join authorizations a on a.id = c.standing_authorization_id
where c.id = ${p.client} and c.disabled_at is null and a.id = ${p.authorization} and a.status = 1 and a.client_epoch = c.epoch${asked ? ' limit 1) a' : ''}
returning number`,
);

/** An entry with its grant and derived status. kid: of a signed token, or null  caller: client that asks, or null */
export const FIND = new SharedSql(
  'find',
  { bucket: 'int', authorization: 'uuid', type: 'smallint', number: 'bigint', now: 'timestamptz', kid: 'text', caller: 'text' },
  (p, asked) => `
${asked ? `select k.n, f.* from ${asked}, lateral (` : ''}select e.secret_hash, e.payload, e.created_at, least(e.expires_at, a.expires_at) as entry_expires_at, ${GRANT},
       case when e.revoked_at is not null or a.id is null or a.status = 2 or c.disabled_at is not null or c.epoch is distinct from a.client_epoch
                 or exists (select from key where key.kid = ${p.kid} and key.revoked_at is not null) then 'revoked'
            when least(e.expires_at, a.expires_at) <= ${p.now} then 'expired'
            when e.type <> 4 and e.number < a.generation then 'redeemed'
            else 'valid' end as status
from token_entry e left join authorizations a on a.id = e.authorization_id left join client c on c.id = a.client
where e.bucket = ${p.bucket} and e.authorization_id = ${p.authorization} and e.type = ${p.type} and e.number = ${p.number}
  and (${p.caller} is null or exists (select from client own where own.id = ${p.caller} and own.disabled_at is null))${asked ? ' limit 1) f' : ''}`,
);

/** $1 subject  $2 now */
export const LIST_GRANTS: Statement = {
  name: 'list_grants',
  text: `
select a.id, a.client, a.sid, a.scopes, a.created_at, a.rotated_at, least(a.ends_at, a.expires_at) as live_until
from authorizations a join client c on c.id = a.client and c.disabled_at is null and c.epoch = a.client_epoch
where a.subject = $1::text and a.status = 1 and a.expires_at > $2::timestamptz and a.ends_at > $2
order by a.created_at desc, a.id`,
};
