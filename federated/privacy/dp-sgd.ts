import type { TrainingSettings } from '../protocol/plan.js';
import type { Mechanism } from './mechanism.js';

/**
 * What arithmetic may add to the sensitivity of a clipped sum, as shares of the clip norm. The accountant is given the noise multiplier
 * less these shares.
 *
 * rounding: the sum is rounded to a grid before noise is added. That moves the distance of two neighbouring sums by at most √d grid units,
 * for d values; the grid is chosen so fine that this is at most 2⁻¹⁰ of the clip norm (gridSigma).
 *
 * float32: sums over the rows of a micro-batch are float32, totals float64. A sum of n terms is off by at most n·2⁻²⁴ of the sum of
 * their sizes, and one user more or less disturbs the micro-batches of one group (poissonGroups): with micro-batches of 256 rows and groups
 * of at most 896 users, 2 · 256 · 896 · 2⁻²⁴ = .0273; the rest of 2⁻⁵ = .0313 is for the rounding of gradients and norms (below 10⁻⁴).
 */
export const MARGIN = { rounding: 2 ** -10, float32: 2 ** -5 } as const;

/** Rows of a micro-batch, at most. */
export const MICRO_BATCH_ROWS = 256;

/** Expected users of a group: with four times the expected population (MOST_POPULATION) more than 896 come with probability below 10⁻⁵⁰. */
const GROUP_USERS = 128;

/** A population may be this many times the public expectation: beyond, groups would outgrow their bound. */
export const MOST_POPULATION = 4;

/** Finest noise that the sampler offers, and coarsest that is used, as standard deviations in grid units. */
const SIGMA = { least: 2 ** 20, most: 2 ** 26 };

/**
 * Groups that a step's users are dealt into; public, because it depends on the settings alone.
 */
export const groupsOf = ({ samplingRate, expectedUsers }: Pick<TrainingSettings, 'samplingRate' | 'expectedUsers'>) =>
  Math.max(1, Math.ceil((samplingRate * expectedUsers) / GROUP_USERS));

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
