import fc from 'fast-check';
import type { Mechanism } from '../mechanism.js';
import { discretise, type TiltedLoss } from './discretised-loss.js';
import { epsilon } from './epsilon.js';
import { gaussianEpsilon } from './gaussian.js';
import {
  approximateLoss,
  DIRECTIONS,
  type Direction,
  laplaceLoss,
  subsampledGaussianLoss,
} from './loss-distribution.js';
import { normalCdf } from './normal.js';
import { bandBounds, bandEnd, fullSpectrum, lowSpectrum } from './spectrum.js';
import { prospectsOf } from './window.js';

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
        for (const { gridFor } of prospectsOf(parts, delta)) {
          const grid = gridFor(0);
          if (grid) expect((grid.width / grid.step) * parts.length).toBeLessThanOrEqual(2 ** 20 * 2 ** 0.25);
        }
      }),
      { numRuns: 15 },
    );
  });
});

interface Cells {
  readonly step: number;
  readonly tilt: number;
  readonly steepness: number;
  readonly wider: number;
  readonly widest: number;
}
type Setting = [Mechanism, Cells, Direction];

describe('a loss on a lattice', () => {
  const lattices = fc.record({
    step: between(1e-4, 1e-2),
    tilt: between(0.5, 20),
    steepness: between(0.5, 20),
    wider: between(1, 8),
    widest: fc.integer({ min: 0, max: 10 }),
  });
  const laplaceSane = fc.record({
    mechanism: fc.constant('laplace' as const),
    scale: between(0.2, 5),
    count: fc.constant(1),
  });
  const settings: fc.Arbitrary<Setting> = fc.tuple(
    fc.oneof(subsampledSane(), laplaceSane),
    lattices,
    fc.constantFrom(...DIRECTIONS),
  );
  const discretised = ([m, { step: least, wider, widest, ...lattice }, direction]: Setting) => {
    const loss = lossOf(m)[direction];
    const range = loss.range(1e-9);
    const step = Math.max(least, (range.high - range.low) / 4000);
    return discretise(loss, range, { ...lattice, step, width: step * wider, widest: step * 2 ** widest });
  };

  test('has no spectrum above the bound of its band, whatever the widths of its cells', () => {
    fc.assert(
      fc.property(settings, (setting) => {
        const [points, bands] = [2048, 16];
        const loss = discretised(setting);
        const bounds = bandBounds(loss, bands);
        const { re, im, error } = lowSpectrum(loss, points, points / 2);
        for (let band = 0; band < bands; band++) {
          let most = 0;
          for (let k = bandEnd(points, band + 1) + 1; k <= bandEnd(points, band); k++)
            most = Math.max(most, Math.hypot(re[k], im[k]));
          expect(most - error).toBeLessThanOrEqual(Math.exp(bounds[band]));
        }
      }),
      { numRuns: 40 },
    );
  });

  test('has the same spectrum one by one and by a fast transform', () => {
    fc.assert(
      fc.property(settings, (setting) => {
        const loss = discretised(setting);
        const few = lowSpectrum(loss, 1024, 512);
        const all = fullSpectrum(loss, 1024);
        const apart = few.re.map((re, k) => Math.hypot(re - all.re[k], few.im[k] - all.im[k]));
        expect(Math.max(...apart)).toBeLessThanOrEqual(few.error + all.error);
      }),
      { numRuns: 10 },
    );
  });

  test('never says that less is disclosed than is, whatever the widths of its cells', () => {
    fc.assert(
      fc.property(subsampledSane(), lattices, (m, { step: least, wider, widest, ...lattice }) => {
        for (const direction of DIRECTIONS) {
          const loss = lossOf(m)[direction];
          const range = loss.range(1e-9);
          const step = Math.max(least, (range.high - range.low) / 4000);
          const cells = { ...lattice, step, width: step * wider, widest: step * 2 ** widest };
          const discrete = discretise(loss, range, cells);
          for (const share of [0.1, 0.3, 0.5, 0.7, 0.9]) {
            const eps = range.low + share * (range.high - range.low);
            const exact = hockeyStick(m, direction, eps);
            expect(disclosedAt(discrete, step, lattice.tilt, eps)).toBeGreaterThanOrEqual(exact * (1 - 1e-9) - 1e-15);
          }
        }
      }),
      { numRuns: 20 },
    );
  });
});

/** P(loss > ε) − e^ε·Q(loss > ε) of one step. */
function hockeyStick(
  { samplingRate: q, noiseMultiplier: sigma }: { samplingRate: number; noiseMultiplier: number },
  direction: Direction,
  eps: number,
): number {
  const odds = Math.expm1(direction === 'remove' ? eps : -eps) + q;
  const x = odds > 0 ? sigma * sigma * Math.log(odds / q) + 0.5 : -Infinity;
  const having = (side: 1 | -1) => (1 - q) * normalCdf((side * x) / sigma) + q * normalCdf((side * (x - 1)) / sigma);
  if (direction === 'remove') return having(-1) - Math.exp(eps) * normalCdf(-x / sigma);
  return normalCdf(x / sigma) - Math.exp(eps) * having(1);
}

function subsampledSane() {
  return fc.record({
    mechanism: fc.constant('subsampled-gaussian' as const),
    samplingRate: between(1e-3, 0.9),
    noiseMultiplier: between(0.4, 8),
    steps: fc.constant(1),
  });
}

/** δ(ε) of one release. */
function disclosedAt(
  { indices, masses, cumulant, infinite }: TiltedLoss,
  step: number,
  tilt: number,
  eps: number,
): number {
  let delta = infinite;
  for (let i = 0; i < indices.length; i++) {
    const loss = indices[i] * step;
    if (loss > eps) delta += masses[i] * Math.exp(cumulant - tilt * loss) * -Math.expm1(eps - loss);
  }
  return delta;
}

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
