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
  const random = createRandom(4);
  const rows = Array.from({ length: 300 }, (_, user) => {
    const income = Math.round(1000 + 4000 * random.uniform());
    const delay = random.below(5);
    const bad = random.uniform() < 1 / (1 + Math.exp(-(1 - income / 1500 + delay / 1.5))) ? 1 : 0;
    return `L${user},${income},${delay},${bad}`;
  });
  return ['id,income,delay,bad', ...rows].join('\n');
}

const DESCRIPTOR = {
  name: 'loans',
  task: 'risk',
  users: { file: 'loans.csv', id: 'id', columns: { income: 'numeric', delay: 'numeric' } },
  label: { column: 'bad', positive: '1' },
  split: { random: { validation: 0.2, test: 0.3, seed: 1 } },
  peers: { rival: { auc: 0.5 } },
};

beforeEach(() => {
  folder = data.write({ 'loans.csv': loans(), 'loans.json': JSON.stringify(DESCRIPTOR) });
});

/** In the folder of the files, where trials are kept. */
function start(command: string, ...args: string[]): ChildProcess {
  const { PATH, HOME } = process.env;
  const loader = join(ROOT, 'node_modules/tsx/dist/loader.mjs');
  const words = ['--import', loader, join(ROOT, 'src/app/bin.ts'), command, '--descriptor', 'loans.json', ...args];
  const TSX_TSCONFIG_PATH = join(ROOT, 'tsconfig.json');
  return spawn(process.execPath, words, { cwd: folder, env: { PATH, HOME, TSX_TSCONFIG_PATH } });
}

async function run(command: string, ...args: string[]) {
  const child = start(command, ...args);
  const closed = once(child, 'close');
  const [stdout, stderr] = await Promise.all([text(child.stdout!), text(child.stderr!)]);
  const [code] = await closed;
  return { code, stdout, stderr };
}

const FILE = join('trials', 'loans-risk-logistic.jsonl');
const linesOf = () => readFileSync(join(folder, FILE), 'utf8').trim().split('\n');

describe('concord tune', () => {
  test('keeps every trial, prints them best first, tests the best, and evaluate takes its settings', async () => {
    const { code, stdout, stderr } = await run('tune', '--model', 'logistic', '--trials', '5', '--json');
    expect([code, stderr.includes('error')]).toEqual([0, false]);
    const found = JSON.parse(stdout);
    expect(found).toMatchObject({ task: 'risk', model: 'logistic', seed: 1, file: FILE, ended: 'done', looks: 1 });
    expect(found.trials).toHaveLength(5);
    expect(found.best).toEqual(found.trials[0]);
    expect(found.test).toMatchObject({ trial: found.best.trial, metrics: { auc: expect.any(Number) } });
    // What was searched; five with a third, two or three with the whole; one look at the test users.
    const kinds = linesOf().map((line) => JSON.parse(line).kind);
    expect(kinds.filter((kind) => kind === 'test')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'trial').length).toBeGreaterThan(6);
    const progress = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).progress);
    const fractions = progress.map(({ fraction }) => fraction);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(progress.some(({ figures }) => figures?.bestLoss > 0)).toBe(true);

    const again = await run('tune', '--model', 'logistic', '--trials', '5');
    expect(again.stdout).toContain('1 (usual)');
    expect(again.stdout).toContain(`--settings ${FILE}`);
    expect(linesOf()).toHaveLength(kinds.length);

    const evaluated = await run('evaluate', '--model', 'logistic', '--settings', FILE, '--json');
    const { metrics, settings } = JSON.parse(evaluated.stdout);
    expect(settings.settings).toMatchObject(found.best.settings);
    expect(metrics).toEqual(found.test.metrics);
  });

  test('ends at Ctrl-C after the current trial, and goes on from there', async () => {
    const child = start('tune', '--model', 'logistic', '--trials', '200', '--json');
    const closed = once(child, 'close');
    const printed = text(child.stdout!);
    child.stderr!.on('data', (chunk) => String(chunk).includes('trial 3 of') && child.kill('SIGINT'));
    expect((await closed)[0]).toBe(130);
    const found = JSON.parse(await printed);
    expect(found).toMatchObject({ ended: 'interrupted', test: null, best: { full: false } });
    const before = linesOf();
    expect(before.length).toBe(found.trials.length + 1);
    await run('tune', '--model', 'logistic', '--trials', '4');
    expect(linesOf().slice(0, before.length)).toEqual(before);
  });

  test('says what it cannot search, and what settings a model does not have', async () => {
    const nothing = await run('tune', '--model', 'popularity');
    expect([nothing.code, nothing.stderr]).toEqual([
      1,
      expect.stringContaining('popularity has no settings to search'),
    ]);
    const odd = await run('evaluate', '--model', 'logistic', '--settings', '{"depth": 3}');
    expect([odd.code, odd.stderr]).toEqual([1, expect.stringContaining('logistic has no setting depth')]);
    const wrong = await run('tune', '--model', 'logistic', '--trials', 'many');
    expect([wrong.code, existsSync(join(folder, 'trials'))]).toEqual([2, false]);
  });
});
