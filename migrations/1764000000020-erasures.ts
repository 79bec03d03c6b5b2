import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addGrants, ownRowsOnly, removeGrants } from './steps.js';

const TABLES = ['model_participants', 'erasures', 'erasure_models'];

/**
 * Which users taught which models, and what became of the models when a user was erased. A version that had learnt from an erased user is
 * withdrawn: it serves no more, and its weights are deleted.
 */
export class Erasures1764000000020 implements MigrationInterface {
  readonly name = 'Erasures1764000000020';

  async up(runner: QueryRunner): Promise<void> {
    const run = (sql: string) => runner.query(sql);
    await run('alter table concord.model_versions add withdrawn_at timestamptz');
    await run(
      `comment on column concord.model_versions.withdrawn_at is 'it had learnt from a user who was erased: its weights are deleted'`,
    );
    await run(
      `alter table concord.model_versions add constraint model_versions_withdrawn check (withdrawn_at is null or status <> 'active')`,
    );
    await run(`
      create function concord.keep_weights() returns trigger language plpgsql as $$
      begin
        if exists (select from concord.model_versions v where v.id = old.model_version_id and v.withdrawn_at is null) then
          raise exception 'what a model version is made of is never changed' using errcode = '42501';
        end if;
        return old;
      end $$`);
    await run(`
      create trigger model_weights_not_deleted before delete on concord.model_weights
        for each row execute function concord.keep_weights()`);
    await run(`
      create table concord.model_participants (
        institution_id uuid not null,
        participation uuid not null,
        user_id uuid not null,
        trained boolean not null,
        owned text[] not null,
        primary key (participation, user_id),
        foreign key (institution_id, user_id) references concord.users (institution_id, id) on delete cascade
      )`);
    await run('create index model_participants_user on concord.model_participants (institution_id, user_id)');
    await run(
      `comment on column concord.model_participants.participation is 'of a training: model_versions.training names it'`,
    );
    await run(
      `comment on column concord.model_participants.trained is 'false: set aside, for figures or for the choice of settings'`,
    );
    await run(`
      create table concord.erasures (
        id uuid primary key default gen_random_uuid(),
        institution_id uuid not null references concord.institutions,
        erased_at timestamptz not null default now(),
        unique (institution_id, id)
      )`);
    await run(`
      create table concord.erasure_models (
        institution_id uuid not null,
        erasure_id uuid not null,
        position smallint not null check (position >= 0),
        model_version_id uuid references concord.model_versions,
        method text check (method in ('exact', 'retrained', 'withdrawn', 'bounded')),
        user_key text,
        owned text[],
        replacement_id uuid,
        reason text,
        done_at timestamptz,
        primary key (erasure_id, position),
        constraint erasure_models_done check ((method is null) = (done_at is null)),
        constraint erasure_models_forgotten check (done_at is null or (user_key is null and owned is null)),
        foreign key (institution_id, erasure_id) references concord.erasures (institution_id, id)
      )`);
    await run(
      `comment on table concord.erasure_models is 'a model that had learnt from the user; without a version: the institution''s profile model'`,
    );
    await run(
      `comment on column concord.erasure_models.user_key is 'what must be taken out of the model, with owned; deleted when that is done'`,
    );
    await run('create index erasure_models_pending on concord.erasure_models (institution_id) where done_at is null');
    await run('create index erasure_models_model_version on concord.erasure_models (model_version_id)');
    await run(`
      create trigger erasure_models_model_version after insert or update on concord.erasure_models
        for each row when (new.model_version_id is not null) execute function concord.check_model_version('or shared')`);
    await ownRowsOnly(runner, TABLES);
    await addGrants(runner, 'grant_erasures', [
      'delete on concord.model_weights',
      'select, insert on concord.model_participants, concord.erasures',
      'select, insert, update (method, user_key, owned, replacement_id, reason, done_at) on concord.erasure_models',
    ]);
  }

  async down(runner: QueryRunner): Promise<void> {
    const run = (sql: string) => runner.query(sql);
    await removeGrants(runner, 'grant_erasures');
    await run('drop table concord.erasure_models, concord.erasures, concord.model_participants');
    await run('drop trigger model_weights_not_deleted on concord.model_weights');
    await run('drop function concord.keep_weights()');
    await run('alter table concord.model_versions drop withdrawn_at');
  }
}
