import type { EntityManager } from 'typeorm';
import type { Database } from '../database/database.js';
import type { DemoInstitution } from './consortium.js';

/** Ids of all institutions by code. */
export async function institutionIds(database: Database): Promise<ReadonlyMap<string, string>> {
  const rows: { code: string; id: string }[] = await database.consortium((manager) =>
    manager.query('select code, id from concord.institutions'),
  );
  return new Map(rows.map(({ code, id }) => [code, id]));
}

/** @returns the id of the institution, which is another where its code was taken already. */
export async function insertInstitution(
  database: Database,
  id: string,
  plan: DemoInstitution['plan'],
): Promise<string> {
  return database.consortium(async (manager) => {
    await manager.query(
      `insert into concord.institutions (id, code, name, kind, country, currency) values ($1, $2, $3, $4, $5, $6)
       on conflict do nothing`,
      [id, plan.code, plan.name, plan.kind, plan.country, plan.currency],
    );
    const rows: { id: string }[] = await manager.query('select id from concord.institutions where code = $1', [
      plan.code,
    ]);
    return rows[0].id;
  });
}

/**
 * Whether the institution has products, which are written before all else of it. Until the transaction ends no other one gets an answer:
 * two servers that start at once do not both write.
 */
export async function hasProducts(manager: EntityManager, institutionId: string): Promise<boolean> {
  await lock(manager, `demo ${institutionId}`);
  const rows: unknown[] = await manager.query('select from concord.products where institution_id = $1 limit 1', [
    institutionId,
  ]);
  return rows.length > 0;
}

/** Does the work while no other server prepares the federation of the demo. The work uses other connections than the one that holds the lock. */
export async function alone<T>(database: Database, work: () => Promise<T>): Promise<T> {
  return database.consortium(
    async (manager) => {
      await lock(manager, 'demo federation');
      return work();
    },
    { long: true },
  );
}

/** Until the transaction ends. Waits as long as it takes: another server may be writing the whole demo. */
async function lock(manager: EntityManager, name: string): Promise<void> {
  await manager.query(`select set_config('lock_timeout', '0', true)`);
  await manager.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [name]);
}
