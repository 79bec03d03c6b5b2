import { createHmac } from 'node:crypto';
import { ConcordError } from '../errors.js';

/** The role as which the application connects, unless DATABASE_APP_URL names another. */
const APPLICATION_ROLE = 'concord_app';

/**
 * @param variable the environment variable to name when it is wrong
 * @throws {ConcordError} CONFIGURATION
 */
export function parseAddress(url: string, variable = 'DATABASE_URL'): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !['postgres:', 'postgresql:'].includes(parsed.protocol)) {
    throw new ConcordError('CONFIGURATION', `${variable} must look like postgres://user:password@host:5432/database.`);
  }
  if (!parsed.username) throw new ConcordError('CONFIGURATION', `${variable} must name a user: postgres://user@host/…`);
  if (parsed.pathname.length <= 1) parsed.pathname = `/${parsed.username}`;
  return parsed;
}

/** Role, database and place of an address in parts that may be shown: never the password. */
export function addressParts(url: string): { role: string; database: string; place: string } {
  const parsed = parseAddress(url);
  const host = parsed.searchParams.get('host') ?? decodeURIComponent(parsed.hostname);
  return {
    role: decodeURIComponent(parsed.username),
    database: decodeURIComponent(parsed.pathname.slice(1)),
    place: host.startsWith('/') ? host : `${host || 'localhost'}:${parsed.port || '5432'}`,
  };
}

/**
 * The address as which the application connects: DATABASE_APP_URL, or that of the owner with the role concord_app and a password
 * derived from the owner's. Replicas that know the owner's password all derive the same, and nothing need be stored.
 * @throws {ConcordError} CONFIGURATION where there is no password to derive from.
 */
export function applicationAddress(ownerUrl: string, applicationUrl?: string): string {
  if (applicationUrl) return parseAddress(applicationUrl, 'DATABASE_APP_URL').href;
  const address = parseAddress(ownerUrl);
  if (!address.password) {
    throw new ConcordError(
      'CONFIGURATION',
      `DATABASE_URL has no password from which that of the role ${APPLICATION_ROLE} could be derived: set DATABASE_APP_URL too.`,
    );
  }
  const secret = createHmac('sha256', decodeURIComponent(address.password)).update(`concord role ${APPLICATION_ROLE}`);
  address.username = APPLICATION_ROLE;
  address.password = secret.digest('hex');
  return address.href;
}
