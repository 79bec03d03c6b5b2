import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createRandom } from '../../src/engine/layers/random.js';
import { dataFolders } from '../support/bank-files.js';

jest.setTimeout(120_000);
const ROOT = join(import.meta.dirname, '../..');
const data = dataFolders();
let folder: string;

/** Loans whose default follows from income and delay. */
function loans(): string {
  const random = createRandom(2);
  const rows = Array.from({ length: 600 }, (_, user) => {
    const income = Math.round(1000 + 4000 * random.uniform());
    const delay = random.below(5);
    const odds = 1 - income / 1500 + delay / 1.5;
    const bad = random.uniform() < 1 / (1 + Math.exp(-odds)) ? 1 : 0;
    return `L${user},${income},${delay},${['rent', 'own'][random.below(2)]},${bad}`;
  });
  return ['id,income,delay,home,bad', ...rows].join('\n');
}

const DESCRIPTOR = {
  name: 'loans',
  task: 'risk',
  users: { file: 'loans.csv', id: 'id', columns: { income: 'numeric', delay: 'numeric', home: 'categorical' } },
  label: { column: 'bad', positive: '1' },
  split: { random: { validation: 0.2, test: 0.3, seed: 1 } },
};

beforeAll(() => {
  folder = data.write({ 'loans.csv': loans(), 'loans.json': JSON.stringify(DESCRIPTOR) });
});

async function run(command: string, ...args: string[]) {
  const { PATH, HOME } = process.env;
  const words = ['--import', 'tsx', 'src/app/bin.ts', command, '--descriptor', join(folder, 'loans.json'), ...args];
  const child = spawn(process.execPath, words, { cwd: ROOT, env: { PATH, HOME } });
  const closed = once(child, 'close');
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await closed;
  return { code, stdout, stderr };
}

test('concord explain says why a user has their score, by the method that is asked for', async () => {
  const args = ['--model', 'gbdt', '--user', 'L7', '--calibration', 'platt'];
  const { code, stdout, stderr } = await run('explain', ...args, '--method', 'kernel-shap', '--json');
  expect([code, stderr.includes('"error"')]).toEqual([0, false]);
  const { user, method, explanations } = JSON.parse(stdout);
  expect([user, method, explanations.length]).toEqual(['L7', 'kernel-shap', 1]);
  const [{ base, score, probability, contributions }] = explanations;
  const sum = contributions.reduce((total: number, each: { contribution: number }) => total + each.contribution, base);
  expect(sum).toBeCloseTo(score, 6);
  expect(probability).toBeCloseTo(1 / (1 + Math.exp(-score)), 9);
  expect(contributions.map(({ feature }: { feature: string }) => feature).sort()).toEqual(['delay', 'home', 'income']);
});

test('concord explain refuses a user who is not there, and a method that the model does not have', async () => {
  const nobody = await run('explain', '--model', 'popularity', '--user', 'X', '--json');
  expect(nobody.code).toBe(1);
  expect(nobody.stderr).toContain('no user X');
  const inexact = await run('explain', '--model', 'random-forest', '--user', 'L1', '--method', 'expected-gradients');
  expect(inexact.code).toBe(1);
  expect(inexact.stderr).toContain('for networks');
});

test('concord scorecard shows its table and writes it', async () => {
  const file = join(folder, 'card.csv');
  const { code, stdout, stderr } = await run('scorecard', '--output', file, '--shape', 'income=falling', '--json');
  expect([code, stderr.includes('"error"')]).toEqual([0, false]);
  const { metrics, scorecard } = JSON.parse(stdout);
  expect(metrics.auc).toBeGreaterThan(0.65);
  const lines = readFileSync(file, 'utf8').trimEnd().split('\r\n');
  expect(lines[0]).toBe('characteristic,attribute,points,share,event rate,woe,iv');
  expect(lines).toHaveLength(scorecard.attributes.length + 1);
  const income = scorecard.attributes.filter(
    ({ characteristic, attribute }: { characteristic: string; attribute: string }) =>
      characteristic === 'income' && attribute !== 'anything else',
  );
  const points = income.map((each: { points: number }) => each.points);
  expect(points).toEqual([...points].sort((a, b) => a - b));
  const wrong = await run('scorecard', '--shape', 'income=wild');
  expect(wrong.code).toBe(2);
});
