import FFT from 'fft.js';
import type { Mechanism } from '../mechanism.js';
import { cumulant, type DiscretisedLoss, discretise, type Moments, momentsOf } from './discretised-loss.js';
import { approximateLoss, type LossPair, laplaceLoss, subsampledGaussianLoss } from './loss-distribution.js';

const { abs, atan2, ceil, cos, exp, expm1, floor, log, log1p, log2, max, min, sin, sqrt } = Math;

/**
 * ε of a composition by privacy loss distributions, composed by FFT (Koskela, Jälkö, Honkela 2020, "Computing tight differential privacy
 * guarantees using FFT"; Gopi, Lee, Wutschitz 2021, "Numerical composition of differential privacy"). Every rounding is upwards: the grid
 * (connect-the-dots), the tails (counted as total disclosure) and the arithmetic (a stated slack).
 */

/** How far above the true ε the grid may put the answer, for losses that deviate by 1 or more; less for smaller ones. */
const ACCURACY = 4e-4;
const LEAST_DEVIATION = 0.05;
/** Share of δ that may be lost to truncated tails. */
const TRUNCATION = 1e-5;
/** How far the composed masses may be from 1, beside what is infinite. */
const LOST_MASS = 1e-6;
const COARSE_POINTS = 2000;
const MOST_POINTS = 2 ** 21;
const FEWEST_POINTS = 2 ** 10;
const DIRECTIONS = ['remove', 'add'] as const;

interface Part {
  readonly loss: LossPair;
  readonly count: number;
}

/** The smallest ε, from above, for which the composition is (ε, δ)-differentially private; infinite where there is none. */
export function privacyLossEpsilon(mechanisms: readonly Mechanism[], delta: number): number {
  const parts = toParts(mechanisms);
  if (parts.length === 0) return 0;
  const releases = parts.reduce((sum, { count }) => sum + count, 0);
  const tolerance = delta * TRUNCATION;
  const plans = DIRECTIONS.map((direction) => plan(parts, direction, delta, tolerance, releases));
  const width = max(...plans.map(({ low, high }) => high - low));
  if (!(width >= 0 && width < Infinity)) return Infinity;
  const finest = min(...plans.map(({ step }) => step));
  const points = powerOfTwo(min(MOST_POINTS, max(FEWEST_POINTS, width / finest + 4)));
  const step = finest * max(1, ceil(width / finest / (points - 4)));
  const composed = compose(parts, plans, step, points, tolerance / releases);
  // Rounding errors of the transform grow with the power to which the spectrum is raised.
  const slack = (releases + log2(points)) * 2 ** -50;
  return max(...composed.map((loss) => epsilonOf(loss, delta - slack)));
}

/** Equal mechanisms are raised to a power, not composed one by one; Gaussians of any noise become one. */
function toParts(mechanisms: readonly Mechanism[]): Part[] {
  const counts = new Map<string, { loss: () => LossPair; count: number }>();
  let precision = 0;
  const add = (key: string, count: number, loss: () => LossPair) => {
    const known = counts.get(key);
    counts.set(key, { loss, count: count + (known?.count ?? 0) });
  };
  for (const m of mechanisms) {
    if (m.mechanism === 'gaussian') precision += m.count / m.noiseMultiplier ** 2;
    else if (m.mechanism === 'laplace') add(`laplace ${m.scale}`, m.count, () => laplaceLoss(m.scale));
    else if (m.mechanism === 'approximate')
      add(`approximate ${m.epsilon} ${m.delta}`, 1, () => approximateLoss(m.epsilon, m.delta));
    else if (m.samplingRate === 1) precision += m.steps / m.noiseMultiplier ** 2;
    else
      add(`subsampled ${m.samplingRate} ${m.noiseMultiplier}`, m.steps, () =>
        subsampledGaussianLoss(m.samplingRate, m.noiseMultiplier),
      );
  }
  if (precision > 0) add('gaussian', 1, () => subsampledGaussianLoss(1, 1 / sqrt(precision)));
  return [...counts.values()].map(({ loss, count }) => ({ loss: loss(), count }));
}

interface Plan {
  /** Window outside of which the composed loss has less than the tolerance. */
  readonly low: number;
  readonly high: number;
  /** Exponent of the Chernoff bound of its upper end. */
  readonly tilt: number;
  readonly step: number;
}

