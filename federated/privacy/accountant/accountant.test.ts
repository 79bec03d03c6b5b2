import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Mechanism } from '../mechanism.js';
import { calibrateNoise, calibrateSamplingRate, calibrateSteps } from './calibrate.js';
import { epsilon } from './epsilon.js';
import { normalCdf } from './normal.js';
import { renyiDivergence } from './renyi.js';

const dpSgd = (samplingRate: number, noiseMultiplier: number, steps: number): Mechanism => ({
  mechanism: 'subsampled-gaussian',
  samplingRate,
  noiseMultiplier,
  steps,
});

/** δ of one step in closed form: the hockey-stick divergence of both directions. */
function oneStepDelta(q: number, sigma: number, eps: number): number {
  const crossing = (y: number) => sigma * sigma * Math.log((y - (1 - q)) / q) + 0.5;
  const upper = (x: number) => (1 - q) * normalCdf(-x / sigma) + q * normalCdf((1 - x) / sigma);
  const x = crossing(Math.exp(eps));
  const remove = upper(x) - Math.exp(eps) * normalCdf(-x / sigma);
  if (Math.exp(-eps) <= 1 - q) return remove;
  const y = crossing(Math.exp(-eps));
  return Math.max(remove, normalCdf(y / sigma) - Math.exp(eps) * (1 - upper(y)));
}

