import type pg from 'pg';
import { migrations } from '../../migrations/index.js';
import type { DatabaseReport } from './database.js';

const NAMES = migrations.map((migration) => migration.name);

/** @returns names of migrations that have been applied, in order; none where there is no schema yet. */
export async function appliedMigrations(client: pg.ClientBase): Promise<string[]> {
  const { rows: found } = await client.query(`select to_regclass('concord_meta.migrations') is not null as there`);
  if (!found[0].there) return [];
  const { rows } = await client.query('select name from concord_meta.migrations order by id');
  return rows.map(({ name }) => name);
}

/** @returns names of migrations that this program has and the database has not. */
export async function pendingMigrations(client: pg.ClientBase): Promise<string[]> {
  const applied = new Set(await appliedMigrations(client));
  return NAMES.filter((name) => !applied.has(name));
}

export async function readReport(client: pg.ClientBase): Promise<DatabaseReport> {
  const { rows } = await client.query(
    `select split_part(current_setting('server_version'), ' ', 1) as version, pg_database_size(current_database()) as bytes`,
  );
  const applied = await appliedMigrations(client);
  return { ...rows[0], migrations: applied, pending: NAMES.filter((name) => !applied.includes(name)) };
}
