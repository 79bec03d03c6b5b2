import { normalCdf } from './normal.js';

const { abs, ceil, exp, expm1, log, log1p, max, min } = Math;

/**
 * The privacy loss ln(P/Q) of one release in one direction (P: the data the attacker might see, Q: its neighbour), as the masses that
 * P and Q put on intervals of the loss. Add-or-remove adjacency has two directions: `remove`, where P has the user, and `add`.
 */
export interface LossDistribution {
  /** Losses below and above which P has at most `tail` mass each, beside what it discloses altogether. */
  range(tail: number): { readonly low: number; readonly high: number };
  /**
   * λ → ln E_P[e^(λ·loss)] over losses up to `high`, for λ > 0, or more where there are more; to a few digits: windows are planned by it,
   * no answer rests on it.
   */
  cumulantBelow(high: number): (lambda: number) => number;
  /** Masses of the intervals (losses[i − 1], losses[i]] of rising losses, the first of which reaches down to −∞. */
  masses(losses: Float64Array): LossMasses;
}

export interface LossMasses {
  /** Of P. */
  readonly p: Float64Array;
  /**
   * Of Q, times e^(lower end of the interval): between e^(−width)·p and p, however large the loss is. Where Q is too small for a number,
   * e^(−width)·p, as if all of the mass were at the upper end. (Of the first interval nothing is known.)
   */
  readonly q: Float64Array;
  /** What P has beyond the last: an infinite loss, as far as an upper bound is concerned. */
  readonly above: number;
}

/** Both directions of one mechanism. */
export interface LossPair {
  readonly remove: LossDistribution;
  readonly add: LossDistribution;
  /** The probability that everything is disclosed. */
  readonly disclosed: number;
}

export const DIRECTIONS = ['remove', 'add'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** Above this loss Q's masses are too small for numbers. */
const EXPONENT_LIMIT = 600;

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
  const gaussianCumulant = (lambda: number) => (lambda * (lambda + 1)) / (2 * variance);

  const remove: LossDistribution = {
    range: (tail) => ({
      low: lossAt(-sigma * tailQuantile((z) => normalCdf(-z), tail)),
      high: lossAt(sigma * tailQuantile((z) => mixtureAbove(z * sigma), tail)),
    }),
    cumulantBelow: (high) =>
      q === 1
        ? gaussianCumulant
        : cumulantBySum(sigma, 1, high, lossAt, (x) => (1 - q) * density(x / sigma) + q * density((x - 1) / sigma)),
    masses(losses) {
      const points = new Float64Array(losses.length);
      for (let i = 0; i < points.length; i++) points[i] = pointAt(losses[i]);
      const without = gaussianMasses(points, 0, sigma);
      const having = gaussianMasses(points, 1, sigma);
      const p = mix(without.masses, having.masses, q);
      const above = (1 - q) * without.above + q * having.above;
      return { p, q: scaled(without.masses, p, losses), above };
    },
  };
  // The loss is the negative of the other direction's: the line is mirrored, so that it rises again.
  const add: LossDistribution = {
    range: (tail) => {
      const end = sigma * tailQuantile((z) => normalCdf(-z), tail);
      return { low: -lossAt(end), high: -lossAt(-end) };
    },
    cumulantBelow: (high) =>
      q === 1
        ? gaussianCumulant
        : cumulantBySum(
            sigma,
            0,
            high,
            (x) => -lossAt(x),
            (x) => density(x / sigma),
          ),
    masses(losses) {
      const points = new Float64Array(losses.length);
      for (let i = 0; i < points.length; i++) points[i] = -pointAt(-losses[i]);
      const without = gaussianMasses(points, 0, sigma);
      const having = gaussianMasses(points, -1, sigma);
      const p = without.masses;
      return { p, q: scaled(mix(without.masses, having.masses, q), p, losses), above: without.above };
    },
  };
  return { remove, add, disclosed: 0 };
}

/** Up to a factor that is the same for all. */
const density = (z: number) => exp(-0.5 * z * z);
/** Beyond so many deviations is less than any tail that is asked for. */
const FARTHEST = 11;
const POINTS_A_DEVIATION = 4;
const MOST_POINTS = 2000;

