import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What the application's role may do, as a function: the role's name is a matter of the deployment (DATABASE_APP_URL), and roles
 * belong to the whole server, not to this database. It is called after every migration; a migration that adds a table replaces it.
 */
export class ApplicationRole1764000000008 implements MigrationInterface {
  readonly name = 'ApplicationRole1764000000008';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create function concord.grant_application(role name) returns void language plpgsql as $$
      begin
        execute format('grant usage on schema concord, concord_meta to %I', role);
        execute format('grant select on concord_meta.migrations to %I', role);
        execute format('grant select, insert, update, delete on
          concord.institutions, concord.users, concord.questionnaires, concord.profiles,
          concord.products, concord.holdings, concord.behaviour_events,
          concord.model_versions, concord.model_weights,
          concord.risk_assessments, concord.recommendations, concord.feedback, concord.imports to %I', role);
        execute format('grant connect, temporary on database %I to %I', current_database(), role);
      end $$`);
    await runner.query('revoke all on function concord.grant_application(name) from public');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop function concord.grant_application(name)');
  }
}
