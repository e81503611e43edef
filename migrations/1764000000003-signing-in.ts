import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What signing in with a browser needs: its sessions, pushed and device requests, assertions seen, notices of log-outs. */
export class SigningIn1764000000003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`alter table client add column backchannel_logout_uri text`);
    await runner.query(`alter table users add column claims jsonb not null default '{}'`);

    // A browser's session belongs to no client and is known by the hash of its cookie.
    await runner.query(`
      alter table sign_in_session
        alter column client drop not null,
        add column authenticated_at timestamptz,                                   -- when the person last proved who they are
        add column amr              text[] not null default '{}',                  -- RFC 8176
        add column secret_hash      bytea check (length(secret_hash) = 32),
        add constraint sign_in_session_kind check ((client is null) = (secret_hash is not null and authenticated_at is not null))`);

    await runner.query(`
      create table pushed_request (
        id           uuid        primary key,
        created_at   timestamptz not null,
        expires_at   timestamptz not null,
        spent_at     timestamptz,
        client       text        not null references client (id) on delete cascade,
        secret_hash  bytea       not null check (length(secret_hash) = 32),
        browser_hash bytea       check (length(browser_hash) = 32),   -- the browser that used it first
        payload      bytea       not null                             -- sealed with a key that only the request URI yields
      )`);
    await runner.query(`create index on pushed_request (expires_at)`);

    await runner.query(`
      create table device_request (
        id                 uuid        primary key,
        created_at         timestamptz not null,
        expires_at         timestamptz not null,
        polled_at          timestamptz,
        poll_interval      int         not null,              -- seconds; grows when polled too soon
        credential_version int,
        status             smallint    not null default 1 check (status in (1, 2, 3, 4)),   -- 1 pending, 2 approved, 3 denied, 4 redeemed
        client             text        not null references client (id) on delete cascade,
        subject            text,
        secret_hash        bytea       not null check (length(secret_hash) = 32),
        scopes             text[]      not null,
        resources          text[]      not null,
        claims             jsonb       not null default '{}',
        check ((subject is not null) = (status in (2, 4)))
      )`);
    await runner.query(`create index on device_request (expires_at)`);
    await runner.query(`
      create table user_code (
        code_hash  bytea       primary key check (length(code_hash) = 32),   -- under a key of the service: codes are short
        request_id uuid        not null references device_request (id) on delete cascade,
        expires_at timestamptz not null
      )`);
    await runner.query(`create index on user_code (request_id)`);

    await runner.query(`
      create table client_assertion (
        client     text        not null references client (id) on delete cascade,
        jti_hash   bytea       not null check (length(jti_hash) = 32),
        expires_at timestamptz not null,
        primary key (client, jti_hash)
      )`);
    await runner.query(`create index on client_assertion (expires_at)`);

    await runner.query(`
      create table logout_notice (
        id         uuid        primary key,
        created_at timestamptz not null,
        next_at    timestamptz not null,
        expires_at timestamptz not null,
        attempts   int         not null default 0,
        sid        uuid        not null,
        client     text        not null references client (id) on delete cascade,
        subject    text        not null
      )`);
    await runner.query(`create index on logout_notice (next_at)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop table logout_notice, client_assertion, user_code, device_request, pushed_request`);
    await runner.query(`delete from sign_in_session where client is null`);
    await runner.query(`
      alter table sign_in_session
        drop constraint sign_in_session_kind, drop column secret_hash, drop column amr, drop column authenticated_at,
        alter column client set not null`);
    await runner.query(`alter table users drop column claims`);
    await runner.query(`alter table client drop column backchannel_logout_uri`);
  }
}
