import type { MigrationInterface, QueryRunner } from 'typeorm';

const OWN = ['nodes', 'node_keys', 'contributions', 'update_chunks', 'refusals'];
const CONSORTIUM = ['training_runs', 'rounds', 'optimiser_states'];

/**
 * Federated training. Nodes, their keys, contributions and refusals belong to an institution; runs and rounds are the consortium's, which
 * every member reads and the consortium alone writes.
 */
export class Federation1764000000011 implements MigrationInterface {
  readonly name = 'Federation1764000000011';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table concord.nodes (
        id uuid primary key default gen_random_uuid(),
        institution_id uuid not null references concord.institutions,
        name text not null check (length(name) between 1 and 100),
        created_at timestamptz not null default now(),
        revoked_at timestamptz,
        unique (institution_id, id),
        unique (institution_id, name)
      )`);
    await runner.query(`
      create table concord.node_keys (
        id text primary key,
        institution_id uuid not null references concord.institutions,
        node_id uuid not null,
        public_key text not null,
        valid_from timestamptz not null,
        valid_to timestamptz,
        revoked_at timestamptz,
        foreign key (institution_id, node_id) references concord.nodes (institution_id, id)
      )`);
    await runner.query('create index node_keys_node on concord.node_keys (institution_id, node_id)');
    await runner.query(`
      create table concord.training_runs (
        id uuid primary key,
        status text not null check (status in ('running', 'completed', 'stopped')),
        settings jsonb not null,
        created_at timestamptz not null default now(),
        ended_at timestamptz
      )`);
    await runner.query(`
      create table concord.rounds (
        id uuid primary key,
        run_id uuid not null references concord.training_runs,
        number integer not null check (number > 0),
        status text not null check (status in ('collecting', 'aggregating', 'evaluating', 'published', 'rejected', 'failed')),
        state jsonb not null,
        plan jsonb not null,
        plan_digest text not null,
        members jsonb not null,
        deadline timestamptz,
        base_version_id uuid not null references concord.model_versions,
        version_id uuid references concord.model_versions,
        metrics jsonb not null default '{}',
        opened_at timestamptz not null,
        ended_at timestamptz,
        unique (run_id, number),
        check ((deadline is null) = (status in ('published', 'rejected', 'failed')))
      )`);
    await runner.query('create index rounds_open on concord.rounds (deadline) where deadline is not null');
    await runner.query('create index rounds_version on concord.rounds (version_id)');
    await runner.query(`
      create table concord.optimiser_states (
        round_id uuid primary key references concord.rounds,
        first bytea not null,
        second bytea not null
      )`);
    await runner.query(`
      create table concord.contributions (
        id uuid primary key default gen_random_uuid(),
        institution_id uuid not null references concord.institutions,
        round_id uuid not null references concord.rounds,
        node_id uuid not null,
        nonce text not null,
        reservation text not null,
        join_statement jsonb not null,
        join_signature text not null unique,
        joined_at timestamptz not null default now(),
        digest text,
        bytes bigint check (bytes > 0),
        received bigint not null default 0,
        chunks integer not null default 0,
        statement jsonb,
        signature text unique,
        norm double precision,
        weight double precision,
        refusal text,
        refusal_message text,
        decided_at timestamptz,
        unique (institution_id, id),
        unique (round_id, node_id),
        check (received <= coalesce(bytes, 0)),
        foreign key (institution_id, node_id) references concord.nodes (institution_id, id)
      )`);
    await runner.query('create index contributions_node on concord.contributions (institution_id, node_id)');
    await runner.query(`
      create table concord.update_chunks (
        institution_id uuid not null references concord.institutions,
        contribution_id uuid not null,
        sequence integer not null,
        bytes bytea not null check (length(bytes) between 1 and 1048576),
        primary key (contribution_id, sequence),
        foreign key (institution_id, contribution_id) references concord.contributions (institution_id, id) on delete cascade
      )`);
    // Noise does not compress.
    await runner.query('alter table concord.update_chunks alter column bytes set storage external');
    await runner.query(`
      create table concord.refusals (
        id uuid primary key default gen_random_uuid(),
        institution_id uuid not null references concord.institutions,
        round_id uuid references concord.rounds,
        code text not null,
        message text not null,
        statement text,
        signature text,
        at timestamptz not null default now()
      )`);
    await runner.query('create index refusals_round on concord.refusals (institution_id, round_id)');
    for (const table of [...OWN, ...CONSORTIUM])
      await runner.query(`alter table concord.${table} enable row level security, force row level security`);
    for (const table of OWN)
      await runner.query(`
        create policy own_rows on concord.${table}
          using (institution_id = (select concord.current_institution()))`);
    for (const table of CONSORTIUM) {
      await runner.query(`create policy consortium on concord.${table} using ((select concord.is_consortium()))`);
      await runner.query(`
        create policy members_read on concord.${table} for select
          using ((select concord.current_institution()) is not null)`);
    }
    await runner.query(`
      create function concord.grant_federation(role name) returns void language plpgsql as $$
      begin
        execute format('grant select, insert, update on concord.nodes, concord.node_keys, concord.training_runs, concord.rounds,
          concord.optimiser_states, concord.contributions to %I', role);
        execute format('grant select, insert, delete on concord.update_chunks to %I', role);
        execute format('grant select, insert on concord.refusals to %I', role);
      end $$`);
    await runner.query('revoke all on function concord.grant_federation(name) from public');
    await runner.query(
      grantApplication(`
        perform concord.grant_federation(role);`),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(grantApplication());
    await runner.query('drop function concord.grant_federation(name)');
    for (const table of ['refusals', 'update_chunks', 'contributions', 'optimiser_states', 'rounds', 'training_runs'])
      await runner.query(`drop table concord.${table}`);
    await runner.query('drop table concord.node_keys, concord.nodes');
  }
}

/** What 1764000000010 says, and more. */
const grantApplication = (more = '') => `
      create or replace function concord.grant_application(role name) returns void language plpgsql as $$
      begin
        execute format('grant usage on schema concord, concord_meta to %I', role);
        execute format('grant select on concord_meta.migrations to %I', role);
        execute format('grant select, insert, update, delete on
          concord.institutions, concord.users, concord.questionnaires, concord.profiles,
          concord.products, concord.holdings, concord.behaviour_events,
          concord.model_versions, concord.model_weights,
          concord.risk_assessments, concord.recommendations, concord.feedback, concord.imports to %I', role);
        execute format('grant connect, temporary on database %I to %I', current_database(), role);
        execute format('grant execute on function concord.refresh_statistics() to %I', role);
        perform concord.grant_ledger(role);${more}
      end $$`;
