import type { Mechanism } from '../mechanism.js';
import { remember } from '../remember.js';

const { abs, ceil, exp, expm1, floor, log, log1p, max, sqrt } = Math;

/**
 * ε of a composition by Rényi differential privacy (Mironov 2017): looser than privacy loss distributions, but with an arithmetic that
 * fits on a page, so that an auditor has two independent answers.
 */
const ORDERS: readonly number[] = [
  ...Array.from({ length: 99 }, (_, i) => (11 + i) / 10),
  ...Array.from({ length: 53 }, (_, i) => 11 + i),
  ...[80, 96, 128, 192, 256, 512, 1024],
];

/** The smallest ε over the orders (Canonne, Kamath, Steinke 2020, proposition 12). */
export function renyiEpsilon(mechanisms: readonly Mechanism[], delta: number): number {
  // What an (ε, δ) release leaves undisclosed is ε-DP: its δ is set aside, once for each.
  let rest = delta;
  for (const m of mechanisms) if (m.mechanism === 'approximate') rest -= m.delta;
  if (!(rest > 0)) return Infinity;
  if (mechanisms.length === 0) return 0;
  const parts = mechanisms.map(partOf);
  const answerAt = (i: number) => {
    const order = ORDERS[i];
    const divergence = parts.reduce((sum, { count, divergenceAt }) => sum + count * divergenceAt(i), 0);
    return divergence + log1p(-1 / order) - log(rest * order) / (order - 1);
  };
  // A convex function of the order, divided by order − 1: it falls and then rises.
  let [from, to] = [0, ORDERS.length - 1];
  while (from < to) {
    const middle = floor((from + to) / 2);
    if (answerAt(middle + 1) < answerAt(middle)) from = middle + 1;
    else to = middle;
  }
  return max(0, answerAt(from));
}

/** A ledger asks for the same few at every entry. */
const remembered = remember<Float64Array>(256);

/** The divergences of one release by index of the order, and how many there are of it. */
function partOf(m: Mechanism): { readonly count: number; divergenceAt(i: number): number } {
  const [one, count] = single(m);
  const known = remembered(JSON.stringify(one), () => new Float64Array(ORDERS.length).fill(Number.NaN));
  const divergenceAt = (i: number) => {
    if (Number.isNaN(known[i])) known[i] = renyiDivergence(one, ORDERS[i]);
    return known[i];
  };
  return { count, divergenceAt };
}

function single(m: Mechanism): [Mechanism, number] {
  if (m.mechanism === 'subsampled-gaussian') return [{ ...m, steps: 1 }, m.steps];
  return m.mechanism === 'approximate' ? [m, 1] : [{ ...m, count: 1 }, m.count];
}

/** Rényi divergence of an order > 1, the larger of both directions, of all repetitions of the mechanism. */
export function renyiDivergence(mechanism: Mechanism, order: number): number {
  switch (mechanism.mechanism) {
    case 'gaussian':
      return (mechanism.count * order) / (2 * mechanism.noiseMultiplier ** 2);
    case 'laplace':
      return mechanism.count * laplaceDivergence(mechanism.scale, order);
    case 'approximate':
      return randomisedResponseDivergence(mechanism.epsilon, order);
    case 'subsampled-gaussian':
      return mechanism.steps * subsampledDivergence(mechanism.samplingRate, mechanism.noiseMultiplier, order);
  }
}

/** Mironov 2017, table II. */
function laplaceDivergence(scale: number, order: number): number {
  const [a, b] = [order, order - 1];
  const log1 = log(a / (2 * a - 1)) + b / scale;
  const log2 = log(b / (2 * a - 1)) - a / scale;
  return logSum(log1, log2) / b;
}

/** Of randomised response that is ε-DP, which dominates every ε-DP mechanism. */
function randomisedResponseDivergence(epsilon: number, order: number): number {
  const no = -log1p(exp(-epsilon));
  // p^α·q^(1−α) + q^α·p^(1−α) with p = e^ε/(1 + e^ε) and q = 1/(1 + e^ε)
  return logSum(no + (order - 1) * epsilon, no - order * epsilon) / (order - 1);
}

const logSum = (a: number, b: number) => max(a, b) + log1p(exp(-abs(a - b)));

/** Below this noise the integrand of a fractional order has an edge that a sum over points may miss. */
const SMOOTH_NOISE = 0.4;

/**
 * ln E over z ~ N(0, σ²) of (1 − q + q·e^((2z − 1)/(2σ²)))^α, divided by α − 1 (Mironov, Talwar, Zhang 2019, "Rényi differential privacy of
 * the sampled Gaussian mechanism", section 3: this direction is the larger).
 */
function subsampledDivergence(q: number, sigma: number, order: number): number {
  if (q === 1) return order / (2 * sigma * sigma);
  if (Number.isInteger(order)) return logMoment(q, sigma, order) / (order - 1);
  if (sigma >= SMOOTH_NOISE) return logMomentBySum(q, sigma, order) / (order - 1);
  // The logarithm is convex in the order, and 0 at 1: the line between whole orders is above it.
  const below = floor(order);
  const share = order - below;
  const least = below === 1 ? 0 : logMoment(q, sigma, below);
  return ((1 - share) * least + share * logMoment(q, sigma, below + 1)) / (order - 1);
}

/** Relative rounding error of a sum of order + 1 terms, for each of them. */
const ROUNDING = 2 ** -50;

/** Of a whole order, by its binomial sum (equation 6): exact to rounding, which is added. */
function logMoment(q: number, sigma: number, order: number): number {
  const odds = log(q) - log1p(-q);
  const logs = new Float64Array(order + 1);
  let logBinomial = 0;
  let peak = -Infinity;
  for (let k = 0; k <= order; k++) {
    logs[k] = logBinomial + order * log1p(-q) + k * odds + (k * (k - 1)) / (2 * sigma * sigma);
    peak = max(peak, logs[k]);
    logBinomial += log((order - k) / (k + 1));
  }
  let sum = 0;
  for (const each of logs) sum += exp(each - peak);
  return max(0, peak + log(sum)) + ROUNDING * order;
}

/** Beyond so many deviations is less than e^(−50) of the integral. */
const FARTHEST = 10;
/** The integrand is analytic up to πσ² beside the line: the sum is off by e^(−2π²·σ·this), which is rounding for σ ≥ .4. */
const POINTS_A_DEVIATION = 5;

/** The integrand is smooth and falls off like a Gaussian, so that the trapezoidal rule over the line is exact to rounding. */
function logMomentBySum(q: number, sigma: number, order: number): number {
  const variance = sigma * sigma;
  // The integrand has a mass around 0 and one around α, each of deviation σ, and nothing outside of these.
  const low = -FARTHEST * sigma;
  const high = order + FARTHEST * sigma;
  const step = sigma / POINTS_A_DEVIATION;
  const points = ceil((high - low) / step);
  let peak = -Infinity;
  const logs = new Float64Array(points + 1);
  for (let i = 0; i <= points; i++) {
    const z = low + i * step;
    const exponent = (2 * z - 1) / (2 * variance);
    const ratio = exponent > 0 ? exponent + log(q + (1 - q) * exp(-exponent)) : log1p(q * expm1(exponent));
    logs[i] = order * ratio - (z * z) / (2 * variance);
    if (logs[i] > peak) peak = logs[i];
  }
  let sum = 0;
  for (let i = 0; i <= points; i++) sum += exp(logs[i] - peak);
  return max(0, peak + log(sum * step) - log(sigma * sqrt(2 * Math.PI))) + ROUNDING * order;
}
