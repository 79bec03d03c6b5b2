import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { seedSmall } from '../support/consortium.js';
import { useTestDatabase } from '../support/database.js';
import { runConcord, temporaryFolder } from '../support/server-process.js';

/** Each test starts processes, and a machine may be busy. */
jest.setTimeout(240_000);

/** `concord train` as a process, on the tests' own PostgreSQL. */
const db = useTestDatabase();
const folder = temporaryFolder();
let codes: string[];

beforeAll(async () => {
  codes = (await seedSmall(db.database, 0.02)).map(({ code }) => code);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const train = (...args: string[]) =>
  runConcord(['train', ...args], {
    DATABASE_URL: db.ownerUrl,
    DATABASE_APP_URL: db.appUrl,
    CONCORD_DATA_DIR: join(folder, 'data'),
  });
const versionsOf = async (...args: string[]) => {
  const { code, stdout, stderr } = await train(...args, '--json');
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
};

test('all institutions together train shared versions; the first serves, others when asked', async () => {
  const first = await versionsOf('--task', 'interest', '--model', 'popularity');
  expect(first).toMatchObject({
    skipped: [],
    versions: [{ task: 'interest', number: 1, status: 'active', shared: true }],
  });
  expect([...first.versions[0].training.institutions].sort()).toEqual([...codes].sort());
  const second = await versionsOf('--task', 'interest', '--model', 'popularity');
  expect(second.versions[0]).toMatchObject({ number: 2, status: 'candidate', metrics: first.versions[0].metrics });
  const third = await versionsOf('--task', 'interest', '--model', 'popularity', '--activate', '--seed', '2');
  expect(third.versions[0]).toMatchObject({ number: 3, status: 'active', training: { seed: 2 } });
});

test('one institution trains its own; what there is too little of is skipped and said', async () => {
  const { versions, skipped } = await versionsOf('--task', 'all', '--model', 'popularity', '--institution', codes[0]);
  expect(versions[0]).toMatchObject({ task: 'interest', number: 1, status: 'active', shared: false });
  expect([...versions, ...skipped].map(({ task }) => task)).toEqual(['interest', 'risk']);
});

test('settings that are given are not chosen', async () => {
  const { versions } = await versionsOf(
    '--task',
    'interest',
    '--model',
    'ease',
    '--settings',
    '{"regularisation": 50}',
  );
  expect(versions[0].training).toMatchObject({ settings: { regularisation: 50 }, candidates: [expect.anything()] });
});

test.each([
  [['--task', 'nonsense', '--model', 'linear'], 2, /choices are interest, risk, all/],
  [['--task', 'risk'], 2, /required option '--model/],
  [['--task', 'risk', '--model', 'linear', '--seed', 'x'], 2, /whole number/],
  [['--task', 'all', '--model', 'linear', '--settings', '{}'], 1, /Settings are for one task/],
  [['--task', 'risk', '--model', 'linear', '--institution', 'nobody'], 1, /no institution with the code nobody/],
])('%j ends with code %d and says why', async (args, code, message) => {
  const finished = await train(...args);
  expect(finished.code).toBe(code);
  expect(finished.stderr).toMatch(message);
  expect(finished.stdout).toBe('');
});
