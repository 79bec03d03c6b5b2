import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A record of each import, with its report. */
export class Imports1764000000006 implements MigrationInterface {
  readonly name = 'Imports1764000000006';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table concord.imports (
        id uuid primary key default gen_random_uuid(),
        institution_id uuid not null references concord.institutions,
        descriptor text not null,
        report jsonb not null,
        started_at timestamptz not null,
        finished_at timestamptz not null
      )`);
    await runner.query('create index imports_institution on concord.imports (institution_id, finished_at desc)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table concord.imports');
  }
}
