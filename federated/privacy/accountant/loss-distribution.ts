import { normalCdf } from './normal.js';

const { abs, exp, expm1, log, log1p, max } = Math;

/**
 * The privacy loss ln(P/Q) of one release in one direction (P: the data the attacker might see, Q: its neighbour), as the masses that
 * P and Q put on intervals of the loss. Add-or-remove adjacency has two directions: `remove`, where P has the user, and `add`.
 */
export interface LossDistribution {
  /** Losses below and above which P has at most `tail` mass each. */
  range(tail: number): { readonly low: number; readonly high: number };
  /**
   * Masses of the intervals (low + (i − 1)·step, low + i·step] for i = 0 … count − 1, the first of which reaches down to −∞.
   * `above` is what P has beyond the last: an infinite loss, as far as an upper bound is concerned.
   */
  masses(low: number, step: number, count: number): LossMasses;
}

export interface LossMasses {
  readonly p: Float64Array;
  readonly q: Float64Array;
  readonly above: number;
}

/** Both directions of one mechanism. */
export interface LossPair {
  readonly remove: LossDistribution;
  readonly add: LossDistribution;
  /** The largest loss, where P has a mass of its own at it. */
  readonly atom?: number;
}

/**
 * One step of the Poisson-subsampled Gaussian mechanism: (1 − q)·N(0, σ²) + q·N(1, σ²) against N(0, σ²)
 * (Zhu, Dong, Wang 2022, "Optimal accounting of differential privacy via characteristic function", for why these two pairs dominate).
 */
export function subsampledGaussianLoss(q: number, sigma: number): LossPair {
  const variance = sigma * sigma;
  const lossAt = (x: number) => {
    const exponent = (2 * x - 1) / (2 * variance);
    return q === 1
      ? exponent
      : exponent > 0
        ? exponent + log(q + (1 - q) * exp(-exponent))
        : log1p(q * expm1(exponent));
  };
  /** Where the loss of `remove` is `loss`; −∞ where it is never so small. */
  const pointAt = (loss: number) => {
    if (q === 1) return 0.5 + variance * loss;
    const odds = loss > 30 ? loss - log(q) : log(max(0, expm1(loss) + q)) - log(q);
    return 0.5 + variance * odds;
  };
  const mixtureAbove = (x: number) => (1 - q) * normalCdf(-x / sigma) + q * normalCdf((1 - x) / sigma);

  const remove: LossDistribution = {
    range: (tail) => ({
      low: lossAt(-sigma * tailQuantile((z) => normalCdf(-z), tail)),
      high: lossAt(sigma * tailQuantile((z) => mixtureAbove(z * sigma), tail)),
    }),
    masses(low, step, count) {
      const points = new Float64Array(count);
      for (let i = 0; i < count; i++) points[i] = pointAt(low + i * step);
      const without = gaussianMasses(points, 0, sigma);
      const having = gaussianMasses(points, 1, sigma);
      const above = (1 - q) * without.above + q * having.above;
      return { p: mix(without.masses, having.masses, q), q: without.masses, above };
    },
  };
  // The loss is the negative of the other direction's: the line is mirrored, so that it rises again.
  const add: LossDistribution = {
    range: (tail) => {
      const end = sigma * tailQuantile((z) => normalCdf(-z), tail);
      return { low: -lossAt(end), high: -lossAt(-end) };
    },
    masses(low, step, count) {
      const points = new Float64Array(count);
      for (let i = 0; i < count; i++) points[i] = -pointAt(-(low + i * step));
      const without = gaussianMasses(points, 0, sigma);
      const having = gaussianMasses(points, -1, sigma);
      return { p: without.masses, q: mix(without.masses, having.masses, q), above: without.above };
    },
  };
  return { remove, add };
}

/**
 * Masses that N(mean, σ²) puts between rising points, the first interval reaching down to −∞, and beyond the last.
 * Differences are taken in the smaller tail, so that small masses keep their digits.
 */
function gaussianMasses(points: Float64Array, mean: number, sigma: number): { masses: Float64Array; above: number } {
  const masses = new Float64Array(points.length);
  let previous = -Infinity;
  let previousTail = 0;
  for (let i = 0; i < points.length; i++) {
    const z = (points[i] - mean) / sigma;
    const tail = normalCdf(-abs(z));
    if (z <= 0) masses[i] = tail - previousTail;
    else masses[i] = previous <= 0 ? 1 - previousTail - tail : previousTail - tail;
    previous = z;
    previousTail = tail;
  }
  return { masses, above: previous <= 0 ? 1 - previousTail : previousTail };
}

function mix(a: Float64Array, b: Float64Array, share: number): Float64Array {
  const mixed = new Float64Array(a.length);
  for (let i = 0; i < a.length; i++) mixed[i] = (1 - share) * a[i] + share * b[i];
  return mixed;
}

/** The smallest z, to a few digits and rounded up, beyond which `above` leaves at most `tail`. */
function tailQuantile(above: (z: number) => number, tail: number): number {
  let low = -40;
  let high = 1;
  while (above(high) > tail) high *= 2;
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    if (above(middle) > tail) low = middle;
    else high = middle;
  }
  return high;
}

/** Laplace noise of scale b on a value of sensitivity 1: the loss lies between −1/b and 1/b; both directions are alike. */
export function laplaceLoss(scale: number): LossPair {
  const most = 1 / scale;
  /** P and Q up to and including a loss: both ends are atoms. */
  const upTo = (loss: number): [number, number] => {
    if (loss < -most) return [0, 0];
    if (loss >= most) return [1, 1];
    const x = (1 - loss * scale) / 2;
    return [0.5 * exp(-x / scale), 1 - 0.5 * exp((x - 1) / scale)];
  };
  const distribution: LossDistribution = {
    range: () => ({ low: -most, high: most }),
    masses: (low, step, count) => byDistribution(low, step, count, upTo),
  };
  return both(distribution, most);
}

/**
 * A release of which only (ε, δ) is known: with probability δ everything is disclosed, else randomised response of ε dominates it
 * (Kairouz, Oh, Viswanath 2015, "The composition theorem for differential privacy", theorem 3.1).
 */
export function approximateLoss(epsilon: number, delta: number): LossPair {
  const yes = (1 - delta) / (1 + exp(-epsilon));
  const no = (1 - delta) * (exp(-epsilon) / (1 + exp(-epsilon)));
  const upTo = (loss: number): [number, number] => {
    if (loss < -epsilon) return [0, 0];
    return loss < epsilon ? [no, yes] : [no + yes, no + yes];
  };
  const distribution: LossDistribution = {
    range: () => ({ low: -epsilon, high: epsilon }),
    masses: (low, step, count) => ({ ...byDistribution(low, step, count, upTo), above: delta }),
  };
  return both(distribution, epsilon);
}

const both = (distribution: LossDistribution, atom: number): LossPair => ({
  remove: distribution,
  add: distribution,
  atom,
});

/** Masses from distribution functions of P and Q. Edges are taken a hair higher, so that rounding does not push an atom beyond its grid point. */
function byDistribution(
  low: number,
  step: number,
  count: number,
  upTo: (loss: number) => [number, number],
): LossMasses {
  const p = new Float64Array(count);
  const q = new Float64Array(count);
  let [pBefore, qBefore] = [0, 0];
  for (let i = 0; i < count; i++) {
    const edge = low + i * step;
    const [pHere, qHere] = upTo(edge + abs(edge) * 1e-12);
    p[i] = pHere - pBefore;
    q[i] = qHere - qBefore;
    [pBefore, qBefore] = [pHere, qHere];
  }
  return { p, q, above: 1 - pBefore };
}
