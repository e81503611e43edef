/** Set-based statements that write what the product would have written by now. They are run in this order, in one session. */

/** A UUID version 7 of that moment, so that rows lie in the index as they came (RFC 9562 §5.7). */
export const UUID_AT = `
create function pg_temp.uuid_at(at timestamptz) returns uuid volatile language sql as $$
  select encode(set_byte(overlay(r placing substring(int8send((extract(epoch from at) * 1000)::bigint) from 3) from 1 for 6), 6, 112 | get_byte(r, 6) & 15), 'hex')::uuid
  from (select uuid_send(gen_random_uuid()) as r) random
$$`;

/** What a token's row holds for proof: SHA-256( type ‖ bucket ‖ authorization ‖ number ‖ identifier ), of an identifier that nobody needs to know. */
export const PROOF = `
create function pg_temp.proof(type int, bucket int, grant_id uuid, number bigint) returns bytea immutable language sql as $$
  select sha256(set_byte('\\x00', 0, type) || int4send(bucket) || uuid_send(grant_id) || int8send(number) || sha256(uuid_send(grant_id) || int8send(number)))
$$`;

/** $1 people  $2 now */
export const PEOPLE = `
insert into users (id, created_at, email_verified, email, display_name)
select pg_temp.uuid_at(at), at, true, 'person-' || n || '@example.test', 'Person ' || n
from generate_series(1, $1::int) n, lateral (select $2::timestamptz - interval '400 days' + n * interval '1 second' as at) joined`;

export const CREDENTIALS = `
insert into user_credential (user_id, changed_at, password_hash)
select id, created_at, '$argon2id$v=19$m=19456,t=2,p=1$' || substr(encode(uuid_send(id), 'base64'), 1, 22) || '$' || substr(encode(sha256(uuid_send(id)), 'base64'), 1, 43)
from users`;

export const CHAINS = `
create unlogged table fill_chain (
  n int, client text, reference boolean, subject text, lifetime interval, links int, step interval, generation bigint,
  head_at timestamptz, created_at timestamptz, id uuid, sid uuid, head_bucket int)`;

/**
 * A plan of every chain. Its head was made at any time since the oldest partition that is still there; the links before it lie evenly in that time.
 * $1 chains  $2 mean of the links per chain  $3 now  $4 of ten clients, how many let refresh tokens live for 60 days
 */
export const PLAN_CHAINS = `
insert into fill_chain
with person as (select row_number() over () as p, id from users),
     app as (select row_number() over (order by c.id) as a, c.id, c.settings ->> 'referenceAccessTokens' = 'true' as reference from client c),
     total as (select (select count(*) from users) as people, (select count(*) from client) as apps),
     drawn as (
       select n, 1 + n % people as p, 1 + floor(random() * apps)::bigint as a, random() as age, random() as spread, random() as past,
              1 + floor(-ln(1 - random()) / ln($2::float8 / ($2::float8 - 1)))::int as links
       from generate_series(1, $1::int) n, total),
     timed as (
       select d.*, app.id as client, coalesce(app.reference, false) as reference, person.id::text as subject,
              case when d.a % 10 < $4::int then interval '60 days' else interval '14 days' end as lifetime
       from drawn d join app using (a) join person using (p)),
     placed as (
       select t.*, oldest, $3::timestamptz - (interval '1 hour' + ($3 - interval '1 hour' - oldest) * age) as head_at
       from timed t, lateral (select date_trunc('day', $3::timestamptz, 'UTC') - interval '2 days' - lifetime + interval '1 second' as oldest) kept),
     stepped as (
       select p.*, (head_at - oldest) * (0.1 + 0.9 * spread) / links as step, links - 1 + floor(past * 2 * links)::bigint as generation from placed p)
select n, client, reference, subject, lifetime, links, step, generation, head_at, head_at - step * generation as created_at,
       pg_temp.uuid_at(head_at - step * generation) as id, pg_temp.uuid_at(head_at - step * generation) as sid,
       floor(extract(epoch from date_trunc('second', head_at) + lifetime) / 86400)::int as head_bucket
from stepped`;

