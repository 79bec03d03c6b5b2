import { initialState, type ServerOptimiser, serverStep } from '../../federated/aggregation/server-optimiser.js';
import { weightedMean } from '../../federated/aggregation/weighted-mean.js';
import { canonicalJson } from '../../federated/canonical-json.js';
import { ACCOUNTANT_VERSION, epsilon } from '../../federated/privacy/accountant/epsilon.js';
import { gridSigma, mechanismsOf } from '../../federated/privacy/dp-sgd.js';
import { applyRecord, type Budget, EMPTY_BUDGET, measureSpent } from '../../federated/privacy/ledger/budget.js';
import { chainEntry, entryLeaf } from '../../federated/privacy/ledger/chain.js';
import { signCheckpoint } from '../../federated/privacy/ledger/checkpoint.js';
import type { LedgerEntry, LedgerRecord } from '../../federated/privacy/ledger/entry.js';
import { inclusionProof, merkleRoot } from '../../federated/privacy/ledger/merkle.js';
import type { Mechanism } from '../../federated/privacy/mechanism.js';
import type { TrainingSettings } from '../../federated/protocol/plan.js';
import { ABOUT, ADAPTIVE, FILE, hex, KEYS, PLAN, rounded, TRAINING, uuid } from './fixtures.js';

const SETTINGS: readonly (readonly [string, TrainingSettings])[] = [
  ['flat', TRAINING],
  ['automatic', { ...TRAINING, clipping: { kind: 'automatic', norm: 2, stability: 0.01 } }],
  ['adaptive', { ...TRAINING, clipping: ADAPTIVE }],
  ['one step, as FedSGD', { ...TRAINING, samplingRate: 0.2, noiseMultiplier: 4, steps: 1 }],
  ['many steps, low rate', { ...TRAINING, samplingRate: 0.01, noiseMultiplier: 1, steps: 1000 }],
  ['everybody', { ...TRAINING, samplingRate: 1, noiseMultiplier: 20, steps: 10 }],
];
const DELTA = 1e-5;

export function mechanisms() {
  return {
    about:
      'Training settings, what one round of them is charged, and its ε: an upper bound, as privacy loss distributions and as Rényi give it.',
    tolerance: { mechanisms: 1e-12, epsilon: 1e-3 },
    delta: DELTA,
    settings: SETTINGS.map(([name, training]) => {
      const charged = mechanismsOf(training);
      const places = (value: number) => Number(value.toFixed(4));
      const spent = { pld: places(epsilon(charged, DELTA)), rdp: places(epsilon(charged, DELTA, 'rdp')) };
      return { name, training, mechanisms: charged, epsilon: spent };
    }),
    grid: [
      [1, 3],
      [1.5, 100_000],
      [3, 100_000_000],
    ].map(([noiseMultiplier, values]) => ({
      noiseMultiplier,
      values,
      sigma: rounded(gridSigma(noiseMultiplier, values)),
    })),
    refused: [
      { training: { ...TRAINING, samplingRate: 0 }, names: 'samplingRate' },
      { training: { ...TRAINING, steps: 1.5 }, names: 'steps' },
      { training: { ...TRAINING, momentum: 1 }, names: 'momentum' },
      { training: { ...TRAINING, clipping: { kind: 'flat', norm: 0 } }, names: 'clipping.norm' },
      { training: { ...TRAINING, clipping: { kind: 'none' } }, names: 'clipping.kind' },
    ],
  };
}

const OPTIMISERS: readonly ServerOptimiser[] = [
  { kind: 'momentum', learningRate: 1, momentum: 0 },
  { kind: 'momentum', learningRate: 0.5, momentum: 0.75 },
  ...(['fedadam', 'fedyogi', 'fedadagrad'] as const).map(
    (kind): ServerOptimiser => ({ kind, learningRate: 0.5, beta1: 0.75, beta2: 0.875, adaptivity: 0.125 }),
  ),
];

export async function aggregation() {
  const weights = [100, 100, 200];
  const rounds = [
    [
      [0.5, -1.25, 3],
      [1.5, 0.25, -1],
      [0.25, -0.5, 0],
    ],
    [
      [-0.5, 0.75, 0],
      [0.5, 1.25, 2],
      [0.125, -1, 1],
    ],
  ];
  const start = [1, 0, -2];
  const only = async function* (values: readonly number[]) {
    yield Float32Array.from(values);
  };
  const means: number[][] = [];
  for (const updates of rounds)
    for await (const mean of weightedMean(updates.map(only), weights)) means.push([...mean]);
  return {
    about:
      'Two rounds of three nodes: the weighted mean of their updates, and each optimiser’s parameters and memory after each round.',
    tolerance: 1e-6,
    ...{ start, weights, rounds: rounds.map((updates, round) => ({ updates, mean: means[round] })) },
    optimisers: OPTIMISERS.map((optimiser) => {
      const parameters = Float32Array.from(start);
      const state = initialState(optimiser, start.length);
      const after = means.map((mean) => {
        serverStep(optimiser, parameters, Float32Array.from(mean), state);
        const [now, first, second] = [parameters, state.first, state.second].map((v) => Array.from(v, rounded));
        return { parameters: now, first, second };
      });
      return { optimiser, after };
    }),
  };
}

