import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The tables of architecture.md's storage: grants, token entries, the revocation log, clients, people, keys, leases. */
export class Storage1764000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table client (
        id                        text        primary key,
        created_at                timestamptz not null,
        disabled_at               timestamptz,
        epoch                     int         not null default 0,   -- grows when all its tokens end; grants remember theirs
        standing_authorization_id uuid        not null,             -- the grant its client_credentials tokens hang on
        display_name              text        not null,
        type                      text        not null check (type in ('public', 'confidential')),
        authentication_method     text        not null check (authentication_method in ('client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none')),
        permissions               jsonb       not null,
        redirect_uris             text[]      not null default '{}',
        post_logout_redirect_uris text[]      not null default '{}',
        allowed_origins           text[]      not null default '{}',
        default_resource          text,
        settings                  jsonb       not null default '{}',
        jwks                      jsonb,
        jwks_uri                  text
      )`);
    await runner.query(`
      create table client_secret (
        id         uuid        primary key,
        client     text        not null references client (id) on delete cascade,
        hash       bytea       not null check (length(hash) = 32),
        created_at timestamptz not null,
        expires_at timestamptz
      )`);
    await runner.query(`create index on client_secret (client)`);

    // One grant. No index on a column that changes, so that every rotation is a HOT update. Columns wide to narrow: no padding.
    await runner.query(`
      create table authorizations (
        id                uuid        primary key,
        created_at        timestamptz not null,
        expires_at        timestamptz not null,              -- absolute end, set once
        ends_at           timestamptz not null,              -- end of its newest entry: what pruning looks at
        rotated_at        timestamptz not null,              -- when the head became head
        head_expires_at   timestamptz,                       -- of the last rotation, from here on: what a retry is built from
        access_expires_at timestamptz,
        generation        bigint      not null default 0,
        rotation_nonce    int         not null default 0,    -- tells the winner from those who come within the leeway
        key_id            int         not null default 0,    -- derivation key of the last rotation
        client_epoch      int         not null,
        status            smallint    not null default 1 check (status in (1, 2)),   -- 1 valid, 2 revoked
        formats           smallint    not null default 0,    -- 1: access token by reference, 2: refresh token self-contained
        client            text        not null,
        subject           text        not null,
        sid               uuid,
        scopes            text[]      not null default '{}',
        resources         text[]      not null default '{}',
        granted_scopes    text[]      not null default '{}',
        granted_resources text[]      not null default '{}',
        claims            jsonb       not null default '{}'
      ) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02)`);
    await runner.query(`create index on authorizations (subject)`);
    await runner.query(`create index on authorizations (sid) where sid is not null`);

    // Every token. Insert-only but for revoked_at, partitioned by the day of expiry.
    await runner.query(`
      create table token_entry (
        created_at       timestamptz not null,
        expires_at       timestamptz not null,
        authorization_id uuid        not null,
        number           bigint      not null,   -- link: its generation; access token: 63 bits
        bucket           int         not null,   -- days since the epoch of expires_at
        type             smallint    not null,   -- 1 authorization code, 3 refresh token, 4 access token
        secret_hash      bytea,                  -- null: signed token
        payload          bytea,
        revoked_at       timestamptz,
        primary key (bucket, authorization_id, type, number)
      ) partition by range (bucket)`);
    await runner.query(`
      create table revocation_log (
        xid        xid8        not null default pg_current_xact_id(),
        created_at timestamptz not null,
        expires_at timestamptz not null,         -- no token it can hit outlives this
        not_before timestamptz,                  -- client: tokens issued at or before this are dead
        kind       smallint    not null,         -- 1 entry, 2 authorization, 3 client, 4 signing key, 5 configuration changed
        key        bytea       not null
      ) partition by range (expires_at)`);
    await runner.query(`create index on revocation_log (xid)`);

    await runner.query(`
      create table scope (
        name        text   primary key,
        description text,
        resources   text[] not null default '{}'
      )`);
    await runner.query(`
      create table consent (
        subject    text        not null,
        client     text        not null references client (id) on delete cascade,
        scopes     text[]      not null,
        granted_at timestamptz not null,
        primary key (subject, client)
      )`);
    await runner.query(`
      create table users (
        id                 uuid        primary key,
        created_at         timestamptz not null,
        disabled_at        timestamptz,
        credential_version int         not null default 1,
        email_verified     boolean     not null default false,
        email              text        not null unique,
        display_name       text,
        roles              text[]      not null default '{}'
      )`);
    await runner.query(`
      create table user_credential (
        user_id       uuid        primary key references users (id) on delete cascade,
        changed_at    timestamptz not null,
        password_hash text        not null
      )`);
    await runner.query(`
      create table sign_in_session (
        sid        uuid        primary key,
        created_at timestamptz not null,
        ended_at   timestamptz,
        expires_at timestamptz not null,
        subject    text        not null,
        client     text        not null,
        user_agent text,
        address    text
      )`);
    await runner.query(`create index on sign_in_session (subject)`);

    await runner.query(`
      create table key (
        id           int         primary key,
        kid          text        not null unique,
        purpose      text        not null,
        created_at   timestamptz not null,
        activates_at timestamptz not null,
        revoked_at   timestamptz,
        public_jwk   jsonb,
        sealed       bytea       not null
      )`);
    await runner.query(`
      create table lease (
        name   text        primary key,
        holder text        not null,
        until  timestamptz not null
      )`);
    await runner.query(`
      create table failure (
        key           bytea       primary key,   -- SHA-256 of what failed
        count         int         not null,
        last_at       timestamptz not null,
        blocked_until timestamptz,
        forget_at     timestamptz not null
      )`);

    // Status as people see it. Derived, never stored.
    await runner.query(`
      create view token_entries as
      select case e.type when 1 then 'authorization_code' when 3 then 'refresh_token' else 'access_token' end as type,
             a.subject, a.client, e.created_at, least(e.expires_at, a.expires_at) as expires_at,
             e.authorization_id, e.bucket, e.number, a.sid, e.secret_hash is not null as reference,
             case when e.revoked_at is not null or a.id is null or a.status = 2 or c.disabled_at is not null or c.epoch is distinct from a.client_epoch then 'revoked'
                  when least(e.expires_at, a.expires_at) <= now() then 'expired'
                  when e.type <> 4 and e.number < a.generation then 'redeemed'
                  else 'valid' end as status
      from token_entry e
      left join authorizations a on a.id = e.authorization_id
      left join client c on c.id = a.client`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop view token_entries`);
    await runner.query(`
      drop table failure, lease, key, sign_in_session, user_credential, users, consent, scope, revocation_log, token_entry, authorizations, client_secret, client`);
  }
}
