import type { MigrationInterface, QueryRunner } from 'typeorm';

/** APIs that follow revocations read the log: kinds, ids and dates of what was ended, nothing that would let anybody in. */
export class ReaderFollowsLog1764000000006 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      do $$ begin
        if exists (select from pg_roles where rolname = 'countersign_reader') then
          grant select on revocation_log to countersign_reader;
        end if;
      end $$`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      do $$ begin
        if exists (select from pg_roles where rolname = 'countersign_reader') then
          revoke all on revocation_log from countersign_reader;
        end if;
      end $$`);
  }
}
