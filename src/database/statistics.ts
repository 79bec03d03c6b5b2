import type { Database } from './database.js';

/**
 * Lets PostgreSQL plan by what the tables hold now. To be called after a bulk load has committed: autovacuum would do the same, a minute
 * or so later. A table that is being analysed or altered already is passed over.
 */
export async function refreshStatistics(database: Database): Promise<void> {
  await database.consortium((manager) => manager.query('select concord.refresh_statistics()'));
}
