import type pg from 'pg';
import { connect } from '../../src/database/connect.js';
import { createInstitution, useTestDatabase } from '../support/database.js';
import { CONSORTIUM_FIXTURES, FIXTURES, type Tenant } from '../support/fixtures.js';
import { tablesOf } from '../support/schema.js';

const db = useTestDatabase();
let owner: pg.Client;
let application: pg.Client;
let tables: string[];
let a: Tenant;
let b: Tenant;

beforeAll(async () => {
  owner = await connect(db.ownerUrl);
  application = await connect(db.appUrl);
  tables = await tablesOf(owner);
  await consortiumRows();
  [a, b] = [await tenantWithRows(), await tenantWithRows()];
});
afterAll(() => Promise.all([owner.end(), application.end()]));

/** Tables without an institution: the consortium's. */
const CONSORTIUM = Object.keys(CONSORTIUM_FIXTURES);

async function consortiumRows(): Promise<void> {
  const other: Tenant = { institution_id: await createInstitution(db.database) };
  await versionOf(other);
  const rows = CONSORTIUM.map((table) => insert(table, CONSORTIUM_FIXTURES[table](other.model_version_id!)));
  await db.database.consortium(async (manager) => {
    for (const { text, values } of rows) await manager.query(text, values);
  });
}

/** An institution with a row in every table, written as the application writes. */
async function tenantWithRows(): Promise<Tenant> {
  const tenant: Tenant = { institution_id: await createInstitution(db.database) };
  await asApplication(tenant.institution_id, async (client) => {
    for (const [table, fixture] of Object.entries(FIXTURES)) {
      const { text, values } = insert(table, fixture(tenant));
      if (table !== 'institutions') await client.query(text, values);
    }
  });
  return tenant;
}

/** A further model version with its weights, from now on the one that the tenant's fixtures name. */
function versionOf(tenant: Tenant): Promise<void> {
  const rows = ['model_versions', 'model_weights'].map((table) => insert(table, FIXTURES[table](tenant)));
  return asApplication(tenant.institution_id, async (client) => {
    for (const { text, values } of rows) await client.query(text, values);
  });
}

type Sql = { text: string; values: unknown[] };

function insert(table: string, row: Record<string, unknown>): Sql {
  const columns = Object.keys(row);
  const places = columns.map((_, index) => `$${index + 1}`);
  return {
    text: `insert into concord.${table} (${columns}) values (${places})`,
    values: Object.values(row),
  };
}

const inTenant = (tenant: Tenant | undefined, { text, values }: Sql) =>
  asApplication(tenant?.institution_id, async (client) => client.query(text, values));

/** A transaction as the application role, past src/database: what is proven holds for any program that has its password. */
async function asApplication<T>(
  institutionId: string | undefined,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  await application.query('begin');
  try {
    if (institutionId)
      await application.query(`select set_config('concord.institution_id', $1, true)`, [institutionId]);
    return await work(application);
  } catch (error) {
    await application.query('rollback');
    throw error;
  } finally {
    await application.query('commit');
  }
}

const isOwned = (table: string) => table !== 'institutions' && !CONSORTIUM.includes(table);

/** The column that says whose a row is. */
const key = (table: string) => (table === 'institutions' ? 'id' : 'institution_id');
const INSUFFICIENT_PRIVILEGE = { code: '42501' };

test('every table has a fixture here: whoever adds a table proves its policy', () => {
  expect([...Object.keys(FIXTURES), ...CONSORTIUM].sort()).toEqual(tables);
  expect(tables.length).toBeGreaterThanOrEqual(13);
});

test('row level security is on and forced on every table, and every table names an institution', async () => {
  const { rows } = await owner.query(
    `select c.relname as "table", c.relrowsecurity and c.relforcerowsecurity as forced,
       exists (select from pg_policy p where p.polrelid = c.oid) as policies
     from pg_class c where c.relkind in ('r', 'p') and c.relnamespace = 'concord'::regnamespace order by 1`,
  );
  expect(rows).toEqual(tables.map((table) => ({ table, forced: true, policies: true })));
  const { rows: named } = await owner.query(
    `select table_name from information_schema.columns
     where table_schema = 'concord' and column_name = 'institution_id' order by 1`,
  );
  expect(named.map((row) => row.table_name)).toEqual(tables.filter(isOwned));
});

