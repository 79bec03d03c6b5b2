import 'reflect-metadata';
import { randomBytes, randomUUID } from 'node:crypto';
import { connect as connectTo } from 'node:net';
import { text } from 'node:stream/consumers';
import { entities } from '../../src/app/entities.js';
import { applicationAddress } from '../../src/database/address.js';
import { createDatabase } from '../../src/database/data-source.js';
import type { Database } from '../../src/database/database.js';
import { execute, inDatabase } from './database-server.js';

export interface TestDatabase {
  /** As the application role. */
  readonly database: Database;
  /** As the owner, whom row level security binds too unless it is a superuser, as it is on the embedded server. */
  readonly ownerUrl: string;
  readonly appUrl: string;
}

/**
 * A migrated, empty database for the test file that calls this at its top: made before its tests, dropped after them. It is
 * readable inside hooks and tests only.
 */
export function useTestDatabase(): TestDatabase {
  let current: TestDatabase | undefined;
  let drop = async () => {};
  beforeAll(async () => {
    const created = await createTestDatabase();
    current = created;
    drop = created.drop;
  });
  afterAll(() => drop());
  const ready = () => {
    if (!current) throw new Error('The test database exists in hooks and tests only.');
    return current;
  };
  return {
    get database() {
      return ready().database;
    },
    get ownerUrl() {
      return ready().ownerUrl;
    },
    get appUrl() {
      return ready().appUrl;
    },
  };
}

/** The same for a test that needs several, or that decides itself when to drop it. */
export async function createTestDatabase(): Promise<TestDatabase & { drop: () => Promise<void> }> {
  const { ownerUrl: server, template } = await testServer();
  const name = `concord_test_${randomBytes(6).toString('hex')}`;
  await execute(server, `create database ${name} template ${template}`);
  const ownerUrl = inDatabase(server, name);
  const appUrl = applicationAddress(ownerUrl);
  const database = await createDatabase({ url: appUrl, entities, poolSize: 5 });
  return {
    database,
    ownerUrl,
    appUrl,
    async drop() {
      await database.close();
      await execute(server, `drop database ${name} with (force)`);
    },
  };
}

/** The server of this run: see global-setup.mjs. */
export async function testServer(): Promise<{ ownerUrl: string; template: string }> {
  const answer = JSON.parse(await text(connectTo(Number(process.env.TEST_DATABASE_SERVER), '127.0.0.1')));
  if (answer.error) throw new Error(`There is no PostgreSQL for tests: ${answer.error}`);
  return answer;
}

type Row = Record<string, unknown>;

/** @returns the id of a new institution. */
export async function createInstitution(database: Database, row: Row = {}): Promise<string> {
  const code = `bank-${randomUUID().slice(0, 8)}`;
  const values = { code, name: 'A bank', kind: 'bank', country: 'DE', currency: 'EUR', ...row };
  return database.consortium((manager) => insert(manager.query.bind(manager), 'institutions', values));
}

/** @param row columns of concord.users, by their names in SQL. @returns the id of the new user. */
export async function createUser(database: Database, institutionId: string, row: Row = {}): Promise<string> {
  const values = { institution_id: institutionId, external_id: randomUUID(), attributes: {}, ...row };
  return database.tenant(institutionId, (manager) => insert(manager.query.bind(manager), 'users', values));
}

/** @param row columns of concord.products, by their names in SQL. @returns the id of the new product. */
export async function createProduct(database: Database, institutionId: string, row: Row = {}): Promise<string> {
  const code = `P-${randomUUID().slice(0, 8)}`;
  const values = {
    institution_id: institutionId,
    code,
    name: 'A fund',
    type: 'fund',
    risk_class: 3,
    currency: 'EUR',
    ...row,
  };
  return database.tenant(institutionId, (manager) => insert(manager.query.bind(manager), 'products', values));
}

type Query = (sql: string, values: unknown[]) => Promise<{ id: string }[]>;

async function insert(query: Query, table: string, row: Row): Promise<string> {
  const columns = Object.keys(row);
  const places = columns.map((_, index) => `$${index + 1}`);
  const sql = `insert into concord.${table} (${columns.join(', ')}) values (${places.join(', ')}) returning id`;
  return (await query(sql, Object.values(row)))[0].id;
}
