import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tables whose every row belongs to one institution. */
const PRIVATE = [
  'users',
  'questionnaires',
  'profiles',
  'products',
  'holdings',
  'behaviour_events',
  'risk_assessments',
  'recommendations',
  'feedback',
  'imports',
];
/** Tables that also hold rows of the whole consortium (institution_id null). */
const SHARED = ['model_versions', 'model_weights'];

/**
 * Row level security, on and forced (the owner is bound by it too), on every table. Functions stand in sub-selects, so that
 * they are computed once a statement, not once a row.
 */
export class RowLevelSecurity1764000000007 implements MigrationInterface {
  readonly name = 'RowLevelSecurity1764000000007';

  async up(runner: QueryRunner): Promise<void> {
    for (const table of ['institutions', ...PRIVATE, ...SHARED]) {
      await runner.query(`alter table concord.${table} enable row level security, force row level security`);
    }
    for (const table of [...PRIVATE, ...SHARED]) {
      await runner.query(`
        create policy own_rows on concord.${table}
          using (institution_id = (select concord.current_institution()))`);
    }
    for (const table of SHARED) {
      await runner.query(`
        create policy shared_rows_are_read on concord.${table} for select
          using (institution_id is null and (select concord.current_institution()) is not null)`);
      await runner.query(`
        create policy shared_rows on concord.${table}
          using (institution_id is null and (select concord.is_consortium()))`);
    }
    await runner.query(`
      create policy own_row_is_read on concord.institutions for select
        using (id = (select concord.current_institution()))`);
    await runner.query(`
      create policy consortium on concord.institutions using ((select concord.is_consortium()))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    const policies: { tablename: string; policyname: string }[] = await runner.query(
      `select tablename, policyname from pg_policies where schemaname = 'concord'`,
    );
    for (const { tablename, policyname } of policies) {
      await runner.query(`drop policy ${policyname} on concord.${tablename}`);
    }
    for (const table of ['institutions', ...PRIVATE, ...SHARED]) {
      await runner.query(`alter table concord.${table} disable row level security, no force row level security`);
    }
  }
}
