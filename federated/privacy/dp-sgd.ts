import type { TrainingSettings } from '../protocol/plan.js';
import type { Mechanism } from './mechanism.js';

/**
 * What arithmetic may add to the sensitivity of a clipped sum, as shares of the clip norm. The accountant is given the noise multiplier
 * less these shares.
 *
 * rounding: the sum is rounded to a grid before noise is added. That moves the distance of two neighbouring sums by at most √d grid units,
 * for d values; the grid is chosen so fine that this is at most 2⁻¹⁰ of the clip norm (gridSigma).
 *
 * float32: what rounding to float32 may add, with u = 2⁻²⁴. A sum of n rows is off by at most (n + 1)·u of the sum of their lengths, in
 * whatever order they are added; rows are a clip norm long on average at most (rowLengths in src/engine/layers/private-step.ts). Users come
 * in a random order (poissonSample): a user more takes a place in it, and who stood there comes last. So two neighbouring sums differ in one
 * block of the full graphs, and in the rows after these, less than a full graph, or one graph of 769 rows or more. In those blocks, with the
 * user and without, rounding adds at most
 *   2 · 129 · 128 · u + 2 · max(129 · 512 + 257 · 256, 129 · 1024) · u = .0178,
 * in adding up the blocks of these graphs 4 · 7 · 1024 · u = .0017, and in norms .0078 for users of several rows and .0010 for all, in
 * layers of up to 2¹⁵ inputs and outputs. Totals over graphs are double: below 10⁻⁴ for ten million users. Together that is less than 2⁻⁵.
 * It holds where the gradient of a user, as it is computed, is the same in every place and graph; a test holds backends to that. Where layers
 * read several positions of a row, a user's gradient is made before it is summed (positionsMade in private-step.ts).
 */
export const MARGIN = { rounding: 2 ** -10, float32: 2 ** -5 } as const;

/**
 * A population may be this many times the public expectation: what an honest update may be long follows from it (norm-bound.ts).
 */
export const MOST_POPULATION = 4;

/** How rows are summed in float32. Powers of two. */
export const SUMMATION = {
  /** Rows of a graph, at most. */
  graphRows: 1024,
  /** Rows of a block in a graph of several blocks. */
  blockRows: 128,
  /** Rows of a graph of one block, at most. */
  onlyBlockRows: 256,
} as const;

/** Finest noise that the sampler offers, and coarsest that is used, as standard deviations in grid units. */
const SIGMA = { least: 2 ** 20, most: 2 ** 26 };

/**
 * Standard deviation of the noise in grid units, for a vector of so many values: the grid unit is noiseMultiplier · clip norm ÷ this.
 * @throws {RangeError} where no grid is fine enough (noise multiplier · √values above 2¹⁶).
 */
export function gridSigma(noiseMultiplier: number, values: number): number {
  const sigma = Math.max(SIGMA.least, (noiseMultiplier * Math.sqrt(values)) / MARGIN.rounding);
  if (sigma > SIGMA.most)
    throw new RangeError(
      `A noise multiplier of ${noiseMultiplier} over ${values} values needs a finer grid than there is.`,
    );
  return sigma;
}

/**
 * What one round of private training under these settings is charged: the one place from settings to mechanisms.
 * Adaptive clipping releases in each step also the number of users below the norm, of the same sample: sum and count together are one
 * Gaussian mechanism, whose multiplier is (z⁻² + z_count⁻²)^−½ (Andrew et al. 2021).
 * @throws {RangeError} where a setting is out of range
 */
export function mechanismsOf(training: TrainingSettings): Mechanism[] {
  checkTraining(training);
  const { clipping, noiseMultiplier, samplingRate, steps } = training;
  const ofSum = noiseMultiplier / (1 + MARGIN.rounding + MARGIN.float32);
  const effective =
    clipping.kind === 'adaptive' ? 1 / Math.sqrt(ofSum ** -2 + clipping.countNoiseMultiplier ** -2) : ofSum;
  return [{ mechanism: 'subsampled-gaussian', samplingRate, noiseMultiplier: effective, steps }];
}

/** The noise multiplier to put into settings so that, with flat or automatic clipping, this one (by calibration) is what is charged. */
export const nominalNoise = (charged: number): number => charged * (1 + MARGIN.rounding + MARGIN.float32);

const check = (name: string, value: number, holds: boolean, words: string): void => {
  if (!holds || !Number.isFinite(value)) throw new RangeError(`training.${name} must be ${words}, not ${value}.`);
};

const above = (name: string, value: number): void => check(name, value, value >= 1e-9 && value <= 1e9, 'more than 0');

/** @throws {RangeError} naming the setting and what it must be. */
export function checkTraining(training: TrainingSettings): void {
  const { clipping, samplingRate, expectedUsers, noiseMultiplier, steps, learningRate, momentum, proximal } = training;
  check('samplingRate', samplingRate, samplingRate > 0 && samplingRate <= 1, 'more than 0 and at most 1');
  check('expectedUsers', expectedUsers, expectedUsers >= 1 && expectedUsers <= 1e12, 'at least 1');
  check('noiseMultiplier', noiseMultiplier, noiseMultiplier >= 0.01 && noiseMultiplier <= 1e4, 'from .01 to 10,000');
  check('steps', steps, Number.isInteger(steps) && steps >= 1 && steps <= 1e6, 'a whole number from 1 to 1,000,000');
  above('learningRate', learningRate);
  check('momentum', momentum, momentum >= 0 && momentum < 1, 'at least 0 and less than 1');
  check('proximal', proximal, proximal >= 0 && proximal <= 1e6, 'from 0 to 1,000,000');
  if (clipping.kind === 'flat') above('clipping.norm', clipping.norm);
  else if (clipping.kind === 'automatic') {
    above('clipping.norm', clipping.norm);
    above('clipping.stability', clipping.stability);
  } else if (clipping.kind === 'adaptive') {
    const { initialNorm, quantile, learningRate: rate, countNoiseMultiplier: noise } = clipping;
    above('clipping.initialNorm', initialNorm);
    check('clipping.quantile', quantile, quantile > 0 && quantile < 1, 'between 0 and 1');
    check('clipping.learningRate', rate, rate > 0 && rate <= 10, 'more than 0 and at most 10');
    check('clipping.countNoiseMultiplier', noise, noise >= 0.01 && noise <= 128, 'from .01 to 128');
  } else throw new RangeError('training.clipping.kind must be flat, automatic or adaptive.');
}
