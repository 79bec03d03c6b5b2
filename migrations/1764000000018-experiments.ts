import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addGrants, ownRowsOnly, removeGrants } from './steps.js';

const TABLES = ['experiments', 'experiment_variants'];

/** Experiments: which version recommends to which users, and under which variant each answer was given. */
export class Experiments1764000000018 implements MigrationInterface {
  readonly name = 'Experiments1764000000018';

  async up(runner: QueryRunner): Promise<void> {
    const run = (sql: string) => runner.query(sql);
    await run(`
      create table concord.experiments (
        id uuid primary key default gen_random_uuid(),
        institution_id uuid not null references concord.institutions,
        name text not null check (length(name) between 1 and 100),
        status text not null check (status in ('running', 'stopped', 'promoted')),
        started_at timestamptz not null default now(),
        ended_at timestamptz,
        promoted text,
        unique (institution_id, id),
        unique (institution_id, name),
        constraint experiments_end check ((status = 'running') = (ended_at is null)),
        constraint experiments_promoted check ((status = 'promoted') = (promoted is not null))
      )`);
    await run(
      `create unique index experiments_one_runs on concord.experiments (institution_id) where status = 'running'`,
    );
    await run(`
      create table concord.experiment_variants (
        institution_id uuid not null,
        experiment_id uuid not null,
        position smallint not null check (position >= 0),
        name text not null check (length(name) between 1 and 100),
        share double precision not null check (share > 0 and share < 1),
        model_version_id uuid references concord.model_versions,
        primary key (experiment_id, name),
        unique (institution_id, experiment_id, name),
        unique (experiment_id, position),
        constraint experiment_variants_champion check ((position = 0) = (model_version_id is null)),
        foreign key (institution_id, experiment_id) references concord.experiments (institution_id, id)
      )`);
    await run(`
      comment on column concord.experiment_variants.model_version_id is 'null: the champion, whatever version is active'`);
    await run(`
      create trigger experiment_variants_model_version after insert or update on concord.experiment_variants
        for each row when (new.model_version_id is not null) execute function concord.check_model_version('or shared')`);
    await run(`
      alter table concord.recommendations
        add experiment_id uuid,
        add variant text,
        add constraint recommendations_variant check ((experiment_id is null) = (variant is null)),
        add foreign key (institution_id, experiment_id, variant)
          references concord.experiment_variants (institution_id, experiment_id, name)`);
    await run(`
      create index recommendations_experiment on concord.recommendations (institution_id, experiment_id)
        where experiment_id is not null`);
    await ownRowsOnly(runner, TABLES);
    await addGrants(runner, 'grant_experiments', [
      'select, insert, update on concord.experiments',
      'select, insert on concord.experiment_variants',
    ]);
  }

  async down(runner: QueryRunner): Promise<void> {
    const run = (sql: string) => runner.query(sql);
    await removeGrants(runner, 'grant_experiments');
    await run('alter table concord.recommendations drop variant, drop experiment_id');
    await run('drop table concord.experiment_variants, concord.experiments');
  }
}
