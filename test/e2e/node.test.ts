import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from '../../federated/canonical-json.js';
import { NodeFolder } from '../../federated/node/folder.js';
import { verifyLedger } from '../../federated/privacy/ledger/verify.js';
import { readNodeKey } from '../../federated/protocol/keys.js';
import { loadDataset } from '../../src/database/import/load-dataset.js';
import { readDescriptor } from '../../src/database/import/read-descriptor.js';
import { inputsOf } from '../../src/engine/encoders/contract.js';
import { fitContract } from '../../src/engine/encoders/fit.js';
import { initialParameters, toTrainedModel } from '../../src/engine/models/federated.js';
import { type Request, TestCoordinator } from '../support/coordinator.js';
import { runConcord, temporaryFolder } from '../support/server-process.js';

/** Each test starts processes, and a machine may be busy. */
jest.setTimeout(240_000);

const ROOT = join(import.meta.dirname, '../..');
const folder = temporaryFolder();
const BANKS = ['north', 'south', 'west'];
const nodes = new Map<string, { id: string; key: string; thumbprint: string; publicKey: string }>();
const children: ChildProcess[] = [];
let contract: Readonly<Record<string, unknown>>;
let coordinator: TestCoordinator;
let url: string;

/** Made-up customers: late payers default more often. */
function csv(bank: number): string {
  const rows = Array.from({ length: 400 }, (_, user) => {
    const delay = (user * 7 + bank) % 6;
    return `${bank}-${user},${1000 + ((user * 37) % 900)},${delay},${(user * 13 + delay * 5) % 10 > 6 ? 1 : 0}`;
  });
  return ['id,income,delay,defaulted', ...rows, ''].join('\n');
}

beforeAll(async () => {
  const descriptor = {
    ...{ name: 'bank', task: 'risk', label: { column: 'defaulted', positive: 1 } },
    users: { file: 'users.csv', id: 'id', columns: { income: 'numeric', delay: 'numeric' } },
    split: { random: { validation: 0.1, test: 0.1, seed: 1 } },
  };
  for (const [index, bank] of BANKS.entries()) {
    const key = join(folder, `${bank}.pem`);
    const made = await runConcord(['node', 'keygen', '--out', key, '--json'], {});
    expect({ code: made.code, stderr: made.stderr }).toEqual({ code: 0, stderr: '' });
    const { id: thumbprint, publicKey } = JSON.parse(made.stdout);
    expect(readNodeKey(readFileSync(key, 'utf8'))).toMatchObject({ id: thumbprint, publicKey });
    nodes.set(bank, { id: randomUUID(), key, thumbprint, publicKey });
    const data = join(folder, bank);
    NodeFolder.open(data).close();
    writeFileSync(join(data, 'users.csv'), csv(index));
    writeFileSync(join(data, 'descriptor.json'), JSON.stringify(descriptor));
  }
  const read = await readDescriptor(join(folder, 'north', 'descriptor.json'));
  const { dataset } = await loadDataset(read, join(folder, 'north'));
  const users = Int32Array.from({ length: dataset.size }, (_, user) => user);
  const fitted = fitContract(dataset, { users, bins: 4, encoding: 'piecewise', holdings: 'none' });
  expect(inputsOf(fitted)).toBeGreaterThan(0);
  contract = JSON.parse(JSON.stringify(fitted));
});

