import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What applications keep in a web session, each value by itself, and the logout tokens that came. */
export class WebSessionData1764000000005 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table web_session
        add column data jsonb not null default '{}',    -- name → sealed value
        drop column version,
        alter column sealed set not null`);
    await runner.query(`
      create table web_session_logout_token (
        id_hash    bytea       primary key check (length(id_hash) = 32),   -- of issuer and jti
        expires_at timestamptz not null
      )`);
    await runner.query(`create index on web_session_logout_token (expires_at)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop table web_session_logout_token`);
    await runner.query(
      `alter table web_session drop column data, add column version int not null default 0, alter column sealed drop not null`,
    );
  }
}