/** Looks at a coarse version first: where the composed loss will lie, and how fine the grid must be. */
function plan(
  parts: readonly Part[],
  direction: (typeof DIRECTIONS)[number],
  delta: number,
  tolerance: number,
  releases: number,
): Plan {
  const coarse = parts.map(({ loss, count }) => ({ count, loss: coarsely(loss[direction], tolerance / releases) }));
  const total = coarse.reduce<Moments>(
    (sum, { loss, count }) => {
      const { mean, variance } = momentsOf(loss);
      return { mean: sum.mean + count * mean, variance: sum.variance + count * variance };
    },
    { mean: 0, variance: 0 },
  );
  const deviation = sqrt(max(total.variance, 1e-12));
  const bits = -log(tolerance);
  let high = Infinity;
  let low = -Infinity;
  let tilt = 1;
  for (let i = -8; i <= 8; i++) {
    const lambda = (sqrt(2 * bits) / deviation) * 2 ** (i / 2);
    const up = (sumOf(coarse, lambda) + bits) / lambda;
    if (up < high) [high, tilt] = [up, lambda];
    low = max(low, -(sumOf(coarse, -lambda) + bits) / lambda);
  }
  const most = coarse.reduce((sum, { loss, count }) => sum + count * lossOfLast(loss), 0);
  const least = coarse.reduce((sum, { loss, count }) => sum + count * loss.first * loss.step, 0);
  // An interval of width h adds at most h²/12 on average to the mean of the loss, and h²/6 to its variance.
  const sensitivity = (releases / 12) * (1 + sqrt(-2 * log(delta)) / deviation);
  const accuracy = ACCURACY * min(1, max(LEAST_DEVIATION, deviation));
  const smooth = min(sqrt(accuracy / sensitivity), max(deviation, 1e-3) / 4);
  const bounded = high >= most;
  return {
    low: max(low, least),
    high: bounded ? most + releases * smooth : high,
    tilt,
    step: bounded ? onAtoms(parts, smooth, releases) : smooth,
  };
}

/**
 * Where the largest loss of all is in sight and is an atom (Laplace), rounding it up would move the answer by a step in each release:
 * one atom is put on a grid point, several get a grid so fine that it doesn't matter.
 */
function onAtoms(parts: readonly Part[], step: number, releases: number): number {
  const atoms = parts.map(({ loss }) => loss.atom).filter((atom) => atom !== undefined && atom > 0) as number[];
  if (atoms.length === 0) return step;
  if (atoms.length > 1) return min(step, (2 * ACCURACY) / releases);
  return atoms[0] / ceil(atoms[0] / step);
}

function coarsely(distribution: LossPair['remove'], tail: number): DiscretisedLoss {
  const { low, high } = distribution.range(tail);
  return discretise(distribution, max((high - low) / COARSE_POINTS, 1e-9), tail);
}

const lossOfLast = ({ first, step, probabilities }: DiscretisedLoss) => (first + probabilities.length - 1) * step;

const sumOf = (parts: readonly { loss: DiscretisedLoss; count: number }[], lambda: number) =>
  parts.reduce((sum, { loss, count }) => sum + count * cumulant(loss, lambda), 0);

const powerOfTwo = (least: number) => 2 ** ceil(log2(least));

