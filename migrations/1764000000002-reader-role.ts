import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A role without log-in for APIs that check entries: it reads what the entry check joins, and nothing that could be used to sign in or to forge.
 * Grant it to the API's own log-in: `grant countersign_reader to my_api`.
 */
export class ReaderRole1764000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // Roles belong to the server, not to the database: another database may have made it, at this very moment too.
    await runner.query(`
      do $$ begin
        if not exists (select from pg_roles where rolname = 'countersign_reader') then
          create role countersign_reader nologin;
        end if;
      exception
        when duplicate_object or unique_violation then null;
        when insufficient_privilege then raise notice 'role countersign_reader was not made: the migrating role may not create roles';
      end $$`);
    await runner.query(`
      do $$ begin
        if exists (select from pg_roles where rolname = 'countersign_reader') then
          grant select on token_entry, authorizations to countersign_reader;
          grant select (id, disabled_at, epoch) on client to countersign_reader;
          grant select (kid, revoked_at) on key to countersign_reader;
        end if;
      end $$`);
  }

  async down(runner: QueryRunner): Promise<void> {
    // Two blocks: should the role have to stay, its rights here go all the same.
    await runner.query(`
      do $$ begin
        if exists (select from pg_roles where rolname = 'countersign_reader') then
          revoke all on token_entry, authorizations, client, key from countersign_reader;   -- rights on columns too
        end if;
      end $$`);
    await runner.query(`
      do $$ begin
        drop role if exists countersign_reader;
      exception when dependent_objects_still_exist or insufficient_privilege then null;   -- another database uses it
      end $$`);
  }
}
