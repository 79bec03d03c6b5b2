import pg from 'pg';
import type { DataSourceOptions, EntitySchema, MixedList } from 'typeorm';

export type Entities = MixedList<(new () => object) | EntitySchema>;

export interface ConnectionOptions {
  /** The application's address: see applicationAddress. */
  readonly url: string;
  readonly entities: Entities;
  /** Connections at most; default 10. */
  readonly poolSize?: number;
  /** Shown in pg_stat_activity. */
  readonly applicationName?: string;
  /** Called when an idle connection breaks. The pool replaces it; there is nothing to do but log. */
  readonly onError?: (error: Error) => void;
}

const NUMERIC = 1700;
const BIGINT = 20;
/** Amounts (numeric(18, 2)) and counts are exact as numbers up to 2⁵³, and every other part of Concord reckons with numbers. */
export const types = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    (oid === NUMERIC || oid === BIGINT) && format !== 'binary' ? Number : pg.types.getTypeParser(oid, format),
};

/** A request must not wait for ever on a lock, on a runaway plan, or on a program that went away in mid-transaction. */
const TIMEOUTS = {
  statement_timeout: 30_000,
  lock_timeout: 10_000,
  idle_in_transaction_session_timeout: 60_000,
};

export function dataSourceOptions(options: ConnectionOptions): DataSourceOptions {
  return {
    type: 'postgres',
    url: options.url,
    entities: options.entities,
    poolSize: options.poolSize ?? 10,
    connectTimeoutMS: 10_000,
    applicationName: options.applicationName ?? 'concord',
    poolErrorHandler: options.onError ?? (() => undefined),
    installExtensions: false,
    migrationsRun: false,
    synchronize: false,
    logging: false,
    // Queries that are asked for at once are sent at once, and answered in their order.
    extra: { pipeline: true, ...TIMEOUTS, types, idleTimeoutMillis: 60_000, keepAlive: true },
  };
}