/** Both directions at once: one is the real, the other the imaginary part of the transform. */
function compose(
  parts: readonly Part[],
  plans: readonly Plan[],
  step: number,
  points: number,
  tail: number,
): DiscretisedLoss[] {
  const fft = transformOf(points);
  const signal = new Float64Array(2 * points);
  const spectrum = new Float64Array(2 * points);
  // Of each direction: ln |spectrum| and its angle, summed over parts, each times its count. The upper half mirrors the lower.
  const magnitude = plans.map(() => new Float64Array(points / 2 + 1));
  const angle = plans.map(() => new Float64Array(points / 2 + 1));
  const infinite = plans.map(() => 0);
  const highest = plans.map(() => 0);
  const cumulants = plans.map(() => 0);
  for (const { loss, count } of parts) {
    signal.fill(0);
    DIRECTIONS.forEach((direction, d) => {
      const fine = discretise(loss[direction], step, tail);
      for (let i = 0; i < fine.probabilities.length; i++)
        signal[2 * modulo(fine.first + i, points) + d] += fine.probabilities[i];
      infinite[d] += count * log1p(-min(fine.infinite, 1));
      highest[d] += count * (fine.first + fine.probabilities.length - 1);
      cumulants[d] += count * cumulant(fine, plans[d].tilt);
    });
    fft.transform(spectrum, signal);
    accumulate(spectrum, points, count, magnitude, angle);
  }
  for (let k = 0; k <= points / 2; k++) {
    const [removed, added] = [exp(magnitude[0][k]), exp(magnitude[1][k])];
    const [a, b] = [removed * cos(angle[0][k]), removed * sin(angle[0][k])];
    const [c, d] = [added * cos(angle[1][k]), added * sin(angle[1][k])];
    const mirrored = (points - k) % points;
    spectrum[2 * mirrored] = a + d;
    spectrum[2 * mirrored + 1] = c - b;
    spectrum[2 * k] = a - d;
    spectrum[2 * k + 1] = b + c;
  }
  fft.inverseTransform(signal, spectrum);
  return plans.map((plan, d) => {
    const first = firstIndex(plan, step);
    const probabilities = new Float64Array(points);
    for (let i = 0; i < points; i++) probabilities[i] = max(0, signal[2 * modulo(first + i, points) + d]);
    // Losses beyond the window have been wrapped round to its low end: a Chernoff bound of what they are counts as disclosed.
    const end = first + points - 1;
    const beyond = highest[d] <= end ? 0 : exp(cumulants[d] - plan.tilt * end * step);
    return { step, first, probabilities, infinite: -expm1(infinite[d]) + beyond };
  });
}

const firstIndex = ({ low }: Plan, step: number) => floor(low / step) - 1;

const modulo = (i: number, n: number) => ((i % n) + n) % n;

/** Splits the transform of removed + i·added into the two, and adds count times their logarithms. */
function accumulate(
  spectrum: Float64Array,
  points: number,
  count: number,
  magnitude: readonly Float64Array[],
  angle: readonly Float64Array[],
): void {
  for (let k = 0; k <= points / 2; k++) {
    const mirrored = (points - k) % points;
    const re = spectrum[2 * k];
    const im = spectrum[2 * k + 1];
    const mirroredRe = spectrum[2 * mirrored];
    const mirroredIm = spectrum[2 * mirrored + 1];
    const [removedRe, removedIm] = [(re + mirroredRe) / 2, (im - mirroredIm) / 2];
    const [addedRe, addedIm] = [(im + mirroredIm) / 2, (mirroredRe - re) / 2];
    magnitude[0][k] += (count / 2) * log(removedRe * removedRe + removedIm * removedIm);
    magnitude[1][k] += (count / 2) * log(addedRe * addedRe + addedIm * addedIm);
    angle[0][k] += count * atan2(removedIm, removedRe);
    angle[1][k] += count * atan2(addedIm, addedRe);
  }
}

/** Tables of sines are kept for the size used last: a calibration asks for the same again and again. */
let latest: { points: number; fft: FFT } | undefined;
function transformOf(points: number): FFT {
  if (latest?.points !== points) latest = { points, fft: new FFT(points) };
  return latest.fft;
}

/** Solves δ(ε) = Σ over losses l > ε of p(l)·(1 − e^(ε − l)), plus what is infinite, exactly for the discretised loss. */
function epsilonOf({ step, first, probabilities, infinite }: DiscretisedLoss, delta: number): number {
  if (!(infinite < delta)) return Infinity;
  // Arithmetic that has failed must not look like privacy: what is there must be a distribution.
  const total = probabilities.reduce((sum, probability) => sum + probability, 0);
  if (!(abs(total - 1) <= infinite + LOST_MASS)) return Infinity;
  const shrink = exp(-step);
  // From the top: mass above the grid point, and that mass times e^(point − loss).
  let mass = infinite;
  let discounted = 0;
  for (let i = probabilities.length - 1; i >= 0; i--) {
    mass += probabilities[i];
    discounted += probabilities[i];
    // Between the grid point below and this one, δ(ε) = mass − e^(ε − this point)·discounted.
    if (mass - discounted * shrink > delta) return max(0, (first + i) * step + log((mass - delta) / discounted));
    discounted *= shrink;
  }
  return 0;
}
