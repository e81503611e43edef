import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Cookie sessions of web apps. */
export class WebSessions1764000000004 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table web_session (
        id_hash      bytea       primary key check (length(id_hash) = 32),
        created_at   timestamptz not null,
        idle_until   timestamptz not null,
        expires_at   timestamptz not null check (idle_until <= expires_at),
        forget_at    timestamptz,                        -- the browser was seen to have the content
        leased_until timestamptz,
        lease_holder uuid,
        generation   int         not null default 0,     -- refreshes
        version      int         not null default 0,     -- writes
        issuer       text        not null,
        subject      text        not null,
        sid          text,
        sealed       text                                -- by a key of the app
      )`);
    await runner.query(`create index on web_session (issuer, subject)`);
    await runner.query(`create index on web_session (issuer, sid)`);
    await runner.query(`create index on web_session (idle_until)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop table web_session`);
  }
}