test('there is nothing else in the schema through which rows could be read: no view, no function of the owner that returns anything', async () => {
  const { rows: views } = await owner.query(
    `select relname from pg_class where relkind in ('v', 'm', 'f') and relnamespace = 'concord'::regnamespace`,
  );
  const { rows: functions } = await owner.query(
    `select proname, prorettype::regtype::text as returns from pg_proc
      where prosecdef and pronamespace in ('concord'::regnamespace, 'concord_meta'::regnamespace)`,
  );
  // The one function of the owner returns nothing and takes nothing: it runs ANALYZE.
  expect([views, functions]).toEqual([[], [{ proname: 'refresh_statistics', returns: 'void' }]]);
});

test('the application role is no superuser, bypasses nothing, owns nothing and belongs to no other role', async () => {
  const { rows } = await asApplication(undefined, (client) =>
    client.query(
      `select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,
         (select count(*)::int from pg_auth_members where member = r.oid) as memberships,
         (select count(*)::int from pg_class where relowner = r.oid) as tables,
         (select count(*)::int from pg_namespace where nspowner = r.oid) as schemas,
         has_schema_privilege('concord', 'create') as creates
       from pg_roles r where rolname = current_user`,
    ),
  );
  expect(rows).toEqual([
    {
      rolsuper: false,
      rolbypassrls: false,
      rolcreaterole: false,
      rolcreatedb: false,
      rolreplication: false,
      memberships: 0,
      tables: 0,
      schemas: 0,
      creates: false,
    },
  ]);
});

test.each(Object.keys(FIXTURES))('%s: an institution has its own rows, and none of another', async (table) => {
  const mine = await inTenant(a, { text: `select ${key(table)} as owner from concord.${table}`, values: [] });
  expect(new Set(mine.rows.map((row) => row.owner))).toEqual(new Set([a.institution_id]));
  const theirs = await inTenant(a, {
    text: `select from concord.${table} where ${key(table)} = $1`,
    values: [b.institution_id],
  });
  expect(theirs.rowCount).toBe(0);
});

test.each(Object.keys(FIXTURES))('%s: an institution cannot write a row of another', async (table) => {
  const row = table === 'institutions' ? FIXTURES.institutions({ institution_id: '' }) : FIXTURES[table]({ ...b });
  await expect(inTenant(a, insert(table, row))).rejects.toMatchObject(INSUFFICIENT_PRIVILEGE);
  const give = { text: `update concord.${table} set ${key(table)} = $1`, values: [b.institution_id] };
  if (table === 'institutions') expect((await inTenant(a, give)).rowCount).toBe(0);
  else await expect(inTenant(a, give)).rejects.toMatchObject(INSUFFICIENT_PRIVILEGE);
});

/** Nobody changes a row of these, not even of their own. */
const APPEND_ONLY = ['ledger_entries', 'ledger_checkpoints', 'refusals', 'oversight_reports'];
/** Of these the application may not even try all changes. */
const RESTRICTED = [
  'nodes',
  'node_keys',
  'contributions',
  'update_chunks',
  'model_versions',
  'model_weights',
  'experiments',
  'experiment_variants',
  'model_participants',
  'erasures',
  'erasure_models',
];

/** Refused, or without any effect. */
const changesNothing = async (attempt: ReturnType<typeof inTenant>) => {
  const outcome = await attempt.then(
    ({ rowCount }) => rowCount,
    ({ code }) => code,
  );
  expect([0, INSUFFICIENT_PRIVILEGE.code]).toContain(outcome);
};

test.each(Object.keys(FIXTURES))('%s: an institution cannot change or delete a row of another', async (table) => {
  const before = await count(table);
  for (const text of [
    `update concord.${table} set ${key(table)} = ${key(table)} where ${key(table)} = $1`,
    `delete from concord.${table} where ${key(table)} = $1`,
  ]) {
    const attempt = inTenant(a, { text, values: [b.institution_id] });
    if (APPEND_ONLY.includes(table)) await expect(attempt).rejects.toMatchObject(INSUFFICIENT_PRIVILEGE);
    else if (RESTRICTED.includes(table)) await changesNothing(attempt);
    else expect((await attempt).rowCount).toBe(0);
  }
  expect(await count(table)).toBe(before);
  await expect(inTenant(a, { text: `truncate concord.${table}`, values: [] })).rejects.toMatchObject(
    INSUFFICIENT_PRIVILEGE,
  );
});

