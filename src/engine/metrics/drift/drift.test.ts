import fc from 'fast-check';
import { interestDataset, riskDataset } from '../../../../test/support/synthetic.js';
import type { Dataset } from '../../data/dataset.js';
import { encodeDataset } from '../../encoders/encode.js';
import { fitContract } from '../../encoders/fit.js';
import { createRandom } from '../../layers/random.js';
import { currentCells, expectedCells } from './cells.js';
import { featureDrift } from './feature-drift.js';
import { holdingsDrift, ownershipProfile, parseOwnershipProfile } from './holdings-drift.js';
import { labelDrift, parseScoreProfile, scoreDrift, scoreProfile } from './score-profile.js';
import { shiftOf } from './stability.js';

const everyone = ({ size }: Dataset) => Int32Array.from({ length: size }, (_, user) => user);
const contractOf = (dataset: Dataset, encoding: 'piecewise' | 'bins', bins = 12) =>
  fitContract(dataset, {
    users: everyone(dataset),
    bins,
    encoding,
    holdings: dataset.ownership ? 'oneHidden' : 'none',
  });

test.each([
  'piecewise',
  'bins',
] as const)('a contract of %s inputs holds the distribution that it was fitted to', (encoding) => {
  for (const seed of [1, 2, 3]) {
    const dataset = riskDataset({ seed, size: 700 });
    const contract = contractOf(dataset, encoding);
    const encoded = encodeDataset(contract, dataset);
    contract.features.forEach((feature, place) => {
      const expected = expectedCells(feature);
      const current = currentCells(feature, encoded.positions[place]);
      expect(current.names).toEqual(expected.names);
      expect(expected.shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
      expected.shares.forEach((share, cell) => {
        expect(current.shares[cell]).toBeCloseTo(share, 5); // positions are of single precision
      });
    });
  }
});

test('the population that a contract was fitted to has not drifted, and neither has another draw of it', () => {
  const dataset = riskDataset({ size: 4000 });
  const contract = contractOf(dataset, 'piecewise');
  for (const { psi } of featureDrift(contract, dataset, dataset.size)) expect(psi).toBeLessThan(1e-6);
  for (const { psi, level } of featureDrift(contract, riskDataset({ size: 4000, seed: 2 }), dataset.size)) {
    expect(psi).toBeLessThan(0.02);
    expect(level).toBe('none');
  }
});

test('what has moved is told, with missing values and categories that are new', () => {
  const dataset = riskDataset({ size: 3000 });
  const contract = contractOf(dataset, 'piecewise');
  const moved = structuredClone(riskDataset({ size: 3000, seed: 5 }));
  const [income, delay, job] = moved.columns as [
    Dataset['columns'][0],
    Dataset['columns'][0],
    { values: Int32Array; categories: string[] },
  ];
  income.values.forEach((value, user) => {
    income.values[user] = value * 3;
  });
  for (let user = 0; user < moved.size; user += 3) delay.values[user] = Number.NaN;
  job.categories.push('astronaut');
  for (let user = 0; user < moved.size; user += 2) job.values[user] = 3;
  const drift = new Map(featureDrift(contract, moved, dataset.size).map((each) => [each.feature, each]));
  expect(drift.get('income')).toMatchObject({ level: 'alert' });
  expect(drift.get('delay')).toMatchObject({ level: 'alert', missing: { expected: null, current: 1 / 3 } });
  expect(drift.get('job')).toMatchObject({ level: 'alert', unseen: { expected: null, current: 0.5 } });
  expect(drift.get('opened.month')!.level).toBe('none');
});

test('a tail that nearly nobody was in, and a constant that no longer is one, are seen', () => {
  const size = 2000;
  const build = (rare: number, constant: number): Dataset => ({
    ...riskDataset({ size }),
    columns: [
      {
        kind: 'numeric',
        name: 'rare',
        values: Float64Array.from({ length: size }, (_, user) => (user % rare === 0 ? 1 : 0)),
      },
      { kind: 'numeric', name: 'constant', values: new Float64Array(size).fill(constant) },
    ],
  });
  const contract = contractOf(build(100, 5), 'piecewise');
  const drift = new Map(featureDrift(contract, build(3, 7), size).map((each) => [each.feature, each]));
  expect(drift.get('rare')).toMatchObject({ level: 'alert', beyond: 0 });
  expect(drift.get('constant')).toMatchObject({ level: 'alert', beyond: 1 });
  for (const { psi } of featureDrift(contract, build(100, 5), size)) expect(psi).toBeLessThan(1e-9);
});

test('what few users show may be chance, and is no alert', () => {
  const dataset = riskDataset({ size: 3000 });
  const few = featureDrift(contractOf(dataset, 'piecewise'), riskDataset({ size: 15, seed: 9 }), dataset.size);
  for (const { psi, chance, level } of few) if (psi <= chance) expect(level).toBe('none');
  expect(few.some(({ psi }) => psi > 0.1)).toBe(true);
});

test('holdings drift product by product', () => {
  const dataset = interestDataset({ users: 2000 });
  const contract = contractOf(dataset, 'piecewise');
  for (const { psi } of holdingsDrift(contract, dataset, dataset.size, true)) expect(psi).toBeLessThan(1e-9);
  const sold = interestDataset({ users: 2000, seed: 2 });
  const items = sold.ownership!.items.map((item) => (item === 0 ? 1 : item));
  const drift = holdingsDrift(contract, { ...sold, ownership: { ...sold.ownership!, items } }, dataset.size, true);
  expect(drift[0]).toMatchObject({ product: 'P0', current: 0, level: 'alert' });
});

test('holdings of a model that reads nothing else are compared with the profile that is stored with it', () => {
  const dataset = interestDataset({ users: 2000 });
  const contract = { version: 1 as const, features: [], products: dataset.ownership!.products, scale: 1 };
  expect(holdingsDrift(contract, dataset, dataset.size, true)).toEqual([]);
  const stored = JSON.parse(JSON.stringify(ownershipProfile(dataset, everyone(dataset), contract)));
  const profile = parseOwnershipProfile(stored, contract.products.length)!;
  for (const { psi } of holdingsDrift(contract, dataset, dataset.size, true, profile)) expect(psi).toBeLessThan(1e-9);
  const other = interestDataset({ users: 2000, seed: 2 });
  const items = other.ownership!.items.map((item) => (item === 0 ? 1 : item));
  const drift = holdingsDrift(contract, { ...other, ownership: { ...other.ownership!, items } }, 2000, true, profile);
  expect(drift[0]).toMatchObject({ product: 'P0', current: 0, level: 'alert' });
  expect(parseOwnershipProfile(stored, 3)).toBeUndefined();
  expect(parseOwnershipProfile({ users: 1, shares: [2] }, 1)).toBeUndefined();
});

test('a feature that several members read is told once', () => {
  const dataset = riskDataset();
  const contract = contractOf(dataset, 'piecewise');
  const joined = { ...contract, features: [...contract.features, ...contractOf(dataset, 'bins').features] };
  expect(featureDrift(joined, dataset, dataset.size)).toEqual(featureDrift(contract, dataset, dataset.size));
});

describe('the population stability index', () => {
  test('is 0 for equal shares, the same both ways, and never negative', () => {
    const shares = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 4, maxLength: 4 }).map((counts) => {
      const total = counts.reduce((sum, count) => sum + count, 0);
      return counts.map((count) => count / total);
    });
    const users = { expected: 1000, current: 1000 };
    fc.assert(
      fc.property(shares, shares, (a, b) => {
        expect(shiftOf(a, a, users).psi).toBe(0);
        expect(shiftOf(a, b, users).psi).toBeGreaterThanOrEqual(0);
        expect(shiftOf(a, b, users).psi).toBeCloseTo(shiftOf(b, a, users).psi, 12);
      }),
    );
  });

  test('is that of a scorecard textbook', () => {
    const { psi, level } = shiftOf([0.1, 0.2, 0.3, 0.4], [0.2, 0.2, 0.3, 0.3], { expected: 1e4, current: 1e4 });
    expect(psi).toBeCloseTo(0.1 * Math.log(2) - 0.1 * Math.log(0.75), 12);
    expect(level).toBe('none');
  });

  test('passes what chance allows in about 1 of 20 cases', () => {
    const random = createRandom(1);
    let passed = 0;
    for (let trial = 0; trial < 1000; trial++) {
      const counts = new Array<number>(10).fill(0);
      for (let user = 0; user < 500; user++) counts[random.below(10)]++;
      const shift = shiftOf(
        new Array(10).fill(0.1),
        counts.map((count) => count / 500),
        { expected: Infinity, current: 500 },
      );
      if (shift.psi > shift.chance) passed++;
    }
    expect(passed).toBeGreaterThan(25);
    expect(passed).toBeLessThan(85);
  });
});

test('scores and labels are compared with the profile that is stored with a version', () => {
  const random = createRandom(8);
  const scores = Array.from({ length: 3000 }, () => random.uniform());
  const labels = scores.map((score) => (random.uniform() < score ? 1 : 0));
  const profile = parseScoreProfile(JSON.parse(JSON.stringify(scoreProfile(scores, labels))))!;
  expect(profile.shares).toHaveLength(10);
  expect(scoreDrift(profile, scores).psi).toBeLessThan(1e-9);
  expect(
    scoreDrift(
      profile,
      scores.map((score) => score ** 2),
    ),
  ).toMatchObject({ level: 'alert' });
  expect(labelDrift(profile, labels)).toMatchObject({ psi: 0, users: 3000 });
  expect(
    labelDrift(
      profile,
      labels.map((label, user) => (user % 2 ? 1 : label)),
    ),
  ).toMatchObject({ level: 'alert' });
  expect(labelDrift(profile, [])).toBeUndefined();
  expect(parseScoreProfile({ deciles: [1], shares: [1] })).toBeUndefined();
  expect(scoreProfile([0.5, 0.5, 0.5], [0, 1, 0])).toMatchObject({ deciles: [], shares: [1] });
});
