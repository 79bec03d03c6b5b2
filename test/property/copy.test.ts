import fc from 'fast-check';
import { type CopyRow, copyRows, encodeRow, insertRows } from '../../src/database/copy.js';
import { createInstitution, useTestDatabase } from '../support/database.js';
import { sql, until } from '../support/embedded.js';

const db = useTestDatabase();
let institutionId: string;
beforeAll(async () => {
  institutionId = await createInstitution(db.database);
});

const COLUMNS = ['place', 'name', 'number', 'flag', 'moment', 'bytes', 'document'];
const TABLE = `create temporary table staging
  (place integer, name text, number double precision, flag boolean, moment timestamptz, bytes bytea, document jsonb) on commit drop`;

/** Texts with what the format gives a meaning to, and with everything else except NUL and lone surrogates. */
const text = fc.oneof(
  fc.string({
    unit: fc.constantFrom('\\', '\t', '\n', '\r', '\b', '\f', '\v', 'N', '.', 'x', 'n', ' ', '\x01', '\x7f', '"', ','),
  }),
  fc.string({ unit: 'grapheme' }).filter((value) => !value.includes('\0')),
);
const row = fc.record({
  name: fc.option(text),
  number: fc.option(fc.double().map((value) => (value === 0 ? 0 : value))), // −0 is written as 0
  flag: fc.option(fc.boolean()),
  moment: fc.option(fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })),
  bytes: fc.option(fc.uint8Array().map((value) => Buffer.from(value))),
  document: fc.option(fc.dictionary(text, text)),
});

test('what is copied is read back as it was', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 30 }), async (rows) => {
      const read = await db.database.tenant(institutionId, async (manager) => {
        await manager.query(TABLE);
        const values = rows.map((r, place) => [place, r.name, r.number, r.flag, r.moment, r.bytes, r.document]);
        expect(await copyRows(manager, 'staging', COLUMNS, values)).toBe(rows.length);
        return manager.query('select * from staging order by place');
      });
      expect(read).toEqual(rows.map((r, place) => ({ place, ...r })));
    }),
    { numRuns: 60, seed: 18 },
  );
});

test('NUL, half a surrogate pair and dates beyond four digits are refused, and leave the connection usable', async () => {
  for (const [column, value] of [
    ['name', 'a\0b'],
    ['name', '\ud800'],
    ['moment', new Date('+010000-01-01T00:00:00Z')],
    ['moment', new Date(Number.NaN)],
    ['document', { a: '\0' }],
    ['number', 'twelve'],
  ] as const) {
    const copying = db.database.tenant(institutionId, async (manager) => {
      await manager.query(TABLE);
      await copyRows(manager, 'staging', [column], [[value]]);
    });
    await expect(copying).rejects.toMatchObject({ code: 'BAD_INPUT' });
  }
  await db.database.ping();
});

test('a source that fails in the middle leaves nothing, and its own error is what the caller gets', async () => {
  async function* failing(): AsyncGenerator<CopyRow> {
    for (let place = 0; place < 50_000; place++) yield [place, 'x'.repeat(20)];
    throw new RangeError('line 50001 is broken');
  }
  const copying = db.database.tenant(institutionId, (manager) =>
    insertRows(manager, 'concord.users', ['institution_id', 'external_id'], asUsers(failing())),
  );
  await expect(copying).rejects.toThrow('line 50001 is broken');
  expect(await db.database.read(institutionId, { text: 'select * from concord.users' })).toEqual([[]]);
});

async function* asUsers(rows: AsyncIterable<CopyRow>): AsyncGenerator<CopyRow> {
  for await (const [place] of rows) yield [institutionId, `user ${String(place)}`];
}

test('a connection that is lost in the middle is UNAVAILABLE, and the next transaction works', async () => {
  async function* interrupted(): AsyncGenerator<CopyRow> {
    yield [1, 'x'.repeat(100_000)];
    const copying = `from pg_stat_activity where query like 'copy staging%' and datname = current_database()`;
    await until(async () => (await sql(db.ownerUrl, `select ${copying}`)).length > 0);
    await sql(db.ownerUrl, `select pg_terminate_backend(pid) ${copying}`);
    for (let place = 2; ; place++) yield [place, 'x'.repeat(1000)];
  }
  const copying = db.database.tenant(institutionId, async (manager) => {
    await manager.query(TABLE);
    await copyRows(manager, 'staging', ['place', 'name'], interrupted());
  });
  await expect(copying).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await db.database.ping();
});

test('a source is read no faster than PostgreSQL takes it', async () => {
  let produced = 0;
  let held = 0;
  function* rows(): Generator<CopyRow> {
    for (; produced < 200_000; produced++) yield [produced, 'x'.repeat(100)];
  }
  await db.database.tenant(institutionId, async (manager) => {
    await manager.query(TABLE);
    const copying = copyRows(manager, 'staging', ['place', 'name'], rows());
    await new Promise(setImmediate);
    held = 200_000 - produced;
    await copying;
  });
  expect(held).toBeGreaterThan(0);
  expect(produced).toBe(200_000);
});

test('rows are inserted or merged through a table with row level security', async () => {
  const columns = ['institution_id', 'external_id', 'attributes'];
  const merge = 'on conflict (institution_id, external_id) do update set attributes = excluded.attributes';
  const insert = (value: number) =>
    db.database.tenant(institutionId, (manager) =>
      insertRows(
        manager,
        'concord.users',
        columns,
        [
          [institutionId, 'u1', { value }],
          [institutionId, 'u2', {}],
        ],
        merge,
      ),
    );
  expect([await insert(1), await insert(2)]).toEqual([2, 2]);
  const [rows] = await db.database.read(institutionId, {
    text: 'select external_id, attributes from concord.users order by external_id',
  });
  expect(rows).toEqual([
    { external_id: 'u1', attributes: { value: 2 } },
    { external_id: 'u2', attributes: {} },
  ]);
  await expect(
    db.database.tenant(institutionId, (manager) => copyRows(manager, 'concord.users; drop', ['a'], [])),
  ).rejects.toMatchObject({ code: 'BAD_INPUT' });
});

test('a line of the format', () => {
  expect(encodeRow(['a\tb\\N', null, 1.5, true, Buffer.from([1, 255]), { a: 'x\n' }])).toBe(
    'a\\tb\\\\N\t\\N\t1.5\tt\t\\\\x01ff\t{"a":"x\\\\n"}\n',
  );
});