beforeEach(async () => {
  const parameters = initialParameters('linear', 'risk', contract);
  const { weights } = toTrainedModel('risk', 'linear', contract, parameters);
  const keys = new Map([...nodes.values()].map((n) => [n.id, { id: n.thumbprint, publicKey: n.publicKey }]));
  coordinator = new TestCoordinator(keys, weights, { epsilon: 50, delta: 1e-5, days: 30 });
  url = await coordinator.start();
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await coordinator.stop();
  for (const { key } of nodes.values()) rmSync(`${key}.node`, { recursive: true, force: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function open(): void {
  coordinator.open({
    ...{ run: randomUUID(), round: randomUUID(), number: 1, strategy: 'fedavg', task: 'risk', population: 'all' },
    model: {
      name: 'linear',
      contract: contract as Json,
      parameters: initialParameters('linear', 'risk', contract).length,
    },
    training: {
      clipping: { kind: 'flat', norm: 1 },
      ...{ samplingRate: 0.2, expectedUsers: 300, noiseMultiplier: 1, steps: 3, learningRate: 0.1, momentum: 0 },
      proximal: 0,
    },
    normBound: 1000,
    weightStep: 100,
    deadline: new Date(Date.now() + 200_000).toISOString(),
  });
}

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(bank: string): { child: ChildProcess; ended: Promise<Ended> } {
  const { id, key } = nodes.get(bank)!;
  const args = ['node', 'run', '--coordinator', url, '--key', key, '--node', id, '--token', id, '--json'];
  const data = join(folder, bank);
  args.push('--descriptor', join(data, 'descriptor.json'), '--epsilon-cap', '50', '--delta', '1e-5');
  args.push('--rounds', '1', '--poll', '0.05', '--patience', '60');
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, CONCORD_DATA_DIR: join(folder, 'data') };
  const child = spawn(process.execPath, [join(ROOT, 'dist/src/app/bin.js'), ...args], { cwd: ROOT, env });
  children.push(child);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { child, ended };
}

function expectAgreement(bank: string): void {
  const { id, key } = nodes.get(bank)!;
  const { lines, state } = NodeFolder.look(`${key}.node`);
  const theirs = coordinator.ledgers.get(id)!.lines;
  const records = (all: readonly string[]) => all.map((line) => JSON.parse(line).record);
  expect(records(lines).map(({ kind }) => kind)).toEqual(['cap', 'reserve', 'commit']);
  expect(verifyLedger(lines).problems).toEqual([]);
  expect(verifyLedger(theirs).problems).toEqual([]);
  expect(records(lines)[1].mechanisms).toEqual(records(theirs)[1].mechanisms);
  expect(records(lines)[2].digest).toBe(records(theirs)[2].digest);
  expect(JSON.parse(lines[2]).spent).toEqual(JSON.parse(theirs[2]).spent);
  expect(state.past).toMatchObject([{ outcome: 'accepted' }]);
}

test('three nodes finish a round; their ledgers and the coordinator’s agree; status tells', async () => {
  open();
  const ended = await Promise.all(BANKS.map((bank) => start(bank).ended));
  for (const { code, stdout, stderr } of ended) {
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout).rounds).toMatchObject([{ number: 1, outcome: 'accepted' }]);
  }
  expect(coordinator.finished).toHaveLength(1);
  for (const bank of BANKS) expectAgreement(bank);
  const { id, key } = nodes.get('north')!;
  const { stdout } = await runConcord(['node', 'status', '--key', key, '--node', id, '--json'], {});
  expect(JSON.parse(stdout)).toMatchObject({ current: null, budgets: [{ population: 'all', epsilon: 50 }] });
});

const MOMENTS: [Request['kind'], 'before' | 'after'][] = [
  ['openRound', 'after'],
  ['joinRound', 'before'],
  ['joinRound', 'after'],
  ['weights', 'after'],
  ['beginContribution', 'before'],
  ['beginContribution', 'after'],
  ['put', 'before'],
  ['put', 'after'],
  ['commitContribution', 'before'],
  ['commitContribution', 'after'],
];
test.each(MOMENTS)('kill -9 of a node at %s (%s it took effect): it resumes, charged once', async (kind, moment) => {
  open();
  const first = start('north');
  coordinator.intercept = (request, when) => {
    if (request.kind !== kind || when !== moment || request.times > 1) return false;
    first.child.kill('SIGKILL');
    return true;
  };
  expect((await first.ended).signal).toBe('SIGKILL');
  const { code, stderr } = await start('north').ended;
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  expect(coordinator.updates).toHaveLength(1);
  expectAgreement('north');
});

test.each([
  [['keygen'], 2, /required option '--out/],
  [['run', '--coordinator', 'ftp://x', '--key', 'k', '--node', 'n'], 2, /Write an address/],
  [['run', '--coordinator', 'http://x', '--key', 'k', '--node', 'n'], 2, /--institution or --descriptor/],
  [
    ['run', '--coordinator', 'http://x', '--key', 'nokey', '--node', 'n', '--descriptor', 'd'],
    1,
    /nokey cannot be read/,
  ],
])('node %j ends with code %d and says why', async (args, code, message) => {
  const finished = await runConcord(['node', ...args], {});
  expect(finished).toMatchObject({ code, stdout: '' });
  expect(finished.stderr).toMatch(message);
});
