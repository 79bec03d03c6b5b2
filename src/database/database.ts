import type { EntityManager } from 'typeorm';

/** What a transaction's work is done with; services take the type from here, since only stores may know TypeORM. */
export type { EntityManager };

/** What is announced over PostgreSQL's NOTIFY: products changed; another model version is active; an experiment began or ended; a round has work to be done. */
export const CHANNELS = ['concord_catalogue', 'concord_models', 'concord_experiments', 'concord_rounds'] as const;
export type Channel = (typeof CHANNELS)[number];

export interface TransactionOptions {
  /** PostgreSQL's default is read committed. */
  readonly isolation?: 'repeatable read' | 'serializable';
  /**
   * The work reads and writes nothing but the database, so it may be done again, up to this many times, after a deadlock or a
   * serialisation failure. Default 0: CONFLICT at the first.
   */
  readonly retries?: number;
  /** An import or a training run: no limit on the time of a statement, nor on the time between two. */
  readonly long?: boolean;
}

/** One SELECT with its parameters, $1, $2, … */
export interface ReadQuery {
  readonly text: string;
  readonly values?: readonly unknown[];
}

export interface PoolState {
  /** Open now, in use or idle. */
  readonly connections: number;
  readonly idle: number;
  /** Calls that wait for a connection. */
  readonly waiting: number;
}

export interface DatabaseReport {
  /** As "18.4". */
  readonly version: string;
  readonly bytes: number;
  readonly migrations: readonly string[];
  /** Migrations that this program has and the database has not: it is not ready while there are any. */
  readonly pending: readonly string[];
}

/** Opens one institution's rows for a part of a coordinator's transaction. @throws {ConcordError} INTERNAL where one is open already */
export type Within = <T>(institutionId: string, work: () => Promise<T>) => Promise<T>;

/**
 * The one door to PostgreSQL for stores. Every transaction sees exactly one institution's rows, or the consortium's own.
 *
 * Errors of PostgreSQL leave it as ConcordError (see errors.ts): a value that is taken is CONFLICT, a reference to nothing or a
 * value that a check refuses is BAD_INPUT, a connection that is lost is UNAVAILABLE. `numeric` and `bigint` are read as numbers.
 */
export interface Database {
  /**
   * One transaction as the application role, in which row level security shows and accepts only the rows of this institution
   * (and reads the consortium's shared model versions).
   */
  tenant<T>(
    institutionId: string,
    work: (manager: EntityManager) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T>;
  /** One transaction that sees no institution's rows: it may write institutions and the consortium's shared model versions. */
  consortium<T>(work: (manager: EntityManager) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /**
   * The coordinator's transaction: what `consortium` may do, and inside `within(institutionId, …)` the rows of that one institution
   * too. One institution at a time: rows of two are never visible together.
   */
  coordinator<T>(
    work: (manager: EntityManager, within: Within) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T>;
  /**
   * Reads for an institution in one round trip, where `tenant` takes three: for requests that only read.
   * @returns the rows of each query, all of one snapshot.
   */
  read<T extends unknown[][]>(institutionId: string, ...queries: { [K in keyof T]: ReadQuery }): Promise<T>;
  /**
   * Calls the handler at each notification that a committed transaction sent by `notify`, and with undefined after the
   * connection was lost and made again, when some may have been missed.
   * @returns a function that ends it.
   */
  listen(channel: Channel, handler: (payload: string | undefined) => void): Promise<() => Promise<void>>;
  /** @throws {ConcordError} UNAVAILABLE when the database does not answer. */
  ping(): Promise<void>;
  /** For /readyz and `concord doctor`. */
  report(): Promise<DatabaseReport>;
  /** For /metrics. */
  pool(): PoolState;
  /** Waits for the transactions under way, ten seconds at most, and closes every connection. */
  close(): Promise<void>;
}

/** Announces within the transaction of this manager: listeners hear of it when, and only if, the transaction commits. */
export async function notify(manager: EntityManager, channel: Channel, payload = ''): Promise<void> {
  await manager.query('select pg_notify($1, $2)', [channel, payload]);
}