export const GRANTS = `
insert into authorizations (id, created_at, expires_at, ends_at, rotated_at, head_expires_at, access_expires_at, generation, rotation_nonce, key_id, client_epoch,
                            status, formats, client, subject, sid, scopes, resources, granted_scopes, granted_resources, claims)
select id, created_at, created_at + greatest(lifetime * 3, interval '180 days'), head_end, head_at, head_end, date_trunc('second', head_at) + interval '15 minutes',
       generation, 1 + n, 1, 0, case when n % 50 = 0 then 2 else 1 end, case when reference then 1 else 0 end, client, subject, sid,
       scopes, resources, scopes, resources, jsonb_build_object('email', 'person-' || n || '@example.test', 'email_verified', true, 'name', 'Person ' || n)
from fill_chain,
     lateral (select date_trunc('second', head_at) + lifetime as head_end, array['openid', 'profile', 'email', 'offline_access'] as scopes,
                     array['https://api.example.test'] as resources) granted
order by created_at`;

export const SESSIONS = `
insert into sign_in_session (sid, created_at, expires_at, subject, client, user_agent, address)
select sid, created_at, created_at + interval '180 days', subject, client,
       'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', '198.51.100.' || n % 256
from fill_chain order by created_at`;

export const CONSENTS = `
insert into consent (subject, client, scopes, granted_at)
select distinct on (subject, client) subject, client, array['openid', 'profile', 'email', 'offline_access'], created_at from fill_chain where n % 3 = 0`;

/** In the order in which they were made, which is none to the index: its key begins with the grant. */
export const LINKS = `
insert into token_entry (bucket, authorization_id, type, number, created_at, expires_at, secret_hash)
select bucket, id, 3, number, made_at, expires_at, pg_temp.proof(3, bucket, id, number)
from (
  select id, generation - j as number, made_at, date_trunc('second', made_at) + lifetime as expires_at,
         floor(extract(epoch from date_trunc('second', made_at) + lifetime) / 86400)::int as bucket
  from fill_chain, generate_series(0, links - 1) j, lateral (select head_at - step * j as made_at) made) link
order by made_at`;

const KEPT = `
kept as (select date_trunc('day', $1::timestamptz, 'UTC') - interval '2 days' as since, (select count(*) from client) as apps),
recent as (
  select id as grant_id, head_at - step * j as made_at, reference, 40 as payload
  from fill_chain, generate_series(0, links - 1) j, kept where head_at - step * j >= since)`;

/** Entries of the chains that are planned. $1 now */
export const PLANNED = `
with ${KEPT}
select (select sum(links) from fill_chain)::int as links, (select count(*) from recent)::int as access`;

/**
 * Access entries of the chains' links whose day is still kept, and of machines. Those by reference have a hash and a payload of the usual length.
 * $1 now  $2 entries of machines
 */
export const ACCESS = `
insert into token_entry (bucket, authorization_id, type, number, created_at, expires_at, secret_hash, payload)
with ${KEPT}, app as (
  select row_number() over (order by id) as a, standing_authorization_id as standing,
         coalesce(settings ->> 'referenceAccessTokens' = 'true', false) as reference from client)
select bucket, grant_id, 4, number, made_at, expires_at, case when reference then pg_temp.proof(4, bucket, grant_id, number) end,
       case when reference then substr(sha256(int8send(number)) || sha256(int8send(-number)) || sha256(int8send(number / 2)), 1, payload) end
from (
  select grant_id, made_at, reference, payload, (random() * 9.2e18)::bigint as number, date_trunc('second', made_at) + interval '15 minutes' as expires_at,
         floor(extract(epoch from date_trunc('second', made_at) + interval '15 minutes') / 86400)::int as bucket
  from (
    select * from recent
    union all
    select standing, since + ($1::timestamptz - since) * random(), reference, 90
    from kept, generate_series(1, $2::int) n join app on app.a = 1 + n % (select apps from kept)) token) entry
order by made_at`;

/** $1 rows  $2 now */
export const LOG_ROWS = `
insert into revocation_log (created_at, expires_at, kind, key)
select at, at + interval '24 hours 10 minutes', 2, uuid_send(gen_random_uuid())
from generate_series(1, $1::int) n, lateral (select $2::timestamptz - interval '1 day' * (1 - n::float8 / $1) as at) made`;

export const KEYS = `
insert into key (id, kid, purpose, created_at, activates_at, sealed)
select n, 'kid-' || n, 'sign:ES256', now(), now(), sha256(int4send(n)) from generate_series(1, 6) n`;
