import pg from 'pg';
import { ConcordError } from '../errors.js';
import { addressParts, parseAddress } from './address.js';
import { types } from './options.js';

/** PostgreSQL 15 is the first with unique nulls not distinct. */
const LEAST_VERSION = 150_000;
const TIMEOUT_MS = 10_000;

/**
 * Connects once, and says in one sentence why it cannot.
 * @param variable where the address comes from, to be named in the sentence; the password never is.
 * @throws {ConcordError} CONFIGURATION: not PostgreSQL's address, unreachable, refused, no such database, too old, read only;
 *   UNAVAILABLE: it is starting or shutting down.
 */
export async function connect(url: string, variable = 'DATABASE_URL'): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: parseAddress(url, variable).href,
    connectionTimeoutMillis: TIMEOUT_MS,
    application_name: 'concord',
    types,
  });
  // A connection that breaks while nothing is asked of it: the next query says so.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await refuseUnfit(client, url, variable);
    return client;
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error instanceof ConcordError ? error : connectionError(error, url, variable);
  }
}

async function refuseUnfit(client: pg.Client, url: string, variable: string): Promise<void> {
  const { rows } = await client.query(
    `select current_setting('server_version_num')::int as number, current_setting('server_version') as version,
       pg_is_in_recovery() as replica`,
  );
  const { number, version, replica } = rows[0];
  const { place } = addressParts(url);
  if (number < LEAST_VERSION) {
    throw configuration(`PostgreSQL at ${place} (${variable}) is version ${version}: Concord needs 15 or later.`);
  }
  if (replica) throw configuration(`PostgreSQL at ${place} (${variable}) is a replica, which accepts no writes.`);
}

const configuration = (message: string, cause?: unknown) => new ConcordError('CONFIGURATION', message, {}, { cause });

/** @returns why a connection failed, by SQLSTATE of the server or errno of the operating system. */
function connectionError(error: unknown, url: string, variable: string): ConcordError {
  const { role, database, place } = addressParts(url);
  const { code = '', message } = error as Error & { code?: string };
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return configuration(`${variable} names the host of ${place}, which is not known.`, error);
    case '28P01':
    case '28000':
      return configuration(`PostgreSQL at ${place} refuses the role ${role} or its password (${variable}).`, error);
    case '3D000':
      return configuration(`PostgreSQL at ${place} has no database ${database} (${variable}): create it first.`, error);
    case '42501':
      return configuration(
        `The role ${role} may not connect to database ${database} at ${place} (${variable}).`,
        error,
      );
    case '53300':
    case '57P01':
    case '57P02':
    case '57P03':
      return new ConcordError(
        'UNAVAILABLE',
        `PostgreSQL at ${place} accepts no connections now: try again.`,
        {},
        { cause: error },
      );
    default:
      return configuration(`No PostgreSQL answers at ${place} (${variable}): ${code || message}.`, error);
  }
}
