import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import pg from 'pg';
import { ConcordError } from '../errors.js';
import { addressParts, parseAddress } from './address.js';
import { connect } from './connect.js';

const ITERATIONS = 4096;

/**
 * What PostgreSQL stores of a password (RFC 5803). Sending it instead of the password keeps the password out of the server's log.
 */
export function scramVerifier(password: string, salt = randomBytes(16)): string {
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, ITERATIONS, 32, 'sha256');
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest();
  const stored = createHash('sha256').update(hmac('Client Key')).digest('base64');
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${stored}:${hmac('Server Key').toString('base64')}`;
}

/**
 * Makes sure that the application role exists with its password, neither superuser nor past row level security, and may use the
 * schema. Roles belong to the whole server, where another replica or database may be doing the same at this moment: where the
 * role can log in already it is left alone, and where two collide the one that came second looks again.
 * @param owner a connection as the owner, after the migrations
 * @param appUrl see applicationAddress
 * @param derived whether the password is ours to change: a role that DATABASE_APP_URL names is made where it is missing, and never altered
 * @throws {ConcordError} CONFIGURATION where it cannot be made or cannot log in.
 */
export async function ensureApplicationRole(owner: pg.Client, appUrl: string, derived: boolean): Promise<void> {
  const { role } = addressParts(appUrl);
  const password = decodeURIComponent(parseAddress(appUrl, 'DATABASE_APP_URL').password);
  const ready = await canLogIn(appUrl);
  if (!ready) await createOrAlter(owner, role, password, derived);
  await owner.query('select concord.grant_application($1)', [role]);
  if (!ready) await (await connect(appUrl, 'DATABASE_APP_URL')).end();
}

async function canLogIn(appUrl: string): Promise<boolean> {
  try {
    await (await connect(appUrl, 'DATABASE_APP_URL')).end();
    return true;
  } catch (error) {
    const { code } = (error as ConcordError).cause as { code?: string };
    if (code === '28P01' || code === '28000' || code === '42501') return false;
    throw error;
  }
}

async function createOrAlter(owner: pg.Client, role: string, password: string, alter: boolean): Promise<void> {
  const name = pg.escapeIdentifier(role);
  const secret = pg.escapeLiteral(scramVerifier(password));
  for (let attempt = 0; ; attempt++) {
    try {
      const { rowCount } = await owner.query('select from pg_roles where rolname = $1', [role]);
      if (rowCount && !alter) return;
      await owner.query(
        rowCount
          ? `alter role ${name} with login password ${secret}`
          : `create role ${name} with login nosuperuser nocreatedb nocreaterole noinherit nobypassrls noreplication password ${secret}`,
      );
      return;
    } catch (error) {
      const { code } = error as { code?: string };
      // duplicate object, unique violation in pg_authid, "tuple concurrently updated": another replica was at it.
      if (attempt < 5 && ['42710', '23505', 'XX000'].includes(code ?? '')) continue;
      throw new ConcordError(
        'CONFIGURATION',
        `The role ${role} could not be made: give DATABASE_URL a role with CREATEROLE, or make ${role} yourself and set DATABASE_APP_URL.`,
        {},
        { cause: error },
      );
    }
  }
}
