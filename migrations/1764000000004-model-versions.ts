import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Model versions and their weights: an institution's own, or (institution_id null) the consortium's shared ones. */
export class ModelVersions1764000000004 implements MigrationInterface {
  readonly name = 'ModelVersions1764000000004';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table concord.model_versions (
        id uuid primary key default gen_random_uuid(),
        institution_id uuid references concord.institutions,
        task text not null check (task in ('interest', 'risk')),
        model text not null,
        number integer not null,
        status text not null check (status in ('candidate', 'active', 'retired')),
        contract jsonb not null,
        metrics jsonb not null,
        training jsonb not null,
        created_at timestamptz not null default now(),
        activated_at timestamptz,
        rolled_back_at timestamptz,
        unique nulls not distinct (institution_id, task, number)
      )`);
    await runner.query(`
      create unique index model_versions_active on concord.model_versions (institution_id, task)
        nulls not distinct where status = 'active'`);
    await runner.query(`
      create table concord.model_weights (
        model_version_id uuid primary key references concord.model_versions on delete cascade,
        institution_id uuid references concord.institutions,
        weights bytea not null
      )`);
    // A foreign key cannot say "of the same institution, or shared", so a trigger does; the key itself only says that the version
    // exists. It runs after the row is written, when row level security has accepted it.
    await runner.query(`
      create function concord.check_model_version() returns trigger language plpgsql as $$
      begin
        if not exists (
          select from concord.model_versions v
          where v.id = new.model_version_id
            and (v.institution_id is not distinct from new.institution_id or (tg_argv[0] = 'or shared' and v.institution_id is null))
        ) then
          raise foreign_key_violation using
            message = 'the model version does not exist',
            schema = tg_table_schema, table = tg_table_name, constraint = tg_name;
        end if;
        return null;
      end $$`);
    await runner.query(`
      create trigger model_weights_version after insert or update on concord.model_weights
        for each row execute function concord.check_model_version()`);
    await runner.query(
      `comment on column concord.model_versions.institution_id is 'null: the consortium''s shared model'`,
    );
    await runner.query(`comment on column concord.model_versions.contract is 'the fitted feature contract'`);
    await runner.query(`comment on column concord.model_versions.training is 'settings, seed, rows, duration'`);
    await runner.query(
      `comment on column concord.model_versions.rolled_back_at is 'when a rollback took it out of service: no later rollback goes back to it'`,
    );
    await runner.query(`comment on column concord.model_weights.weights is 'safetensors'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table concord.model_weights, concord.model_versions');
    await runner.query('drop function concord.check_model_version()');
  }
}
