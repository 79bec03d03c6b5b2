import type { MigrationInterface, QueryRunner } from 'typeorm';

const TABLES =
  'concord.users, concord.questionnaires, concord.profiles, concord.products, concord.holdings, concord.behaviour_events';

/**
 * A function by which the application's role may refresh the planner's statistics after a bulk load: ANALYZE is for owners. Without it
 * PostgreSQL plans as if the tables were empty until autovacuum comes by, a minute later: reading users for training took 16 times as long.
 */
export class Statistics1764000000009 implements MigrationInterface {
  readonly name = 'Statistics1764000000009';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create function concord.refresh_statistics() returns void language plpgsql
        security definer set search_path = pg_catalog, pg_temp as $$
      begin
        analyze (skip_locked) ${TABLES};
      end $$`);
    await runner.query('revoke all on function concord.refresh_statistics() from public');
    await runner.query(
      grantApplication(`
        execute format('grant execute on function concord.refresh_statistics() to %I', role);`),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(grantApplication());
    await runner.query('drop function concord.refresh_statistics()');
  }
}

/** What 1764000000008 says, and more. */
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
        execute format('grant connect, temporary on database %I to %I', current_database(), role);${more}
      end $$`;
