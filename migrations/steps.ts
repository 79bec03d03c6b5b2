import type { QueryRunner } from 'typeorm';

/** Steps that several migrations take. What they do is never changed: migrations that were released rely on it. */

/** Row level security by which an institution sees and writes its own rows alone. */
export async function ownRowsOnly(runner: QueryRunner, tables: readonly string[]): Promise<void> {
  for (const table of tables) {
    await runner.query(`alter table concord.${table} enable row level security, force row level security`);
    await runner.query(`
        create policy own_rows on concord.${table}
          using (institution_id = (select concord.current_institution()))`);
  }
}

/**
 * What the application's role may do beside what it may already: a function of its own, which concord.grant_application calls, whatever else
 * earlier migrations have put there.
 * @param name of the function
 * @param grants as "select, insert on concord.users"
 */
export async function addGrants(runner: QueryRunner, name: string, grants: readonly string[]): Promise<void> {
  await runner.query(`
      create function concord.${name}(role name) returns void language plpgsql as $$
      begin
        ${grants.map((grant) => `execute format('grant ${grant} to %I', role);`).join('\n        ')}
      end $$`);
  await runner.query(`revoke all on function concord.${name}(name) from public`);
  await rewriteGrants(runner, String.raw`'(\s*end \$function\$\s*)$', E'\n        perform concord.${name}(role);\\1'`);
}

/** Takes back what addGrants did. */
export async function removeGrants(runner: QueryRunner, name: string): Promise<void> {
  await rewriteGrants(runner, String.raw`'\n *perform concord\.${name}\(role\);', ''`);
  await runner.query(`drop function concord.${name}(name)`);
}

/** @param what pattern and replacement */
async function rewriteGrants(runner: QueryRunner, what: string): Promise<void> {
  await runner.query(`
  do $do$
  begin
    execute regexp_replace(pg_get_functiondef('concord.grant_application(name)'::regprocedure), ${what});
  end $do$`);
}
