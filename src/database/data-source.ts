import type pg from 'pg';
import { DataSource, type EntityManager, type QueryRunner, TypeORMError } from 'typeorm';
import { badInput, ConcordError } from '../errors.js';
import { addressParts } from './address.js';
import { connect } from './connect.js';
import type {
  Channel,
  Database,
  DatabaseReport,
  PoolState,
  ReadQuery,
  TransactionOptions,
  Within,
} from './database.js';
import { connectionLost, databaseError, sqlState } from './errors.js';
import { createListener, type Listener } from './listener.js';
import { type ConnectionOptions, dataSourceOptions } from './options.js';
import { readReport } from './report.js';

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const CLOSE_MS = 10_000;

/**
 * Opens the pool as which the application works.
 * @param options url: of the application role, not of the owner
 * @throws {ConcordError} CONFIGURATION or UNAVAILABLE in one sentence, as `connect`; CONFIGURATION where the role could bypass
 *   row level security.
 */
export async function createDatabase(options: ConnectionOptions): Promise<Database> {
  const client = await connect(options.url, 'DATABASE_APP_URL');
  try {
    await refusePrivileged(client, options.url);
  } finally {
    await client.end();
  }
  const source = new DataSource(dataSourceOptions(options));
  try {
    await source.initialize();
  } catch (error) {
    throw error instanceof TypeORMError ? error : connectionLost(error); // an entity that is wrong is a mistake of ours
  }
  return new PostgresDatabase(source, createListener(options.url));
}

/** Row level security does not bind superusers, and an owner could switch it off: the application must be neither. */
async function refusePrivileged(client: pg.Client, url: string): Promise<void> {
  const { rows } = await client.query(
    `select rolsuper or rolbypassrls or exists (
       select from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where n.nspname = 'concord' and pg_has_role(current_user, c.relowner, 'member')) as privileged
     from pg_roles where rolname = current_user`,
  );
  if (!rows[0].privileged) return;
  const { role } = addressParts(url);
  throw new ConcordError(
    'CONFIGURATION',
    `The application must not connect as ${role}, which row level security does not bind: DATABASE_APP_URL needs a role of its own.`,
  );
}

class PostgresDatabase implements Database {
  readonly #source: DataSource;
  readonly #listener: Listener;
  readonly #underWay = new Set<Promise<unknown>>();
  #closed = false;

  constructor(source: DataSource, listener: Listener) {
    this.#source = source;
    this.#listener = listener;
  }

  async tenant<T>(
    institutionId: string,
    work: (manager: EntityManager) => Promise<T>,
    options: TransactionOptions = {},
  ): Promise<T> {
    return this.#transaction(asTenant(institutionId), work, options);
  }

  async consortium<T>(work: (manager: EntityManager) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    return this.#transaction(`select set_config('concord.consortium', 'on', true)`, work, options);
  }

  async coordinator<T>(
    work: (manager: EntityManager, within: Within) => Promise<T>,
    options: TransactionOptions = {},
  ): Promise<T> {
    return this.consortium((manager) => work(manager, withinOf(manager)), options);
  }

