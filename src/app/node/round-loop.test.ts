import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../federated/node/backoff.js';
import { NodeFolder } from '../../../federated/node/folder.js';
import { LedgerDamaged, type LedgerFile, LocalLedger } from '../../../federated/node/ledger.js';
import { NodeStopped } from '../../../federated/node/ports.js';
import { RoundLoop } from '../../../federated/node/round-loop.js';
import { verifyLedger } from '../../../federated/privacy/ledger/verify.js';
import { generateNodeKey } from '../../../federated/protocol/keys.js';
import { TestCoordinator } from '../../../test/support/coordinator.js';
import { createCoordinatorClient } from './coordinator-http.js';

const NODE = randomUUID();
const KEY = generateNodeKey();
const SIZE = 50;
const CAP = { epsilon: 100, delta: 1e-5, days: 30 };
const planOf = () => ({
  ...{ run: randomUUID(), round: randomUUID(), number: 1, strategy: 'fedavg' as const, task: 'risk' as const },
  population: 'all',
  model: { name: 'linear', contract: {}, parameters: SIZE },
  training: {
    clipping: { kind: 'flat' as const, norm: 1 },
    ...{ samplingRate: 0.1, expectedUsers: 230, noiseMultiplier: 1, steps: 2, learningRate: 0.1, momentum: 0 },
    proximal: 0,
  },
  normBound: 100,
  weightStep: 100,
  deadline: new Date(Date.now() + 600_000).toISOString(),
});

class Crash extends Error {}

let coordinator: TestCoordinator;
let url: string;
let path: string;
let trained: number;

beforeEach(async () => {
  coordinator = new TestCoordinator(new Map([[NODE, KEY]]), Buffer.from('weights'), CAP);
  url = await coordinator.start();
  path = mkdtempSync(join(tmpdir(), 'concord-node-'));
  trained = 0;
});
afterEach(async () => {
  await coordinator.stop();
  rmSync(path, { recursive: true, force: true });
});

interface Life {
  /** Dies after so many durable writes. */
  readonly writes?: number;
  readonly epsilon?: number;
  readonly train?: () => Promise<Float32Array>;
}

/** One process's life: everything is opened from the folder, and dies with it. */
async function live({ writes = Number.POSITIVE_INFINITY, epsilon = CAP.epsilon, train }: Life = {}): Promise<void> {
  const folder = NodeFolder.open(path);
  let left = writes;
  const counted = () => {
    if (--left < 0) throw new Crash();
  };
  const file: LedgerFile = {
    lines: folder.ledger.lines,
    append(line) {
      counted();
      folder.ledger.append(line);
    },
  };
  const store = {
    state: () => folder.state(),
    save: (state: Parameters<NodeFolder['save']>[0]) => {
      counted();
      folder.save(state);
    },
    keepUpdate: (round: string, update: Float32Array) => {
      counted();
      folder.keepUpdate(round, update);
    },
    keptUpdate: (round: string) => folder.keptUpdate(round),
    readUpdate: (round: string, offset: number) => folder.readUpdate(round, offset),
    dropUpdates: () => folder.dropUpdates(),
  };
  try {
    const ledger = new LocalLedger(NODE, file);
    ledger.setCap('all', { ...CAP, epsilon }, Date.now());
    const draw = async () => {
      trained++;
      return Float32Array.from(randomBytes(SIZE), (byte) => byte / 256);
    };
    await new RoundLoop({
      ...{ node: NODE, key: KEY, ledger, store, clock: systemClock, pollMs: 5, patienceMs: 2000, rounds: 1 },
      coordinator: createCoordinatorClient({ url, token: NODE }, NODE),
      trainer: { train: train ?? draw },
    }).run(new AbortController().signal);
  } finally {
    folder.close();
  }
}

const kinds = (lines: readonly string[]) => lines.map((line) => JSON.parse(line).record.kind);
const own = () => NodeFolder.look(path);

