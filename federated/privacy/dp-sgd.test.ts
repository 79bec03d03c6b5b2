import type { Clipping, TrainingSettings } from '../protocol/plan.js';
import { epsilon } from './accountant/epsilon.js';
import { gridSigma, MARGIN, mechanismsOf, nominalNoise, SUMMATION } from './dp-sgd.js';
import { poissonSample } from './poisson.js';

const training = (changes: Partial<TrainingSettings> = {}): TrainingSettings => ({
  clipping: { kind: 'flat', norm: 1 },
  samplingRate: 0.2,
  expectedUsers: 1000,
  noiseMultiplier: 3,
  steps: 100,
  learningRate: 1,
  momentum: 0.9,
  proximal: 0,
  ...changes,
});

const adaptive = (countNoiseMultiplier: number): Clipping => ({
  kind: 'adaptive',
  initialNorm: 1,
  quantile: 0.5,
  learningRate: 0.2,
  countNoiseMultiplier,
});

describe('what is charged', () => {
  test('the noise less its margins, whatever the clip norm', () => {
    const expected = [
      {
        mechanism: 'subsampled-gaussian',
        samplingRate: 0.2,
        noiseMultiplier: 3 / (1 + MARGIN.rounding + MARGIN.float32),
        steps: 100,
      },
    ];
    expect(mechanismsOf(training())).toEqual(expected);
    expect(mechanismsOf(training({ clipping: { kind: 'automatic', norm: 2, stability: 0.01 } }))).toEqual(expected);
  });

  test('a calibrated multiplier comes back as what is charged', () => {
    const [charged] = mechanismsOf(training({ noiseMultiplier: nominalNoise(2.5) }));
    expect(charged.mechanism === 'subsampled-gaussian' && charged.noiseMultiplier).toBeCloseTo(2.5, 12);
  });

  test('adaptive clipping pays for its count, of the same sample', () => {
    const [alone] = mechanismsOf(training());
    const [both] = mechanismsOf(training({ clipping: adaptive(10) }));
    if (alone.mechanism !== 'subsampled-gaussian' || both.mechanism !== 'subsampled-gaussian') throw new Error('kind');
    expect(both.noiseMultiplier ** -2).toBeCloseTo(alone.noiseMultiplier ** -2 + 1 / 100, 12);
    expect(epsilon([both], 1e-5)).toBeGreaterThan(epsilon([alone], 1e-5));
  });

  test('the grid is so fine that rounding stays within its margin', () => {
    for (const [noise, values] of [
      [1, 1000],
      [3, 5_000_000],
      [0.5, 100_000_000],
    ]) {
      // √values grid units, of noise · norm ÷ gridSigma each, as a share of the norm.
      expect((Math.sqrt(values) * noise) / gridSigma(noise, values)).toBeLessThanOrEqual(MARGIN.rounding);
      expect(gridSigma(noise, values)).toBeGreaterThanOrEqual(2 ** 20);
    }
    expect(() => gridSigma(100, 100_000_000)).toThrow(RangeError);
  });

  test.each<Partial<TrainingSettings>>([
    { samplingRate: 0 },
    { samplingRate: 1.1 },
    { noiseMultiplier: 0 },
    { noiseMultiplier: Number.NaN },
    { steps: 1.5 },
    { momentum: 1 },
    { expectedUsers: 0 },
    { proximal: -1 },
    { clipping: { kind: 'flat', norm: 0 } },
    { clipping: adaptive(0) },
    { clipping: { kind: 'none' } as never },
  ])('%j is refused', (changes) => {
    expect(() => mechanismsOf(training(changes))).toThrow(RangeError);
  });
});

test('rounding stays within its margin, as its bound counts it', () => {
  const u = 2 ** -24;
  const { graphRows, blockRows, onlyBlockRows } = SUMMATION;
  const ofRows = (rows: number, block: number) => (block + 1) * rows * u;
  const full = ofRows(graphRows, blockRows);
  const smaller = ofRows(graphRows / 2, blockRows) + ofRows(onlyBlockRows, onlyBlockRows);
  const blocks = 2 * ofRows(blockRows, blockRows) + 2 * Math.max(full, smaller);
  const addingUp = 4 * (graphRows / blockRows - 1) * graphRows * u;
  const norms = 2 ** -7 + (2 ** 15 / 2) * u;
  expect(blocks + addingUp + norms).toBeLessThan(MARGIN.float32);
  // Where every graph is one block.
  expect(4 * ofRows(onlyBlockRows, onlyBlockRows)).toBeLessThan(blocks);
});

describe('Poisson sampling', () => {
  test('everybody takes part with the rate, independently of all others', () => {
    const [population, rate, rounds] = [500, 0.137, 400];
    const times = new Array<number>(population).fill(0);
    const sizes: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const sample = poissonSample(population, rate);
      for (const user of sample) times[user]++;
      expect(new Set(sample).size).toBe(sample.length);
      sizes.push(sample.length);
    }
    const expected = population * rate * rounds;
    const total = sizes.reduce((sum, size) => sum + size, 0);
    expect(Math.abs(total - expected)).toBeLessThan(6 * Math.sqrt(expected * (1 - rate)));
    for (const count of times)
      expect(Math.abs(count - rate * rounds)).toBeLessThan(7 * Math.sqrt(rate * rounds * (1 - rate)));
    // The size of a sample varies as a binomial does: a shuffled batch would not.
    const variance = sizes.reduce((sum, size) => sum + (size - population * rate) ** 2, 0) / rounds;
    const binomial = population * rate * (1 - rate);
    expect(Math.abs(variance / binomial - 1)).toBeLessThan(6 * Math.sqrt(2 / rounds));
  });

  test('every order is as likely as every other', () => {
    const rounds = 24_000;
    const seen = new Map<string, number>();
    for (let round = 0; round < rounds; round++) {
      const order = poissonSample(4, 1).join();
      seen.set(order, (seen.get(order) ?? 0) + 1);
    }
    expect(seen.size).toBe(24);
    for (const count of seen.values()) expect(Math.abs(count - rounds / 24)).toBeLessThan(6 * Math.sqrt(rounds / 24));
  });

  test('with a rate of 1 everybody, with a tiny one nobody', () => {
    expect([...poissonSample(1000, 1)].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, user) => user));
    expect(poissonSample(1000, 1e-12)).toHaveLength(0);
  });
});
