import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createRandom } from '../../src/engine/layers/random.js';
import { seedSmall } from '../support/consortium.js';
import { useTestDatabase } from '../support/database.js';
import { temporaryFolder } from '../support/server-process.js';

/** Each test starts processes, and a machine may be busy. */
jest.setTimeout(240_000);

/** `concord fairness`, `drift` and `model-card` as processes, on files and on the tests' own PostgreSQL. */
const db = useTestDatabase();
const folder = temporaryFolder();
const file = (name: string) => join(folder, name);
let bank: string;

beforeAll(async () => {
  bank = (await seedSmall(db.database, 0.06))[0].code;
  writeBank('then', 1);
  writeBank('now', 3);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A bank's customers, whose income is that many times as high, with a descriptor. */
function writeBank(name: string, times: number): void {
  const random = createRandom(7 * times);
  const rows = Array.from({ length: 600 }, (_, user) => {
    const income = Math.round(times * Math.exp(7 + random.normal()));
    const sex = random.uniform() < 0.5 ? 'm' : 'f';
    const bad = random.uniform() < (income < times * 1100 ? 0.5 : 0.1) ? 1 : 0;
    return [user, income, sex, 20 + random.below(60), bad].join();
  });
  writeFileSync(file(`${name}.csv`), ['id,income,sex,age,bad', ...rows].join('\n'));
  const descriptor = {
    ...{ name, task: 'risk' },
    users: {
      ...{ file: `${name}.csv`, id: 'id' },
      columns: {
        income: 'numeric',
        sex: { type: 'categorical', protected: true },
        age: { type: 'numeric', protected: true },
      },
    },
    label: { column: 'bad', positive: 1 },
  };
  writeFileSync(file(`${name}.json`), JSON.stringify(descriptor));
}

const ROOT = join(import.meta.dirname, '../..');

/** From the sources: nothing has to be built. */
async function run(...args: string[]) {
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, DATABASE_URL: db.ownerUrl, DATABASE_APP_URL: db.appUrl, CONCORD_DATA_DIR: file('data') };
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/app/bin.ts', ...args], { cwd: ROOT, env });
  const closed = once(child, 'close');
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await closed;
  return { code: code as number, stdout, stderr };
}
async function answer(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...args);
  expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
  return stdout;
}

test('fairness of files: figures by group, and by what they would change; its output makes a card', async () => {
  const fairness = ['fairness', '--descriptor', file('then.json'), '--model', 'gbdt', '--json'];
  const shown = JSON.parse(await answer(...fairness, '--mitigate', 'thresholds'));
  expect(shown).toMatchObject({
    task: 'risk',
    attributes: [
      { attribute: 'sex', readByModel: false },
      { attribute: 'age', readByModel: false },
    ],
    fairness: { users: 600, smallestGroup: 20 },
  });
  expect(shown.fairness.attributes[1].groups.map(({ group }: { group: string }) => group)).toContain('62 and more');
  expect(shown.mitigated.byGroup).toHaveLength(2);
  writeFileSync(file('fairness.json'), JSON.stringify(shown));
  const card = await answer('model-card', '--evaluation', file('fairness.json'));
  expect(card).toContain('# Model card: risk, gbdt');
  expect(card).toContain('| age | 62 and more |');
  const reweighed = JSON.parse(await answer(...fairness, '--mitigate', 'reweighing', '--attribute', 'sex'));
  expect(reweighed.reweighed).toMatchObject({ attribute: 'sex', fairness: { users: 600 } });
});

test('drift of files: what has moved is first', async () => {
  const drift = JSON.parse(
    await answer('drift', '--descriptor', file('then.json'), '--against', file('now.json'), '--json'),
  );
  expect(drift).toMatchObject({ level: 'alert', users: 600, trainedOn: 600 });
  expect(drift.features[0]).toMatchObject({ feature: 'income', level: 'alert' });
});

test('a version of stored users is measured, and its card has what was measured', async () => {
  await answer('train', '--task', 'risk', '--model', 'logistic', '--institution', bank, '--json');
  const { fairness } = JSON.parse(await answer('fairness', '--institution', bank, '--threshold', '0.2', '--json'));
  expect(fairness).toMatchObject({ task: 'risk', threshold: 0.2 });
  expect(JSON.parse(await answer('drift', '--institution', bank, '--json')).features.length).toBeGreaterThan(5);
  const card = JSON.parse(await answer('model-card', 'risk', '--institution', bank, '--format', 'json'));
  expect(card).toMatchObject({
    version: { model: 'logistic', owner: 'institution' },
    fairness: { threshold: 0.2 },
    drift: { users: fairness.users },
  });
});

test.each([
  [['fairness', '--model', 'gbdt'], /Name a descriptor of files, or an institution/],
  [['fairness', '--descriptor', 'then.json'], /Name the model/],
  [['drift'], /Name an institution .* or a descriptor/],
  [['drift', '--descriptor', 'then.json'], /has no split/],
  [['model-card'], /Name a version/],
  [['model-card', '--evaluation', 'then.csv'], /cannot be read as JSON/],
  [['model-card', 'nonsense'], /id/],
])('%j is refused in a sentence', async (args, message) => {
  const finished = await run(...args.map((arg) => (/^then\./.test(arg) ? file(arg) : arg)));
  expect(finished.code).toBe(1);
  expect(finished.stderr).toMatch(message);
  expect(finished.stdout).toBe('');
});
