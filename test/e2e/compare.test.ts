import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
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
  const rows = Array.from({ length: 400 }, (_, user) => {
    const income = Math.round(1000 + 4000 * random.uniform());
    const delay = random.below(5);
    const odds = 1 - income / 1500 + delay / 1.5;
    const bad = random.uniform() < 1 / (1 + Math.exp(-odds)) ? 1 : 0;
    return `L${user},${income},${delay},${['rent', 'own', '<free>'][random.below(3)]},${bad}`;
  });
  return ['id,income,delay,home,bad', ...rows].join('\n');
}

const DESCRIPTOR = {
  name: 'loans',
  title: 'Loans of <a bank> & others',
  task: 'risk',
  users: { file: 'loans.csv', id: 'id', columns: { income: 'numeric', delay: 'numeric', home: 'categorical' } },
  label: { column: 'bad', positive: '1' },
  split: { random: { validation: 0.2, test: 0.3, seed: 1 } },
  peers: { rival: { auc: 0.5 } },
};

beforeAll(() => {
  folder = data.write({ 'loans.csv': loans(), 'loans.json': JSON.stringify(DESCRIPTOR) });
});

function start(...args: string[]): ChildProcess {
  const { PATH, HOME } = process.env;
  const words = ['--import', 'tsx', 'src/app/bin.ts', 'compare', '--descriptor', join(folder, 'loans.json'), ...args];
  return spawn(process.execPath, words, { cwd: ROOT, env: { PATH, HOME } });
}

async function run(...args: string[]) {
  const child = start(...args);
  const closed = once(child, 'close');
  const [stdout, stderr] = await Promise.all([text(child.stdout!), text(child.stderr!)]);
  const [code] = await closed;
  return { code, stdout, stderr };
}

describe('concord compare', () => {
  test('gives JSON on stdout, progress as JSON lines, and the report as a page', async () => {
    const html = join(folder, 'report.html');
    const args = ['--models', 'popularity,logistic', '--resamples', '1000', '--json', '--html', html];
    const { code, stdout, stderr } = await run(...args);
    expect([code, stderr.includes('error')]).toEqual([0, false]);
    const comparison = JSON.parse(stdout);
    expect(comparison).toMatchObject({ task: 'risk', seed: 1, resamples: 1000, mainFigure: 'auc', html });
    expect(comparison.models.map(({ model }: { model: string }) => model)).toEqual(['logistic', 'popularity']);
    expect(comparison.evidence.map(({ by, users }: { by: string; users: number }) => [by, users > 50])).toEqual([
      ['cross-validation', true],
      ['test users', true],
    ]);
    const [low, high] = comparison.evidence[0].models.logistic.intervals.auc;
    expect(low).toBeGreaterThan(0.6);
    expect(high).toBeLessThan(0.95);
    expect(comparison.evidence[0].models.popularity.differences.auc.adjustedP).toBeLessThan(0.05);
    const fractions = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).progress.fraction);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    const page = readFileSync(html, 'utf8');
    expect(page).toContain('Loans of &lt;a bank&gt; &amp; others');
    expect(page).toContain('logistic is best');
    expect(page).not.toMatch(/<script|NaN|undefined/);
    const again = await run(...args);
    const { seconds: _, models, ...rest } = JSON.parse(again.stdout);
    expect(rest).toMatchObject({ evidence: comparison.evidence, data: comparison.data });
    expect(models[0].plots).toEqual(comparison.models[0].plots);
  });

  test('a model that is not there is a mistake in the command', async () => {
    const { code, stderr } = await run('--models', 'logistic,oracle');
    expect([code, stderr]).toEqual([2, expect.stringContaining('There is no model oracle')]);
  });

  test('a report that has no place is told before the work', async () => {
    const html = join(folder, 'nowhere', 'report.html');
    const { code, stderr } = await run('--models', 'popularity', '--html', html);
    expect([code, stderr]).toEqual([1, expect.stringContaining('its folder is not there')]);
  });

  test('a model that does not fit the data is an error where it is named', async () => {
    const html = join(folder, 'unfit.html');
    const { code, stderr } = await run('--models', 'popularity', '--task', 'interest', '--html', html, '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stderr.trim().split('\n').at(-1)!).error.code).toBe('BAD_INPUT');
    expect(existsSync(html)).toBe(false);
  });

  test('SIGINT cancels', async () => {
    const child = start('--models', 'logistic,dnn', '--resamples', '1000');
    const closed = once(child, 'close');
    child.stderr!.on('data', (chunk) => String(chunk).includes('training') && child.kill('SIGINT'));
    const [code] = await closed;
    expect(code).toBe(130);
  });
});
