import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The schema, and the two settings of a transaction on which every row level security policy rests. */
export class Schema1764000000001 implements MigrationInterface {
  readonly name = 'Schema1764000000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create schema if not exists concord');
    await runner.query(`
      create function concord.current_institution() returns uuid stable parallel safe language sql
        as $$ select nullif(current_setting('concord.institution_id', true), '')::uuid $$`);
    await runner.query(`
      create function concord.is_consortium() returns boolean stable parallel safe language sql
        as $$ select coalesce(current_setting('concord.consortium', true), '') = 'on' $$`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop function concord.is_consortium()');
    await runner.query('drop function concord.current_institution()');
  }
}
