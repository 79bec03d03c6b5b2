import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addGrants, ownRowsOnly, removeGrants } from './steps.js';

const TABLES = ['profile_models', 'profile_embeddings'];

/** Autoencoders of an institution's profiles, and where each user is placed by the one that is in use. */
export class ProfileEmbeddings1764000000019 implements MigrationInterface {
  readonly name = 'ProfileEmbeddings1764000000019';

  async up(runner: QueryRunner): Promise<void> {
    const run = (sql: string) => runner.query(sql);
    await run(`
      create table concord.profile_models (
        id uuid primary key default gen_random_uuid(),
        institution_id uuid not null references concord.institutions,
        active boolean not null,
        contract jsonb not null,
        weights bytea not null,
        segments jsonb not null check (jsonb_typeof(segments) = 'array'),
        metrics jsonb not null,
        training jsonb not null,
        created_at timestamptz not null default now(),
        unique (institution_id, id)
      )`);
    await run('alter table concord.profile_models alter column weights set storage external');
    await run('create unique index profile_models_active on concord.profile_models (institution_id) where active');
    await run(`comment on column concord.profile_models.weights is 'safetensors'`);
    await run(
      `comment on column concord.profile_models.segments is '[{share, users, traits: [{feature, category, value, overall, effect}]}]'`,
    );
    await run(`
      create table concord.profile_embeddings (
        institution_id uuid not null,
        user_id uuid primary key,
        profile_model_id uuid not null,
        embedding real[] not null,
        segment smallint not null check (segment >= 0),
        percentile real not null check (percentile between 0 and 1),
        computed_at timestamptz not null,
        foreign key (institution_id, user_id) references concord.users (institution_id, id) on delete cascade,
        foreign key (institution_id, profile_model_id) references concord.profile_models (institution_id, id) on delete cascade
      )`);
    await run(`
      create index profile_embeddings_model on concord.profile_embeddings (institution_id, profile_model_id, computed_at)`);
    await run(
      `comment on column concord.profile_embeddings.percentile is 'share of users whose data the model reconstructs better'`,
    );
    await ownRowsOnly(runner, TABLES);
    await addGrants(runner, 'grant_embeddings', [
      'select, insert, update, delete on concord.profile_models, concord.profile_embeddings',
    ]);
  }

  async down(runner: QueryRunner): Promise<void> {
    const run = (sql: string) => runner.query(sql);
    await removeGrants(runner, 'grant_embeddings');
    await run('drop table concord.profile_embeddings, concord.profile_models');
  }
}