describe('privacy loss distributions', () => {
  test.each([
    [0.001, 1, 1e-5],
    [0.01, 0.6, 1e-6],
    [0.1, 1, 1e-5],
    [0.5, 2, 1e-3],
    [0.9, 0.8, 1e-9],
  ])('one step at q = %d, σ = %d, δ = %d agrees with the closed form, and is never below', (q, sigma, delta) => {
    const answer = epsilon([dpSgd(q, sigma, 1)], delta);
    expect(oneStepDelta(q, sigma, answer)).toBeLessThanOrEqual(delta * (1 + 1e-9));
    expect(oneStepDelta(q, sigma, answer - 1e-3)).toBeGreaterThan(delta);
  });

  // Microsoft's prv_accountant 0.2.0 and Google's dp_accounting 0.6.0 agree on these to 4e-5.
  test.each([
    [0.001, 0.5, 1000, 3.238878],
    [0.01, 1, 1000, 1.828237],
    [0.01, 4, 10_000, 0.946868],
    [0.05, 2, 1000, 3.699737],
    [0.1, 4, 10_000, 13.498395],
  ])('q = %d, σ = %d, %d steps: as other accountants say, from above', (q, sigma, steps, expected) => {
    const answer = epsilon([dpSgd(q, sigma, steps)], 1e-5);
    expect(answer).toBeGreaterThan(expected - 5e-5);
    expect(answer).toBeLessThan(expected + 1e-3);
  });

  // By an independent accountant: masses on two million points that keep the mean loss, raised to the power by numpy.
  test.each([
    [[dpSgd(0.01, 1, 10_000)], 1e-10, 9.316139],
    [[dpSgd(0.001, 0.7, 10_000)], 1e-12, 4.504274],
    [[dpSgd(0.1, 2, 1000)], 1e-12, 13.461215],
    [[dpSgd(0.02, 1.1, 400), dpSgd(0.02, 10, 400), dpSgd(0.3, 5, 20)], 1e-9, 3.661188],
    [[dpSgd(0.001, 1, 20)], 1e-8, 0.142294],
  ])('%j at the small δ = %d: as near as elsewhere', (mechanisms, delta, expected) => {
    const answer = epsilon(mechanisms, delta);
    expect(answer).toBeGreaterThan(expected - 2e-5);
    expect(answer).toBeLessThan(expected + 1e-3);
  });

  test('Laplace releases: pure ε but for δ, which buys a little of the randomised response at the ends', () => {
    const laplace = (scale: number, count: number): Mechanism => ({ mechanism: 'laplace', scale, count });
    for (const [scale, count, expected] of [
      [0.5, 1, 1.99998],
      [1, 10, 9.989962],
      [2, 100, 28.501646],
    ]) {
      const answer = epsilon([laplace(scale, count)], 1e-5);
      expect(answer).toBeGreaterThan(expected - 1e-6);
      expect(answer).toBeLessThan(expected + 1e-3);
    }
  });

  test('losses so large that their moments leave the range of numbers are never taken for privacy', () => {
    const laplace = (count: number): Mechanism => ({ mechanism: 'laplace', scale: 0.001, count });
    const one = epsilon([laplace(1)], 1e-9);
    expect(one).toBeGreaterThan(1000 - 1e-8);
    expect(one).toBeLessThan(1000 + 1e-3);
    // Of 1000 releases all but a few tell all: the mean of each loss is 999.
    expect(epsilon([laplace(1000)], 1e-9)).toBeGreaterThan(999_000);
  });

  test('an (ε, δ) release alone costs its ε at its δ, and has no ε below it', () => {
    const release: Mechanism = { mechanism: 'approximate', epsilon: 0.5, delta: 1e-6 };
    expect(epsilon([release], 1.1e-6)).toBeGreaterThan(0.49);
    expect(epsilon([release], 1.1e-6)).toBeLessThanOrEqual(0.501);
    expect(epsilon([release], 9e-7)).toBe(Infinity);
  });

  test('nothing released costs nothing', () => {
    expect(epsilon([], 1e-5)).toBe(0);
  });

  test('mechanisms of different kinds compose: as dp_accounting says, from above, and to less than the sum of their ε', () => {
    const parts: Mechanism[] = [
      dpSgd(0.05, 2, 1000),
      { mechanism: 'gaussian', noiseMultiplier: 10, count: 1 },
      { mechanism: 'laplace', scale: 10, count: 10 },
    ];
    const together = epsilon(parts, 1e-5);
    expect(together).toBeGreaterThan(3.979351 - 5e-5);
    expect(together).toBeLessThan(3.979351 + 1e-3);
    const apart = parts.map((part) => epsilon([part], 1e-5));
    expect(together).toBeLessThan(apart.reduce((sum, each) => sum + each, 0));
    for (const each of apart) expect(together).toBeGreaterThan(each);
  });

  test('splitting a run into parts changes nothing', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), fc.double({ min: 0.6, max: 3, noNaN: true }), (cut, sigma) => {
        const whole = epsilon([dpSgd(0.02, sigma, 401)], 1e-6);
        const split = epsilon([dpSgd(0.02, sigma, cut), dpSgd(0.02, sigma, 401 - cut)], 1e-6);
        return Math.abs(whole - split) < 1e-9;
      }),
      { numRuns: 10 },
    );
  });

  test('is monotone: more steps, less noise, a higher rate or a smaller δ never cost less; Rényi is never tighter', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.002, max: 0.3, noNaN: true }),
        fc.double({ min: 0.6, max: 5, noNaN: true }),
        fc.integer({ min: 1, max: 2000 }),
        (q, sigma, steps) => {
          const here = epsilon([dpSgd(q, sigma, steps)], 1e-5);
          const slack = 1e-3;
          expect(epsilon([dpSgd(q, sigma, steps * 2)], 1e-5)).toBeGreaterThan(here - slack);
          expect(epsilon([dpSgd(q, sigma * 1.2, steps)], 1e-5)).toBeLessThan(here + slack);
          expect(epsilon([dpSgd(Math.min(1, q * 1.5), sigma, steps)], 1e-5)).toBeGreaterThan(here - slack);
          expect(epsilon([dpSgd(q, sigma, steps)], 1e-7)).toBeGreaterThan(here - slack);
          expect(epsilon([dpSgd(q, sigma, steps)], 1e-5, 'rdp')).toBeGreaterThan(here - slack);
        },
      ),
      { numRuns: 15 },
    );
  });
});

describe('Rényi accountant', () => {
  test('integer orders agree with the binomial sum (Mironov, Talwar, Zhang 2019, eq. 6)', () => {
    const [q, sigma, order] = [0.05, 1.5, 8];
    let sum = 0;
    let binomial = 1;
    for (let k = 0; k <= order; k++) {
      sum += binomial * (1 - q) ** (order - k) * q ** k * Math.exp((k * k - k) / (2 * sigma * sigma));
      binomial = (binomial * (order - k)) / (k + 1);
    }
    expect(renyiDivergence(dpSgd(q, sigma, 1), order)).toBeCloseTo(Math.log(sum) / (order - 1), 12);
  });

  test('a fractional order is next to the whole one, for little noise as well, where it is taken from above', () => {
    const below = (sigma: number, order: number) =>
      renyiDivergence(dpSgd(0.05, sigma, 1), order + 1e-9) - renyiDivergence(dpSgd(0.05, sigma, 1), order);
    for (const sigma of [0.1, 0.39, 0.41, 1.5, 20])
      for (const order of [2, 5, 10]) expect(Math.abs(below(sigma, order))).toBeLessThan(1e-6);
    const middle = (sigma: number) => renyiDivergence(dpSgd(0.05, sigma, 1), 2.5);
    expect(middle(0.399999)).toBeGreaterThan(middle(0.400001));
  });

  test.each([
    [0.01, 1, 10_000, 6.712756],
    [0.001, 1, 1, 0.608773],
    [1, 2, 10, 8.079406],
  ])('q = %d, σ = %d, %d steps: not above what dp_accounting says', (q, sigma, steps, expected) => {
    const answer = epsilon([dpSgd(q, sigma, steps)], 1e-5, 'rdp');
    expect(answer).toBeLessThanOrEqual(expected + 1e-5);
    expect(answer).toBeGreaterThan(expected - 0.01);
  });
});

