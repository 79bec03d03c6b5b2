import pg from 'pg';
import { ConcordError } from '../../errors.js';
import { OWNER } from './cluster.js';
import type { Place } from './place.js';
import type { Postmaster } from './postmaster.js';

/** Advisory locks of the embedded database: who uses it (shared), and which server serves it (exclusive). */
const USERS = 0x75736572; // "user"
const SERVER = 0x73657276; // "serv"

export const DATABASE = 'concord';

export const ownerUrl = (place: Place, port: number, database = DATABASE) =>
  `postgres://${OWNER}:${place.password}@127.0.0.1:${port}/${database}?sslmode=disable`; // whatever PGSSLMODE says

/**
 * One connection that tells other processes of this data folder that we are here, for as long as we are: PostgreSQL drops its
 * locks when the connection or the process dies, so that nothing stale can be left behind.
 */
export interface Session {
  readonly client: pg.Client;
  /** @returns whether we were the last, so that the postmaster is ours to stop. */
  leave(): Promise<boolean>;
}

/**
 * @returns undefined where PostgreSQL is just stopping, and has to be started again.
 * @throws {ConcordError} CONFIGURATION where another server serves this data folder, or the password is not its own.
 */
export async function openSession(
  place: Place,
  { port }: Postmaster,
  exclusive: boolean,
): Promise<Session | undefined> {
  const client = await connectOrCreate(place, port);
  if (!client) return undefined;
  try {
    const { rows } = await client.query('select pg_try_advisory_lock_shared($1) as used', [USERS]);
    if (!rows[0].used) {
      await client.end();
      return undefined;
    }
    if (exclusive) await claim(client, place);
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
  return {
    client,
    async leave() {
      const { rows } = await client.query('select pg_advisory_unlock_shared($1), pg_try_advisory_lock($1) as last', [
        USERS,
      ]);
      return rows[0].last;
    },
  };
}

async function claim(client: pg.Client, place: Place): Promise<void> {
  const { rows } = await client.query('select pg_try_advisory_lock($1) as ours', [SERVER]);
  if (rows[0].ours) return;
  const { rows: holders } = await client.query(
    `select a.application_name as name from pg_locks l join pg_stat_activity a using (pid)
     where l.locktype = 'advisory' and l.objid = $1 and l.granted`,
    [SERVER],
  );
  const process = /\d+$/.exec(holders[0]?.name ?? '')?.[0];
  throw new ConcordError(
    'CONFIGURATION',
    `Another Concord server${process ? ` (process ${process})` : ''} uses the data folder ${place.dataDir}: stop it, or set CONCORD_DATA_DIR to another folder.`,
  );
}

async function connectOrCreate(place: Place, port: number): Promise<pg.Client | undefined> {
  try {
    return await connectTo(place, port, DATABASE);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === '3D000') {
      await createDatabase(place, port);
      return connectOrCreate(place, port);
    }
    if (code === '28P01') {
      throw new ConcordError(
        'CONFIGURATION',
        `${place.dataDir}/postgres.password is not the password of the database beside it: restore it from a backup of the data folder.`,
      );
    }
    return undefined; // it is stopping
  }
}

async function createDatabase(place: Place, port: number): Promise<void> {
  const client = await connectTo(place, port, 'postgres');
  try {
    await client.query(`create database ${DATABASE}`);
  } catch (error) {
    if (!['42P04', '23505'].includes((error as { code: string }).code)) throw error; // another process came first
  } finally {
    await client.end();
  }
}

async function connectTo(place: Place, port: number, database: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: ownerUrl(place, port, database),
    application_name: `concord process ${process.pid}`,
    connectionTimeoutMillis: 10_000,
  });
  client.on('error', () => undefined); // 'end' follows
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
}
