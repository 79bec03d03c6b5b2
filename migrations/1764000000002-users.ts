import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Institutions and their users. A reference always carries the institution with it, here and in every later table: PostgreSQL
 * checks foreign keys past row level security, so a key on the id alone would let one institution refer to another's rows. Through
 * such a key the institution exists too, and needs no check of its own for each row.
 */
export class Users1764000000002 implements MigrationInterface {
  readonly name = 'Users1764000000002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table concord.institutions (
        id uuid primary key default gen_random_uuid(),
        code text not null unique check (code ~ '^[a-z0-9][a-z0-9-]{1,62}$'),
        name text not null,
        kind text not null check (kind in ('bank', 'insurer', 'broker')),
        country char(2) not null,
        currency char(3) not null,
        created_at timestamptz not null default now()
      )`);
    await runner.query(`
      create table concord.users (
        id uuid primary key default gen_random_uuid(),
        institution_id uuid not null references concord.institutions,
        external_id text not null,
        attributes jsonb not null default '{}' check (jsonb_typeof(attributes) = 'object'),
        protected_attributes jsonb not null default '{}' check (jsonb_typeof(protected_attributes) = 'object'),
        risk_label smallint check (risk_label in (0, 1)),
        fold text check (fold in ('train', 'validation', 'test')),
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now(),
        unique (institution_id, external_id),
        unique (institution_id, id)
      )`);
    await runner.query(`
      create table concord.questionnaires (
        user_id uuid primary key,
        institution_id uuid not null,
        risk_tolerance smallint not null check (risk_tolerance between 1 and 5),
        knowledge smallint not null check (knowledge between 0 and 3),
        horizon_months integer not null check (horizon_months between 0 and 1200),
        investable_amount numeric(18, 2) check (investable_amount >= 0),
        completed_at timestamptz not null,
        expires_at timestamptz not null check (expires_at > completed_at),
        foreign key (institution_id, user_id) references concord.users (institution_id, id) on delete cascade
      )`);
    await runner.query(`
      create table concord.profiles (
        user_id uuid primary key,
        institution_id uuid not null,
        features jsonb not null,
        state jsonb not null,
        tags jsonb not null default '[]',
        updated_at timestamptz not null default now(),
        foreign key (institution_id, user_id) references concord.users (institution_id, id) on delete cascade
      )`);
    await runner.query(`comment on column concord.users.external_id is 'the institution''s own id'`);
    await runner.query(
      `comment on column concord.users.attributes is '{name: number | string | null}; dates as "YYYY-MM-DD"'`,
    );
    await runner.query(`comment on column concord.users.risk_label is 'what happened, where it is known'`);
    await runner.query(
      `comment on table concord.questionnaires is 'the latest answers of each user (MiFID II suitability); knowledge: none, basic, informed, expert'`,
    );
    await runner.query(`comment on column concord.profiles.features is '{name: number}: derived, what models read'`);
    await runner.query(
      `comment on column concord.profiles.state is 'accumulators from which features are computed incrementally'`,
    );
    await runner.query(`comment on column concord.profiles.tags is '[{tag, rule}]'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table concord.profiles, concord.questionnaires, concord.users, concord.institutions');
  }
}