describe('calibration', () => {
  const target = { epsilon: 2, delta: 1e-5 };

  test('noise: within the target, and hardly more than needed', () => {
    const sigma = calibrateNoise(0.01, 1000, target);
    expect(epsilon([dpSgd(0.01, sigma, 1000)], 1e-5)).toBeLessThanOrEqual(2);
    expect(sigma).toBeGreaterThan(0.9591 * (1 - 1e-3));
    expect(sigma).toBeLessThan(0.9591 * (1 + 1e-3));
  });

  test('steps: one more would pass the target; what was spent counts', () => {
    const steps = calibrateSteps(0.01, 1, target);
    expect(epsilon([dpSgd(0.01, 1, steps)], 1e-5)).toBeLessThanOrEqual(2);
    expect(epsilon([dpSgd(0.01, 1, steps + 1)], 1e-5)).toBeGreaterThan(2);
    expect(calibrateSteps(0.01, 1, { ...target, spent: [dpSgd(0.01, 1, 500)] })).toBe(steps - 500);
    expect(calibrateSteps(0.5, 0.5, target)).toBe(0);
  });

  test('steps of releases that cost next to nothing: as many as there may be', () => {
    expect(calibrateSteps(1e-6, 1000, { epsilon: 1000, delta: 1e-12 })).toBe(1e9);
  });

  test('sampling rate: within the target', () => {
    const rate = calibrateSamplingRate(1, 1000, target);
    expect(epsilon([dpSgd(rate, 1, 1000)], 1e-5)).toBeLessThanOrEqual(2);
    expect(epsilon([dpSgd(rate * 1.001, 1, 1000)], 1e-5)).toBeGreaterThan(2);
  });

  test('a target that cannot be reached is refused', () => {
    expect(() => calibrateNoise(1, 1, { epsilon: 1e-9, delta: 1e-12 })).toThrow(RangeError);
  });
});

test.each([
  [[{ mechanism: 'gaussian', noiseMultiplier: 0, count: 1 }], 'noiseMultiplier'],
  [[{ mechanism: 'subsampled-gaussian', samplingRate: 1.1, noiseMultiplier: 1, steps: 1 }], 'samplingRate'],
  [[{ mechanism: 'subsampled-gaussian', samplingRate: 0.1, noiseMultiplier: 1, steps: 1.5 }], 'steps'],
  [[{ mechanism: 'laplace', scale: Number.NaN, count: 1 }], 'scale'],
  [[{ mechanism: 'unknown' }], 'mechanism'],
])('%j is refused, naming the field', (mechanisms, field) => {
  expect(() => epsilon(mechanisms as Mechanism[], 1e-5)).toThrow(field);
});

const VECTORS = join(__dirname, '../../../../shared/vectors/epsilon.json');
const withVectors = existsSync(VECTORS) ? describe : describe.skip;

withVectors('every reference vector', () => {
  interface Row {
    q: number;
    sigma: number;
    steps: number;
    delta: number;
    exact?: number;
    dpa_pld_1e5?: number;
  }
  const rows: Row[] = existsSync(VECTORS) ? JSON.parse(readFileSync(VECTORS, 'utf8')).subsampled_gaussian : [];
  test.each(rows)('q = $q, σ = $sigma, $steps steps', ({ q, sigma, steps, delta, exact, dpa_pld_1e5 }) => {
    const trusted = exact ?? (dpa_pld_1e5 as number);
    const answer = epsilon([dpSgd(q, sigma, steps)], delta);
    expect(answer).toBeGreaterThan(trusted - 5e-5);
    expect(answer).toBeLessThan(trusted + 1e-3);
  });
});
