import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../../src/database/connect.js';
import { BANK, BANK_FILES, dataFolders } from '../support/bank-files.js';
import { useTestDatabase } from '../support/database.js';

jest.setTimeout(240_000);
const ROOT = join(import.meta.dirname, '../..');
const db = useTestDatabase();
const data = dataFolders();
let concordFolder: string;
let files: string;
let descriptor: string;

beforeAll(() => {
  concordFolder = mkdtempSync(join(tmpdir(), 'concord-e2e-'));
  files = data.write(BANK_FILES);
  descriptor = join(concordFolder, 'bank.json');
  writeFileSync(descriptor, JSON.stringify(BANK));
});
afterAll(() => rmSync(concordFolder, { recursive: true, force: true }));

/** The command line, on the database of this test. */
function start(...args: string[]): ChildProcess {
  const { PATH, HOME } = process.env;
  return spawn(process.execPath, ['--import', 'tsx', 'src/app/bin.ts', 'import', ...args], {
    cwd: ROOT,
    env: { PATH, HOME, DATABASE_URL: db.ownerUrl, CONCORD_DATA_DIR: concordFolder },
  });
}

async function run(...args: string[]) {
  const child = start(...args);
  const closed = once(child, 'close');
  const [stdout, stderr] = await Promise.all([text(child.stdout!), text(child.stderr!)]);
  const [code] = await closed;
  return { code, stdout, stderr };
}

const usual = (institution: string) => ['--descriptor', descriptor, '--data', files, '--institution', institution];

async function sql<T = Record<string, unknown>>(query: string): Promise<T[]> {
  const client = await connect(db.ownerUrl);
  try {
    return (await client.query(query)).rows;
  } finally {
    await client.end();
  }
}
const countOf = async (table: string, institution: string) =>
  (
    await sql<{ n: number }>(
      `select count(*)::int as n from concord.${table} t join concord.institutions i on i.id = t.institution_id where i.code = '${institution}'`,
    )
  )[0]!.n;

test('imports, reports, rebuilds profiles, and does nothing the second time', async () => {
  const first = await run(...usual('one'), '--create-institution', 'Bank one', '--currency', 'chf', '--json');
  expect(first).toMatchObject({ code: 0 });
  const report = JSON.parse(first.stdout);
  expect(report).toMatchObject({
    descriptor: 'test',
    institution: 'one',
    profiles: 3,
    changes: { users: { created: 4 }, events: { created: 3 } },
  });
  expect(readFileSync(report.rejectsFile, 'utf8').split('\n')[0]).toBe('file,line,reason,row');
  expect(await countOf('profiles', 'one')).toBe(3);

  const second = await run(...usual('one'));
  expect(second.code).toBe(0);
  expect(second.stdout).toMatch(/^Imported test for one in/);
  expect(second.stdout).toMatch(/users\.csv +users +7 +4 +0 +0 +3/);
  expect(second.stdout).not.toContain('Profiles rebuilt');
  expect(await countOf('imports', 'one')).toBe(2);
});

test('a dry run writes nothing; mistakes are one sentence and an exit code', async () => {
  expect(await run(...usual('nobody'))).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('There is no institution "nobody": --create-institution'),
  });
  expect(await run('--descriptor', descriptor)).toMatchObject({ code: 2 });
  expect(await run(...usual('two'), '--dry-run', '--create-institution', 'Two')).toMatchObject({ code: 2 });
  const wrong = join(concordFolder, 'wrong.json');
  writeFileSync(wrong, '{"name": "a", "task": "risky"}');
  expect(await run('--descriptor', wrong, '--institution', 'one', '--json')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('"BAD_INPUT"'),
  });
  await run(...usual('two'), '--create-institution', 'Two');
  const before = await sql('select xmin, t.* from concord.users t order by id');
  const dry = await run(...usual('two'), '--dry-run', '--rejects', join(concordFolder, 'dry.csv'));
  expect(dry).toMatchObject({ code: 0, stdout: expect.stringContaining('dry run, nothing was written') });
  expect(await sql('select xmin, t.* from concord.users t order by id')).toEqual(before);
  expect(existsSync(join(concordFolder, 'dry.csv'))).toBe(true);
});

test('kill -9 in the middle of the merge leaves nothing, and the next import is whole', async () => {
  await sql(
    `insert into concord.institutions (code, name, kind, country, currency) values ('three', 'Three', 'bank', 'DE', 'EUR')`,
  );
  const blocker = await connect(db.ownerUrl);
  await blocker.query('begin; lock table concord.behaviour_events in share mode');
  const child = start(...usual('three'));
  const ended = once(child, 'close');
  await until(
    async () =>
      (await sql(`select from pg_locks where relation = 'concord.behaviour_events'::regclass and not granted`)).length >
      0,
  );
  child.kill('SIGKILL');
  await ended;
  await blocker.query('rollback');
  await blocker.end();
  await until(
    async () =>
      (
        await sql(
          `select from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`,
        )
      ).length === 0,
  );
  for (const table of ['users', 'products', 'holdings', 'questionnaires', 'behaviour_events', 'imports']) {
    expect([table, await countOf(table, 'three')]).toEqual([table, 0]);
  }
  const again = await run(...usual('three'), '--json');
  expect(JSON.parse(again.stdout).changes).toMatchObject({
    users: { created: 4 },
    holdings: { created: 3 },
    events: { created: 3 },
  });
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(50);
}
