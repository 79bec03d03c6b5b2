import pg from 'pg';
import { QueryFailedError, QueryRunnerAlreadyReleasedError, QueryRunnerProviderAlreadyReleasedError } from 'typeorm';
import { ConcordError, type ErrorCode } from '../errors.js';

interface DriverError extends Error {
  /** SQLSTATE of PostgreSQL, or errno of the operating system. */
  readonly code?: string;
  readonly constraint?: string;
  readonly table?: string;
  readonly column?: string;
}

/** SQLSTATE, or its class, by what it means to a caller. https://www.postgresql.org/docs/current/errcodes-appendix.html */
const MEANING: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  '23505': ['CONFLICT', 'This exists already.'],
  '23P01': ['CONFLICT', 'This overlaps with what exists already.'],
  '23503': ['BAD_INPUT', 'This refers to something that does not exist, or that is still referred to.'],
  '23514': ['BAD_INPUT', 'A value is outside of what is allowed.'],
  '23502': ['BAD_INPUT', 'A value is missing.'],
  '22': ['BAD_INPUT', 'A value is malformed or out of range.'],
  '40001': ['CONFLICT', 'Someone else changed the same data at the same time: try again.'],
  '40P01': ['CONFLICT', 'Someone else changed the same data at the same time: try again.'],
  '55P03': ['UNAVAILABLE', 'The data is locked by other work: try again.'],
  '57014': ['UNAVAILABLE', 'The database took too long: try again, or ask for less.'],
  '08': ['UNAVAILABLE', 'The connection to the database was lost: try again.'],
  '25P03': ['UNAVAILABLE', 'The connection to the database was lost: try again.'],
  '25006': ['UNAVAILABLE', 'The database accepts no writes at present.'],
  '57P': ['UNAVAILABLE', 'The database is shutting down or starting: try again.'],
  '53': ['UNAVAILABLE', 'The database is out of connections, memory or disk.'],
};

const RELEASED = [QueryRunnerAlreadyReleasedError, QueryRunnerProviderAlreadyReleasedError];

/** The driver's own error inside whatever TypeORM wraps it in; undefined where it is none. */
function driverError(error: unknown): DriverError | undefined {
  if (error instanceof QueryFailedError) return error.driverError as DriverError;
  return error instanceof pg.DatabaseError ? error : undefined;
}

/** @returns SQLSTATE, where the error comes from PostgreSQL. */
export function sqlState(error: unknown): string | undefined {
  const code = driverError(error instanceof ConcordError ? error.cause : error)?.code;
  return code && /^[0-9A-Z]{5}$/.test(code) && !code.startsWith('E') ? code : undefined;
}

/** @returns the name of the constraint or unique index that refused, from PostgreSQL's error or from the ConcordError made of it. */
export function violatedConstraint(error: unknown): string | undefined {
  return driverError(error instanceof ConcordError ? error.cause : error)?.constraint;
}

/**
 * What PostgreSQL or its driver says, as an expected failure where it is one, by SQLSTATE; any other error as it is. The message of
 * PostgreSQL is kept as cause, for the log only: it quotes values.
 */
export function databaseError(error: unknown): unknown {
  // TypeORM lets go of a connection as soon as it breaks.
  if (RELEASED.some((released) => error instanceof released)) return connectionLost(error);
  const driver = driverError(error);
  if (!driver) return error;
  const state = sqlState(error);
  // Without SQLSTATE nothing came from the server: the connection failed, unless the driver choked on a parameter.
  if (!state) return driver instanceof TypeError || driver instanceof RangeError ? error : connectionLost(error);
  const meaning = MEANING[state] ?? MEANING[state.slice(0, 3)] ?? MEANING[state.slice(0, 2)];
  if (!meaning) return error;
  const { constraint, table, column } = driver;
  const details = Object.fromEntries(Object.entries({ constraint, table, column }).filter(([, value]) => value));
  return new ConcordError(meaning[0], meaning[1], details, { cause: error });
}

export const connectionLost = (cause: unknown) =>
  new ConcordError('UNAVAILABLE', 'The database does not answer: try again.', {}, { cause });