/** The cumulant as a sum over points of the line between `−FARTHEST` deviations and as many beyond `last`. */
function cumulantBySum(
  sigma: number,
  last: number,
  highest: number,
  lossAt: (x: number) => number,
  weightAt: (x: number) => number,
): (lambda: number) => number {
  const from = -FARTHEST * sigma;
  const to = last + FARTHEST * sigma;
  const count = min(MOST_POINTS, ceil(((to - from) / sigma) * POINTS_A_DEVIATION));
  const losses = new Float64Array(count + 1);
  const logWeights = new Float64Array(count + 1);
  let total = 0;
  for (let i = 0; i <= count; i++) {
    const x = from + ((to - from) * i) / count;
    const weight = weightAt(x);
    total += weight;
    losses[i] = min(lossAt(x), highest);
    logWeights[i] = log(weight);
  }
  return (lambda) => {
    let most = -Infinity;
    for (let i = 0; i <= count; i++) most = max(most, logWeights[i] + lambda * losses[i]);
    let sum = 0;
    for (let i = 0; i <= count; i++) sum += exp(logWeights[i] + lambda * losses[i] - most);
    return log(sum / total) + most;
  };
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

/** Masses of Q, times e^(lower end). */
function scaled(q: Float64Array, p: Float64Array, losses: Float64Array): Float64Array {
  const result = new Float64Array(q.length);
  for (let i = 1; i < q.length; i++) {
    const lower = losses[i - 1];
    result[i] = lower > EXPONENT_LIMIT ? exp(lower - losses[i]) * p[i] : exp(lower) * q[i];
  }
  return result;
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

/**
 * Laplace noise of scale b on a value of sensitivity 1. The loss lies between −1/b and 1/b, where it has atoms; both directions are alike.
 * Between them P has the density e^((loss − 1/b)/2)/4, and Q e^(−loss) times that.
 */
export function laplaceLoss(scale: number): LossPair {
  const most = 1 / scale;
  const distribution: LossDistribution = {
    range: () => ({ low: -most, high: most }),
    cumulantBelow: () => (lambda) => {
      const fall = exp(-(2 * lambda + 1) * most);
      return lambda * most + log(0.5 + 0.5 * fall + (1 - fall) / (4 * (lambda + 0.5)));
    },
    masses(losses) {
      const p = new Float64Array(losses.length);
      const q = new Float64Array(losses.length);
      for (let i = 0; i < p.length; i++) {
        const lower = i === 0 ? -Infinity : losses[i - 1];
        const upper = losses[i];
        const [from, to] = [max(lower, -most), min(upper, most)];
        if (from < to) {
          const share = -0.5 * expm1((from - to) / 2);
          p[i] = exp((to - most) / 2) * share;
          q[i] = exp(lower - (from + most) / 2) * share;
        }
        if (lower < -most && -most <= upper) {
          p[i] += 0.5 * exp(-most);
          q[i] += 0.5 * exp(lower);
        }
        if (lower < most && most <= upper) {
          p[i] += 0.5;
          q[i] += 0.5 * exp(lower - most);
        }
      }
      const last = losses[losses.length - 1];
      const above = last < most ? 0.5 - 0.5 * expm1((last - most) / 2) : 0;
      return { p, q, above };
    },
  };
  return { remove: distribution, add: distribution, disclosed: 0 };
}

/**
 * A release of which only (ε, δ) is known: with probability δ everything is disclosed, else randomised response of ε dominates it
 * (Kairouz, Oh, Viswanath 2015, "The composition theorem for differential privacy", theorem 3.1).
 */
export function approximateLoss(epsilon: number, delta: number): LossPair {
  const yes = (1 - delta) / (1 + exp(-epsilon));
  const no = (1 - delta) * (exp(-epsilon) / (1 + exp(-epsilon)));
  const distribution: LossDistribution = {
    range: () => ({ low: -epsilon, high: epsilon }),
    cumulantBelow: () => (lambda) =>
      lambda * epsilon + log1p(-delta) + log1p(exp(-(2 * lambda + 1) * epsilon)) - log1p(exp(-epsilon)),
    masses(losses) {
      const p = new Float64Array(losses.length);
      const q = new Float64Array(losses.length);
      let above = delta;
      const put = (loss: number, mass: number) => {
        const i = losses.findIndex((upper) => loss <= upper);
        if (i < 0) above += mass;
        else {
          p[i] += mass;
          if (i > 0) q[i] += mass * exp(losses[i - 1] - loss);
        }
      };
      put(-epsilon, no);
      put(epsilon, yes);
      return { p, q, above };
    },
  };
  return { remove: distribution, add: distribution, disclosed: delta };
}