const count = async (table: string) =>
  (await inTenant(b, { text: `select count(*) as n from concord.${table}`, values: [] })).rows[0].n;

test.each(Object.keys(FIXTURES))('%s: without an institution nothing is seen and nothing is written', async (table) => {
  expect((await inTenant(undefined, { text: `select from concord.${table}`, values: [] })).rowCount).toBe(0);
  const deletion = inTenant(undefined, { text: `delete from concord.${table}`, values: [] });
  if (APPEND_ONLY.includes(table)) await expect(deletion).rejects.toMatchObject(INSUFFICIENT_PRIVILEGE);
  else if (RESTRICTED.includes(table)) await changesNothing(deletion);
  else expect((await deletion).rowCount).toBe(0);
  const row = table === 'institutions' ? FIXTURES.institutions({ institution_id: '' }) : FIXTURES[table]({ ...a });
  await expect(inTenant(undefined, insert(table, row))).rejects.toMatchObject(INSUFFICIENT_PRIVILEGE);
});

test('the setting ends with its transaction: the next one on the same connection sees nothing', async () => {
  await asApplication(a.institution_id, async (client) => {
    await client.query('commit');
    expect((await client.query('select from concord.users')).rowCount).toBe(0);
    await client.query('begin');
    expect((await client.query('select from concord.users')).rowCount).toBe(0);
  });
});

test('every foreign key between tables of institutions carries the institution, on both sides', async () => {
  const { rows } = await owner.query(
    `select c.conrelid::regclass::text as "from", c.confrelid::regclass::text as "to",
       (select array_agg(a.attname::text order by k) from unnest(c.conkey) with ordinality u(n, k)
          join pg_attribute a on a.attrelid = c.conrelid and a.attnum = u.n) as columns,
       (select array_agg(a.attname::text order by k) from unnest(c.confkey) with ordinality u(n, k)
          join pg_attribute a on a.attrelid = c.confrelid and a.attnum = u.n) as refers
     from pg_constraint c where c.contype = 'f' and c.connamespace = 'concord'::regnamespace`,
  );
  const name = (table: string) => table.replace('concord.', '');
  for (const { from, to, columns, refers } of rows) {
    if (CONSORTIUM.includes(name(from)) || CONSORTIUM.includes(name(to))) continue; // no institution's, readable by all
    if (name(to) === 'institutions') expect(columns).toEqual(['institution_id']);
    // "of the same institution, or shared" is no foreign key: a trigger checks it, proven below.
    else if (name(to) === 'model_versions') expect(TRIGGERED).toContain(name(from));
    else {
      const at = columns.indexOf('institution_id');
      expect({ from, to, refers: refers[at] }).toEqual({ from, to, refers: 'institution_id' });
    }
  }
  const bound = new Set(rows.filter(({ columns }) => columns.includes('institution_id')).map(({ from }) => name(from)));
  expect([...bound].sort()).toEqual(tables.filter(isOwned));
});

const TRIGGERED = [
  'model_weights',
  'risk_assessments',
  'recommendations',
  'experiment_variants',
  'oversight_reports',
  'erasure_models',
];

test.each(TRIGGERED)("%s cannot refer to another institution's model version", async (table) => {
  const theirs = { ...b };
  await versionOf(theirs);
  const place = {
    model_weights: { sequence: 1 },
    experiment_variants: { name: 'other', position: 2 },
    erasure_models: { position: 1 },
  }[table]; // the first is there already
  const own = { ...FIXTURES[table]({ ...a }), model_version_id: theirs.model_version_id, ...place };
  await expect(inTenant(a, insert(table, own))).rejects.toMatchObject({ code: '23503' });
  const update = { text: `update concord.${table} set model_version_id = $1`, values: [theirs.model_version_id] };
  const refusal = [...RESTRICTED, ...APPEND_ONLY].includes(table) ? INSUFFICIENT_PRIVILEGE : { code: '23503' };
  await expect(inTenant(a, update)).rejects.toMatchObject(refusal);
});

