import fc from 'fast-check';
import type { Mechanism } from '../mechanism.js';
import { epsilon } from './epsilon.js';
import { gaussianEpsilon } from './gaussian.js';
import { approximateLoss, laplaceLoss, subsampledGaussianLoss } from './loss-distribution.js';
import { planGrid } from './window.js';

/** Laws of the accountant, for releases far beyond what anybody would run: what fails must never look like privacy. */

const between = (least: number, most: number) =>
  fc.oneof(
    { weight: 8, arbitrary: fc.double({ min: Math.log(least), max: Math.log(most), noNaN: true }).map(Math.exp) },
    fc.constantFrom(least, most),
  );
const counts = (most: number) => between(1, most).map(Math.round);

const subsampled = fc.record({
  mechanism: fc.constant('subsampled-gaussian' as const),
  samplingRate: between(1e-9, 1),
  noiseMultiplier: between(0.01, 1e4),
  steps: counts(1e7),
});
const gaussian = fc.record({
  mechanism: fc.constant('gaussian' as const),
  noiseMultiplier: between(0.001, 1e6),
  count: counts(1e7),
});
const laplace = fc.record({
  mechanism: fc.constant('laplace' as const),
  scale: between(0.001, 1e6),
  count: counts(1e7),
});
const approximate = fc.record({
  mechanism: fc.constant('approximate' as const),
  epsilon: fc.oneof(fc.constant(0), between(1e-9, 1000)),
  delta: fc.oneof(fc.constant(0), between(1e-15, 0.3)),
});
const extreme: fc.Arbitrary<Mechanism> = fc.oneof(subsampled, gaussian, laplace, approximate);
const deltas = between(1e-12, 0.5);

describe('of any composition, however extreme', () => {
  test('ε is a number, no more than by Rényi, and no more than pure ε added up', () => {
    fc.assert(
      fc.property(fc.array(extreme, { minLength: 1, maxLength: 4 }), deltas, (mechanisms, delta) => {
        const answer = epsilon(mechanisms, delta);
        expect(answer).toBeGreaterThanOrEqual(0);
        expect(answer).toBeLessThanOrEqual(epsilon(mechanisms, delta, 'rdp'));
        const { pure, disclosed } = mechanisms.reduce(
          (sum, m) => ({ pure: sum.pure + pureEpsilon(m), disclosed: sum.disclosed + disclosedBy(m) }),
          { pure: 0, disclosed: 0 },
        );
        if (disclosed < delta) expect(answer).toBeLessThanOrEqual(pure * (1 + 1e-6) + 1e-3);
      }),
      { numRuns: 25 },
    );
  });

  test('one release costs what the closed form says, and never less', () => {
    fc.assert(
      fc.property(fc.oneof(laplace, approximate), deltas, (release, delta) => {
        const one = release.mechanism === 'laplace' ? { ...release, count: 1 } : release;
        const exact = closedForm(one, delta);
        const answer = epsilon([one], delta);
        if (exact === Infinity) return expect(answer).toBe(Infinity);
        expect(answer).toBeGreaterThanOrEqual(exact - 1e-9 * Math.max(1, exact));
        expect(answer).toBeLessThanOrEqual(exact + 1e-3);
      }),
      { numRuns: 80 },
    );
  });

  test('with Gaussian noise alone it is that of one Gaussian, exactly, and by the grid as well', () => {
    fc.assert(
      fc.property(between(0.5, 1e4), counts(100), between(1e-10, 0.1), (noiseMultiplier, count, delta) => {
        const exact = gaussianEpsilon(noiseMultiplier / Math.sqrt(count), delta);
        const release: Mechanism = { mechanism: 'gaussian', noiseMultiplier, count };
        expect(epsilon([release], delta)).toBe(exact);
        // A release that says nothing makes it a composition for which there is no closed form.
        const answer = epsilon([release, { mechanism: 'approximate', epsilon: 0, delta: 0 }], delta);
        expect(answer).toBeGreaterThanOrEqual(exact * (1 - 1e-9));
        expect(answer).toBeLessThanOrEqual(exact + 1e-3 * Math.max(1, exact / 100));
      }),
      { numRuns: 15 },
    );
  });

  test('what is released besides never makes it cheaper', () => {
    const sane: fc.Arbitrary<Mechanism> = fc.oneof(
      fc.record({
        mechanism: fc.constant('subsampled-gaussian' as const),
        samplingRate: between(1e-6, 1),
        noiseMultiplier: between(0.3, 1000),
        steps: counts(1e5),
      }),
      fc.record({ mechanism: fc.constant('laplace' as const), scale: between(0.05, 1e4), count: counts(1000) }),
      fc.record({
        mechanism: fc.constant('gaussian' as const),
        noiseMultiplier: between(0.5, 1000),
        count: counts(100),
      }),
      fc.record({
        mechanism: fc.constant('approximate' as const),
        epsilon: between(1e-4, 20),
        delta: fc.oneof(fc.constant(0), between(1e-15, 1e-7)),
      }),
    );
    const some = fc.array(sane, { minLength: 1, maxLength: 2 });
    fc.assert(
      fc.property(some, some, between(1e-10, 0.1), (these, those, delta) => {
        const together = epsilon([...these, ...those], delta);
        if (together === Number.POSITIVE_INFINITY) return;
        const slack = 1e-3 * Math.max(1, together);
        for (const alone of [these, those]) expect(together).toBeGreaterThanOrEqual(epsilon(alone, delta) - slack);
      }),
      { numRuns: 15 },
    );
  });

  test('the grids of all its parts together have a million points at most', () => {
    fc.assert(
      fc.property(fc.array(extreme, { minLength: 1, maxLength: 50 }), deltas, (mechanisms, delta) => {
        const parts = mechanisms.map((m, i) => ({ key: `${i}`, loss: lossOf(m), count: timesOf(m) }));
        const points = planGrid(parts, delta)?.points ?? 0;
        expect(points * parts.length).toBeLessThanOrEqual(2 ** 20);
      }),
      { numRuns: 15 },
    );
  });
});

const pureEpsilon = (m: Mechanism) =>
  m.mechanism === 'laplace' ? m.count / m.scale : m.mechanism === 'approximate' ? m.epsilon : Infinity;
const disclosedBy = (m: Mechanism) => (m.mechanism === 'approximate' ? m.delta : 0);

/** ε at which one release's hockey-stick divergence is δ. */
function closedForm(m: Mechanism, delta: number): number {
  if (m.mechanism === 'laplace') return Math.max(0, 1 / m.scale + 2 * Math.log1p(-delta));
  if (m.mechanism !== 'approximate') throw new RangeError(m.mechanism);
  if (!(delta > m.delta)) return Infinity;
  // (δ' − δ)/(1 − δ) = (e^ε − e^x)/(1 + e^ε)
  const share = 1 - ((delta - m.delta) / (1 - m.delta)) * (1 + Math.exp(-m.epsilon));
  return share <= 0 ? 0 : Math.max(0, m.epsilon + Math.log(share));
}

function lossOf(m: Mechanism) {
  if (m.mechanism === 'laplace') return laplaceLoss(m.scale);
  if (m.mechanism === 'approximate') return approximateLoss(m.epsilon, m.delta);
  return subsampledGaussianLoss(m.mechanism === 'gaussian' ? 1 : m.samplingRate, m.noiseMultiplier);
}

const timesOf = (m: Mechanism) =>
  m.mechanism === 'subsampled-gaussian' ? m.steps : m.mechanism === 'approximate' ? 1 : m.count;
