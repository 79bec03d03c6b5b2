import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { migrations } from '../../migrations/index.js';
import { applicationAddress } from '../../src/database/address.js';
import { connect } from '../../src/database/connect.js';
import { createDatabase } from '../../src/database/data-source.js';
import { migrate, migrationSource } from '../../src/database/migrate.js';
import { createTestDatabase, testServer, useTestDatabase } from '../support/database.js';
import { execute, inDatabase } from '../support/database-server.js';
import { describeSchema } from '../support/schema.js';

const SNAPSHOT = join(import.meta.dirname, 'schema.snapshot.sql');
const db = useTestDatabase();

async function schemaOf(url: string): Promise<string> {
  const client = await connect(url);
  try {
    return await describeSchema(client);
  } finally {
    await client.end();
  }
}

/** An empty database, not a copy of the template. */
async function emptyDatabase<T>(name: string, use: (url: string) => Promise<T>): Promise<T> {
  const { ownerUrl } = await testServer();
  const database = `concord_${name}_${process.pid}`;
  await execute(ownerUrl, `drop database if exists ${database}`, `create database ${database}`);
  try {
    return await use(inDatabase(ownerUrl, database));
  } finally {
    await execute(ownerUrl, `drop database ${database} with (force)`);
  }
}

test('the schema is that of the snapshot; UPDATE_SNAPSHOT=1 writes it anew, for the diff to show what a migration changes', async () => {
  const schema = await schemaOf(db.ownerUrl);
  if (process.env.UPDATE_SNAPSHOT || !existsSync(SNAPSHOT)) writeFileSync(SNAPSHOT, schema);
  expect(schema).toBe(readFileSync(SNAPSHOT, 'utf8'));
});

test('every entity reads and writes the table that the migrations made', async () => {
  const { entities } = await import('../../src/app/entities.js');
  const client = await connect(db.ownerUrl);
  const { DataSource } = await import('typeorm');
  const source = new DataSource({ type: 'postgres', url: db.appUrl, entities, installExtensions: false });
  try {
    await source.initialize();
    for (const { tableName, columns } of source.entityMetadatas) {
      const { rows } = await client.query(
        `select attname as name, not attnotnull as nullable from pg_attribute
         where attrelid = ('concord.' || $1)::regclass and attnum > 0 and not attisdropped order by attname`,
        [tableName],
      );
      const mapped = columns.map((column) => ({ name: column.databaseName, nullable: column.isNullable }));
      expect({ tableName, columns: mapped.sort((a, b) => (a.name < b.name ? -1 : 1)) }).toEqual({
        tableName,
        columns: rows,
      });
    }
  } finally {
    await source.destroy();
    await client.end();
  }
});

test('replicas that start together migrate once', async () => {
  await emptyDatabase('race', async (url) => {
    const results = await Promise.all([migrate(url), migrate(url), migrate(url)]);
    const applied = results.map((result) => result.applied.length).sort((a, b) => a - b);
    expect(applied).toEqual([0, 0, migrations.length]);
    const database = await createDatabase({ url: results[0].appUrl, entities: [] });
    expect(await database.report()).toMatchObject({ pending: [], migrations: migrations.map(({ name }) => name) });
    await database.close();
  });
});

test('databases on one server whose replicas start together do not disturb each other over the role they share', async () => {
  await emptyDatabase('one', (one) =>
    emptyDatabase('two', async (two) => {
      await Promise.all([migrate(one), migrate(two), migrate(one), migrate(two)]);
      for (const url of [one, two]) {
        const database = await createDatabase({ url: applicationAddress(url), entities: [] });
        await database.ping();
        await database.close();
      }
    }),
  );
});

test('migrations undo what they did', async () => {
  await emptyDatabase('down', async (url) => {
    await migrate(url);
    const source = migrationSource(url);
    await source.initialize();
    try {
      for (const _ of migrations) await source.undoLastMigration();
    } finally {
      await source.destroy();
    }
    const client = await connect(url);
    const { rows } = await client.query(
      `select count(*)::int as things from pg_depend where refclassid = 'pg_namespace'::regclass and refobjid = 'concord'::regnamespace`,
    );
    await client.end();
    expect(rows).toEqual([{ things: 0 }]);
    expect((await migrate(url)).applied).toHaveLength(migrations.length);
    expect(await schemaOf(url)).toBe(readFileSync(SNAPSHOT, 'utf8'));
  });
});

test('a database of a later version is refused', async () => {
  const other = await createTestDatabase();
  try {
    await execute(
      other.ownerUrl,
      `insert into concord_meta.migrations (timestamp, name) values (9, 'Later9999999999999')`,
    );
    await expect(migrate(other.ownerUrl)).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: expect.stringContaining('later version of Concord (Later9999999999999)'),
    });
  } finally {
    await other.drop();
  }
});