test.each([
  ['questionnaires', 'user_id'],
  ['profiles', 'user_id'],
  ['holdings', 'user_id'],
  ['holdings', 'product_id'],
  ['behaviour_events', 'user_id'],
  ['behaviour_events', 'product_id'],
  ['risk_assessments', 'user_id'],
  ['risk_assessments', 'product_id'],
  ['recommendations', 'user_id'],
  ['feedback', 'recommendation_id'],
  ['feedback', 'user_id'],
  ['feedback', 'product_id'],
])("%s.%s cannot refer to another institution's row", async (table, column) => {
  // Questionnaires and profiles are keyed by the user: a user of theirs who has none, lest the key be taken.
  const theirs = { ...b };
  await inTenant(b, insert('users', FIXTURES.users(theirs)));
  const update = { text: `update concord.${table} set ${column} = $1`, values: [theirs[column as keyof Tenant]] };
  await expect(inTenant(a, update)).rejects.toMatchObject({ code: '23503' });
});

describe('the shared model', () => {
  const shared: Tenant = { institution_id: null as unknown as string };

  test('is written by the consortium only, and read by every institution', async () => {
    const version = insert('model_versions', { ...FIXTURES.model_versions(shared), institution_id: null });
    const weights = insert('model_weights', { ...FIXTURES.model_weights(shared), institution_id: null });
    await expect(inTenant(a, version)).rejects.toMatchObject(INSUFFICIENT_PRIVILEGE);
    await db.database.consortium(async (manager) => {
      await manager.query(version.text, version.values);
      await manager.query(weights.text, weights.values);
    });
    for (const table of ['model_versions', 'model_weights']) {
      const seen = await inTenant(a, { text: `select from concord.${table} where institution_id is null`, values: [] });
      expect(seen.rowCount).toBe(1);
      await changesNothing(
        inTenant(a, { text: `delete from concord.${table} where institution_id is null`, values: [] }),
      );
      expect((await inTenant(undefined, { text: `select from concord.${table}`, values: [] })).rowCount).toBe(0);
    }
  });

  test('may be what an assessment or a recommendation was computed with', async () => {
    for (const table of ['risk_assessments', 'recommendations']) {
      await inTenant(a, insert(table, { ...FIXTURES[table]({ ...a }), model_version_id: shared.model_version_id }));
    }
  });

  test("the consortium sees no institution's rows", async () => {
    for (const table of tables.filter(isOwned)) {
      const rows = await db.database.consortium((manager) =>
        manager.query(`select from concord.${table} where institution_id is not null`),
      );
      expect({ table, rows }).toEqual({ table, rows: [] });
    }
  });
});

describe("the consortium's runs and rounds", () => {
  test.each(CONSORTIUM)('%s: read by every member, written by none, not seen without an institution', async (table) => {
    expect((await inTenant(a, { text: `select from concord.${table}`, values: [] })).rowCount).toBe(1);
    expect((await inTenant(undefined, { text: `select from concord.${table}`, values: [] })).rowCount).toBe(0);
    const row = insert(table, CONSORTIUM_FIXTURES[table](a.model_version_id!));
    await expect(inTenant(a, row)).rejects.toMatchObject(INSUFFICIENT_PRIVILEGE);
  });
});

describe("the coordinator's transaction", () => {
  const owners = (table: string) =>
    `select distinct institution_id as owner from concord.${table} where institution_id is not null`;

  test.each(
    Object.keys(FIXTURES).filter(isOwned),
  )('%s: one institution at a time, and none outside of it', async (table) => {
    await db.database.coordinator(async (manager, within) => {
      expect(await manager.query(owners(table))).toEqual([]);
      for (const { institution_id } of [a, b])
        expect(await within(institution_id, () => manager.query(owners(table)))).toEqual([{ owner: institution_id }]);
      expect(await manager.query(owners(table))).toEqual([]);
    });
  });

  test('it opens no second institution inside the first, and writes no row of another', async () => {
    const nested = db.database.coordinator((manager, within) =>
      within(a.institution_id, () => within(b.institution_id, () => manager.query('select 1'))),
    );
    await expect(nested).rejects.toMatchObject({ code: 'INTERNAL' });
    const { text, values } = insert('users', FIXTURES.users({ ...b }));
    const foreign = db.database.coordinator((manager, within) =>
      within(a.institution_id, () => manager.query(text, values)),
    );
    await expect(foreign).rejects.toThrow();
  });
});