  async read<T extends unknown[][]>(institutionId: string, ...queries: { [K in keyof T]: ReadQuery }): Promise<T> {
    const setting = asTenant(institutionId);
    return this.#tracked(() =>
      this.#withRunner(async (_, client) => {
        const sent = [
          client.query(`begin isolation level repeatable read read only; ${setting}`),
          ...queries.map(({ text, values }) =>
            client.query({ name: statementName(text), text, values: values as unknown[] }),
          ),
          client.query('commit'),
        ];
        const results = await Promise.allSettled(sent);
        const failure = results.find((result) => result.status === 'rejected');
        if (failure) throw failure.reason;
        return (await Promise.all(sent)).slice(1, -1).map(({ rows }) => rows) as T;
      }),
    );
  }

  async listen(channel: Channel, handler: (payload: string | undefined) => void): Promise<() => Promise<void>> {
    return this.#listener.listen(channel, handler);
  }

  async ping(): Promise<void> {
    await this.#tracked(() => this.#withRunner((_, client) => client.query('select 1')));
  }

  async report(): Promise<DatabaseReport> {
    return this.#tracked(() => this.#withRunner((_, client) => readReport(client)));
  }

  pool(): PoolState {
    const { master } = this.#source.driver as unknown as { readonly master: pg.Pool };
    return { connections: master.totalCount, idle: master.idleCount, waiting: master.waitingCount };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#listener.close();
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise((resolve) => {
      timer = setTimeout(resolve, CLOSE_MS);
    });
    await Promise.race([Promise.allSettled(this.#underWay), timeout]);
    clearTimeout(timer);
    await this.#source.destroy();
  }

  async #transaction<T>(
    setting: string,
    work: (manager: EntityManager) => Promise<T>,
    { isolation, retries = 0, long = false }: TransactionOptions,
  ): Promise<T> {
    const begin = [
      isolation ? `begin isolation level ${isolation}` : 'begin',
      ...(long ? ['set local statement_timeout = 0', 'set local idle_in_transaction_session_timeout = 0'] : []),
      setting,
    ].join('; ');
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#tracked(() =>
          this.#withRunner((runner, client) => inTransaction(runner, client, begin, work)),
        );
      } catch (error) {
        if (attempt >= retries || !['40001', '40P01'].includes(sqlState(error) ?? '')) throw error;
      }
    }
  }

  /** Keeps account of what is under way, for close. */
  async #tracked<T>(run: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new ConcordError('UNAVAILABLE', 'The server is shutting down.');
    const running = run();
    this.#underWay.add(running);
    try {
      return await running;
    } finally {
      this.#underWay.delete(running);
    }
  }

  async #withRunner<T>(run: (runner: QueryRunner, client: pg.PoolClient) => Promise<T>): Promise<T> {
    const runner = this.#source.createQueryRunner();
    try {
      let client: pg.PoolClient;
      try {
        client = await runner.connect();
      } catch (error) {
        throw connectionLost(error);
      }
      return await run(runner, client);
    } catch (error) {
      throw databaseError(error);
    } finally {
      await runner.release();
    }
  }
}

/** More different texts than these are not prepared: each is kept by every connection. */
const MOST_STATEMENTS = 256;
const statements = new Map<string, string>();

/** The name under which a connection prepares a statement, so that PostgreSQL parses and plans it once; undefined: not prepared. */
function statementName(text: string): string | undefined {
  const known = statements.get(text);
  if (known !== undefined || statements.size >= MOST_STATEMENTS) return known;
  const name = `read_${statements.size + 1}`;
  statements.set(text, name);
  return name;
}

const asTenant = (institutionId: string) => {
  if (!UUID.test(institutionId)) throw badInput('This is not the id of an institution.');
  return `select set_config('concord.institution_id', '${institutionId}', true)`;
};

function withinOf(manager: EntityManager): Within {
  let open = false;
  return async (institutionId, work) => {
    if (open) throw new ConcordError('INTERNAL', "One institution's rows at a time.");
    open = true;
    await manager.query(asTenant(institutionId));
    // After an error the transaction is rolled back, and the setting with it.
    const result = await work();
    await manager.query(`select set_config('concord.institution_id', '', true)`);
    open = false;
    return result;
  };
}

/**
 * TypeORM's own startTransaction sends BEGIN alone, and its commit does not notice that PostgreSQL answers COMMIT with ROLLBACK
 * after an error that the work swallowed. Its runner is told that a transaction is active, so that save() and nested
 * transactions use savepoints.
 */
async function inTransaction<T>(
  runner: QueryRunner,
  client: pg.PoolClient,
  begin: string,
  work: (manager: EntityManager) => Promise<T>,
): Promise<T> {
  const state = runner as unknown as { isTransactionActive: boolean; transactionDepth: number };
  // Not waited for: the first statement of the work follows it on the same connection, which saves a round trip.
  const begun = raw(client, begin);
  begun.catch(() => undefined);
  state.isTransactionActive = true;
  state.transactionDepth = 1;
  try {
    const result = await work(runner.manager);
    await begun;
    const { command } = await raw(client, 'commit');
    if (command !== 'COMMIT')
      throw new ConcordError('INTERNAL', 'A statement of the transaction had failed: nothing was written.');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => undefined); // the connection is gone, and the transaction with it
    throw error;
  } finally {
    state.isTransactionActive = false;
    state.transactionDepth = 0;
  }
}

/** A statement of our own: an error without SQLSTATE can only be a connection that broke. */
async function raw(client: pg.PoolClient, text: string): Promise<pg.QueryResult> {
  try {
    return await client.query(text);
  } catch (error) {
    throw sqlState(error) ? error : connectionLost(error);
  }
}