const GAUSSIAN: Mechanism = { mechanism: 'gaussian', noiseMultiplier: 8, count: 1 };
const EVERYBODY: Mechanism = { mechanism: 'subsampled-gaussian', samplingRate: 1, noiseMultiplier: 20, steps: 10 };
const charge = (n: number, mechanism: Mechanism, at: string): LedgerRecord => ({
  ...{ kind: 'reserve', population: 'all', at, reservation: uuid(100 + n), mechanisms: [mechanism] },
  ...{ run: PLAN.run, round: uuid(200 + n), node: ABOUT.node },
});
const RECORDS: readonly LedgerRecord[] = [
  {
    kind: 'cap',
    population: 'all',
    at: '2026-01-01T00:00:00.000Z',
    epsilon: 3,
    delta: DELTA,
    until: '2027-01-01T00:00:00.000Z',
  },
  charge(1, GAUSSIAN, '2026-01-02T03:00:01.000Z'),
  charge(2, EVERYBODY, '2026-01-02T03:00:01.250Z'),
  {
    kind: 'commit',
    population: 'all',
    at: '2026-01-02T03:10:03.000Z',
    reservation: uuid(101),
    digest: FILE.digest,
    reason: 'accepted',
  },
  {
    kind: 'release',
    population: 'all',
    at: '2026-01-02T04:00:00.500Z',
    reservation: uuid(102),
    reason: 'round-closed',
  },
  charge(3, EVERYBODY, '2026-01-02T05:00:00.000Z'),
  { kind: 'commit', population: 'all', at: '2026-01-02T06:00:00.000Z', reservation: uuid(103), reason: 'deadline' },
];

/** So many entries of the ledger say no version of the accountant. */
const UNVERSIONED = 2;

export function ledger() {
  const institution = uuid(9);
  const entries: LedgerEntry[] = [];
  let budget: Budget = EMPTY_BUDGET;
  for (const record of RECORDS) {
    // The first were written by a version of the accountant that did not say so.
    const version = entries.length < UNVERSIONED ? {} : { accountant: ACCOUNTANT_VERSION };
    budget = applyRecord(budget, record, (charged, delta) => {
      const { pld, rdp } = measureSpent(charged, delta);
      return { pld: rounded(pld), rdp: rounded(rdp), ...version };
    });
    if (record.kind === 'cap') budget = { ...budget, spent: { pld: 0, rdp: 0, ...version } };
    entries.push(chainEntry(institution, entries.at(-1), record, budget.spent));
  }
  const leaves = entries.map(entryLeaf);
  const { coordinator } = KEYS;
  const signer = { key: coordinator.id, privateKey: coordinator.privateKey };
  const checkpoint = signCheckpoint(entries, '2026-01-03T00:00:00.000Z', signer);
  const { signature: _, ...unsigned } = checkpoint;
  const key = { type: 'key', id: coordinator.id, publicKey: coordinator.publicKey };
  const lines = [key, ...entries.map((entry) => ({ type: 'entry', ...entry })), { type: 'checkpoint', ...checkpoint }];
  return {
    about:
      'A ledger, the bytes whose SHA-256 is the hash of each entry, roots of its Merkle tree by size, the proof of each entry in the whole, and a checkpoint signed by the key "coordinator" of keys.json. export: the lines of its file. The ε of these charges have a closed form (Balle and Wang 2018). The first two entries do not say the version of the accountant: it is 1.',
    tolerance: { spent: 1e-6 },
    entries: entries.map((entry, index) => {
      const { hash: __, ...hashed } = entry;
      return { entry, hashed: canonicalJson(hashed), leaf: hex(leaves[index]) };
    }),
    roots: [0, ...leaves.keys()].map((_, size) => ({ size, root: hex(merkleRoot(leaves.slice(0, size))) })),
    proofs: leaves.map((__, index) => ({ sequence: index + 1, path: inclusionProof(leaves, index).map(hex) })),
    checkpoint: { signed: canonicalJson(unsigned), checkpoint },
    export: lines.map((line) => JSON.stringify(line)),
  };
}
