import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What was served: risk assessments, recommendations and the feedback that refers to them. */
export class Recommendations1764000000005 implements MigrationInterface {
  readonly name = 'Recommendations1764000000005';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table concord.risk_assessments (
        id uuid primary key default gen_random_uuid(),
        institution_id uuid not null,
        subject text not null check (subject in ('user', 'product', 'user_product')),
        user_id uuid,
        product_id uuid,
        probability double precision not null check (probability between 0 and 1),
        class text not null check (class in ('low', 'medium', 'high')),
        method text not null,
        model_version_id uuid references concord.model_versions,
        base double precision not null,
        reasons jsonb not null,
        assessed_at timestamptz not null default now(),
        constraint risk_assessments_subject_ids check ((user_id is null) = (subject = 'product') and (product_id is null) = (subject = 'user')),
        foreign key (institution_id, user_id) references concord.users (institution_id, id) on delete cascade,
        foreign key (institution_id, product_id) references concord.products (institution_id, id)
      )`);
    await runner.query(
      'create index risk_assessments_user on concord.risk_assessments (institution_id, user_id, assessed_at desc)',
    );
    await runner.query(`
      create table concord.recommendations (
        id uuid primary key default gen_random_uuid(),
        institution_id uuid not null,
        user_id uuid not null,
        model_version_id uuid references concord.model_versions,
        strategy text not null,
        items jsonb not null,
        shown integer not null check (shown >= 0),
        inputs jsonb not null,
        created_at timestamptz not null default now(),
        unique (institution_id, user_id, id),
        foreign key (institution_id, user_id) references concord.users (institution_id, id) on delete cascade
      )`);
    await runner.query(`
      create table concord.feedback (
        id uuid primary key default gen_random_uuid(),
        institution_id uuid not null,
        recommendation_id uuid not null,
        user_id uuid not null,
        product_id uuid not null,
        kind text not null check (kind in ('viewed', 'clicked', 'purchased', 'dismissed', 'rated')),
        rating smallint check (rating between 1 and 5),
        recorded_at timestamptz not null default now(),
        unique (recommendation_id, product_id, kind),
        foreign key (institution_id, user_id, recommendation_id)
          references concord.recommendations (institution_id, user_id, id) on delete cascade,
        foreign key (institution_id, product_id) references concord.products (institution_id, id)
      )`);
    await runner.query('create index feedback_user on concord.feedback (institution_id, user_id)');
    for (const table of ['risk_assessments', 'recommendations']) {
      await runner.query(`
        create trigger ${table}_model_version after insert or update on concord.${table}
          for each row when (new.model_version_id is not null) execute function concord.check_model_version('or shared')`);
    }
    await runner.query(`comment on column concord.recommendations.strategy is 'model, cold-user, …'`);
    await runner.query(
      `comment on column concord.risk_assessments.base is 'log-odds; base + the contributions of the reasons = the log-odds of probability'`,
    );
    await runner.query(
      `comment on column concord.risk_assessments.reasons is '[{feature, value, contribution, text}]'`,
    );
    await runner.query(
      `comment on column concord.recommendations.items is 'the whole ranked answer: [{productId, code, score, rank, terms, explanation?, suitability}]'`,
    );
    await runner.query(
      `comment on column concord.recommendations.shown is 'the first so many items have been delivered; feedback refers to these only'`,
    );
    await runner.query(
      `comment on column concord.recommendations.inputs is 'the row that was scored, so that a later page is explained as the first'`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table concord.feedback, concord.recommendations, concord.risk_assessments');
  }
}
