import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addGrants, ownRowsOnly, removeGrants } from './steps.js';

/** What was measured of model versions in service: fairness by protected group, and drift. Written once, never changed. */
export class Oversight1764000000014 implements MigrationInterface {
  readonly name = 'Oversight1764000000014';

  async up(runner: QueryRunner): Promise<void> {
    const run = (sql: string) => runner.query(sql);
    await run(`
      create table concord.oversight_reports (
        id uuid primary key default gen_random_uuid(),
        institution_id uuid not null references concord.institutions,
        model_version_id uuid not null references concord.model_versions,
        kind text not null check (kind in ('fairness', 'drift')),
        level text not null check (level in ('none', 'watch', 'alert')),
        report jsonb not null check (jsonb_typeof(report) = 'object'),
        created_at timestamptz not null default now()
      )`);
    await run(`
      create index oversight_reports_latest on concord.oversight_reports
        (institution_id, model_version_id, kind, created_at desc, id desc)`);
    await run(
      `create index oversight_reports_time on concord.oversight_reports (institution_id, created_at desc, id desc)`,
    );
    await run(
      `comment on column concord.oversight_reports.institution_id is 'whose users were measured; the version may be a shared one'`,
    );
    await run(
      `comment on column concord.oversight_reports.level is 'none, watch or alert: see docs/oversight.md for what passes which mark'`,
    );
    await run(
      `comment on column concord.oversight_reports.report is 'figures of groups of users, none of fewer than the report says; nothing of any one user'`,
    );
    await run(`
      create trigger oversight_reports_model_version after insert or update on concord.oversight_reports
        for each row execute function concord.check_model_version('or shared')`);
    await run(`
      create function concord.refuse_report_change() returns trigger language plpgsql as $$
      begin
        raise exception 'what was reported is never changed' using errcode = '42501';
      end $$`);
    await run(`
      create trigger oversight_reports_kept before update or delete or truncate on concord.oversight_reports
        for each statement execute function concord.refuse_report_change()`);
    await ownRowsOnly(runner, ['oversight_reports']);
    await addGrants(runner, 'grant_oversight', ['select, insert on concord.oversight_reports']);
  }

  async down(runner: QueryRunner): Promise<void> {
    const run = (sql: string) => runner.query(sql);
    await removeGrants(runner, 'grant_oversight');
    await run('drop table concord.oversight_reports');
    await run('drop function concord.refuse_report_change()');
  }
}
