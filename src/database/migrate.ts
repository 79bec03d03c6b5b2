import { DataSource } from 'typeorm';
import { migrations } from '../../migrations/index.js';
import { ConcordError } from '../errors.js';
import { addressParts, applicationAddress, parseAddress } from './address.js';
import { connect } from './connect.js';
import { appliedMigrations, pendingMigrations } from './report.js';
import { ensureApplicationRole } from './role.js';

/** The key of the advisory lock under which one replica migrates while the others wait. */
const LOCK = 0x636f6e63; // "conc"

export interface Migrated {
  /** What was applied now, in order. */
  readonly applied: readonly string[];
  /** The address as which the application connects. */
  readonly appUrl: string;
}

/**
 * Brings the database to the schema of this program and readies the application role. Any number of replicas may do it at once.
 * @param ownerUrl a role that may create schemas in the database, and roles unless the application's exists
 * @param appUrl DATABASE_APP_URL, where it is set
 * @throws {ConcordError} CONFIGURATION or UNAVAILABLE in one sentence.
 */
export async function migrate(ownerUrl: string, appUrl?: string): Promise<Migrated> {
  const application = applicationAddress(ownerUrl, appUrl);
  refuseOther(ownerUrl, application);
  const owner = await connect(ownerUrl);
  try {
    await owner.query('select pg_advisory_lock($1)', [LOCK]);
    await refuseNewer(await appliedMigrations(owner));
    const pending = await pendingMigrations(owner);
    if (pending.length > 0) {
      await owner.query('create schema if not exists concord');
      await owner.query('create schema if not exists concord_meta');
      await runMigrations(ownerUrl);
    }
    await ensureApplicationRole(owner, application, appUrl === undefined);
    return { applied: pending, appUrl: application };
  } catch (error) {
    if ((error as { code?: string }).code !== '42501') throw error;
    const { role, database } = addressParts(ownerUrl);
    throw new ConcordError(
      'CONFIGURATION',
      `The role ${role} (DATABASE_URL) may not create or change the schemas concord and concord_meta in database ${database}: let it own the database.`,
      {},
      { cause: error },
    );
  } finally {
    await owner.end(); // and with it goes the lock
  }
}

/** @returns what TypeORM needs to run migrations as the owner; `npx typeorm` uses it too, through ormconfig.ts. */
export function migrationSource(ownerUrl: string): DataSource {
  return new DataSource({
    type: 'postgres',
    url: parseAddress(ownerUrl).href,
    schema: 'concord_meta',
    migrations: [...migrations],
    migrationsTableName: 'migrations',
    migrationsTransactionMode: 'all',
    installExtensions: false,
    logging: false,
    applicationName: 'concord migrations',
    poolSize: 2,
  });
}

async function runMigrations(ownerUrl: string): Promise<void> {
  const source = migrationSource(ownerUrl);
  await source.initialize();
  try {
    await source.runMigrations({ transaction: 'all' });
  } catch (error) {
    throw (error as { driverError?: Error }).driverError ?? error;
  } finally {
    await source.destroy();
  }
}

function refuseNewer(applied: readonly string[]): void {
  const known = new Set(migrations.map(({ name }) => name));
  const unknown = applied.find((name) => !known.has(name));
  if (!unknown) return;
  throw new ConcordError(
    'CONFIGURATION',
    `The database was migrated by a later version of Concord (${unknown}): start that version, or restore a backup.`,
  );
}

function refuseOther(ownerUrl: string, appUrl: string): void {
  const [owner, application] = [addressParts(ownerUrl), addressParts(appUrl)];
  if (owner.database !== application.database) {
    throw new ConcordError('CONFIGURATION', 'DATABASE_APP_URL must name the same database as DATABASE_URL.');
  }
  if (owner.role === application.role) {
    throw new ConcordError('CONFIGURATION', 'DATABASE_APP_URL must name another role than DATABASE_URL.');
  }
}