function expectOneCharge(digest: string): void {
  const { lines, state } = own();
  const { lines: theirs } = coordinator.ledgers.get(NODE)!;
  expect(kinds(lines)).toEqual(['cap', 'reserve', 'commit']);
  expect(kinds(theirs)).toEqual(['cap', 'reserve', 'commit']);
  expect(verifyLedger(lines).problems).toEqual([]);
  expect(JSON.parse(lines[2]).spent).toEqual(JSON.parse(theirs[2]).spent);
  expect(JSON.parse(lines[2]).record.digest).toBe(digest);
  expect(state).toMatchObject({ past: [{ outcome: 'accepted', digest }] });
  expect(state.current).toBeUndefined();
}

test('a round: joined, trained, charged, sent, accepted', async () => {
  coordinator.open(planOf());
  await live();
  expect(coordinator.updates).toHaveLength(1);
  expectOneCharge(coordinator.updates[0].digest);
  expect(coordinator.finished).toHaveLength(1);
});

test('killed before any durable write, it goes on from there: one update, one charge', async () => {
  for (let writes = 0; ; writes++) {
    rmSync(path, { recursive: true, force: true });
    coordinator.open(planOf());
    const { length: before } = coordinator.updates;
    const ended = await live({ writes }).catch((error: unknown) => error);
    if (ended !== undefined) {
      expect(ended).toBeInstanceOf(Crash);
      // A round that was over at the coordinator is over; a node that had not heard of it is answered as before.
      if (coordinator.round) await live();
    }
    expect(coordinator.updates).toHaveLength(before + 1);
    expect(kinds(own().lines).filter((kind) => kind !== 'cap')).toEqual(['reserve', 'commit']);
    expect(verifyLedger(own().lines).problems).toEqual([]);
    if (ended === undefined) {
      expect(writes).toBe(10);
      return;
    }
  }
});

test.each([
  'joinRound',
  'beginContribution',
  'put',
  'weights',
] as const)('an answer of %s that is lost is asked again, to the letter', async (kind) => {
  coordinator.open(planOf());
  coordinator.intercept = (request, when) => request.kind === kind && request.times === 1 && when === 'after';
  await live();
  expectOneCharge(coordinator.updates[0].digest);
  expect(trained).toBe(1);
});

test('its own cap refuses, whatever the coordinator would allow; nothing is signed', async () => {
  coordinator.open(planOf());
  await live({ epsilon: 0.01 });
  expect(own().state.past).toMatchObject([{ outcome: 'BUDGET_EXHAUSTED' }]);
  expect(coordinator.requests.map(({ kind }) => kind)).toEqual(['openRound']);
});

test('a plan that charges less than it discloses is declined', async () => {
  coordinator.open(planOf(), [{ mechanism: 'gaussian', noiseMultiplier: 100, count: 1 }]);
  await live();
  expect(own().state.past).toMatchObject([{ outcome: 'MECHANISM_MISMATCH' }]);
  expect(kinds(own().lines)).toEqual(['cap']);
});

test('where training fails the charge is given back: nothing was sent', async () => {
  coordinator.open(planOf());
  await live({ train: async () => Promise.reject(new Error('no such column')) });
  expect(own().state.past).toMatchObject([{ outcome: 'TRAINING_FAILED', message: 'no such column' }]);
  expect(kinds(own().lines)).toEqual(['cap', 'reserve', 'release']);
});

test('what the coordinator refuses after bytes were sent stays charged', async () => {
  coordinator.open({ ...planOf(), normBound: 1e-6 });
  await live();
  expect(own().state.past).toMatchObject([{ outcome: 'NORM_EXCEEDED' }]);
  expect(kinds(own().lines)).toEqual(['cap', 'reserve', 'commit']);
});

test('a ledger that was edited is not believed', async () => {
  coordinator.open(planOf());
  await live();
  const lines = own().lines.map((line) => line.replace('"epsilon":100', '"epsilon":900'));
  expect(() => new LocalLedger(NODE, { lines, append: () => undefined })).toThrow(LedgerDamaged);
});

test('a stop ends waiting at once', async () => {
  const stop = new AbortController();
  stop.abort();
  await expect(systemClock.sleep(1e6, stop.signal)).rejects.toThrow(NodeStopped);
});
