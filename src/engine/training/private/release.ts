import { gridSigma } from '../../../../federated/privacy/dp-sgd.js';
import { type DiscreteGaussian, discreteGaussian } from '../../../../federated/privacy/noise/discrete-gaussian.js';
import type { NoiseThread } from './noise-thread.js';
import { type SumKernel, sumKernel } from './sum-kernel.js';

/** A sum that leaves with noise: it is put on a grid, exact discrete Gaussian noise is added, and it comes back as numbers. */
export interface NoisySum extends Pick<SumKernel, 'total' | 'add' | 'weights' | 'descend'> {
  /** The sum so far; exact, and not private, until it is released. */
  readonly total: Float64Array;
  /** Has the noise of the next release ready: while a GPU computes, or where a thread has drawn it, this costs no time. */
  draw(): void;
  /**
   * total ← (total on the grid + noise) ÷ bound, in place. The noise has standard deviation noiseMultiplier · bound before that division.
   * Uses what was drawn, once.
   */
  release(bound: number): void;
}

/**
 * @param values length of the sum
 * @param thread draws the noise ahead; without it, and where it is late, it is drawn here
 * @throws {RangeError} where no grid is fine enough
 */
export function noisySum(noiseMultiplier: number, values: number, thread?: NoiseThread): NoisySum {
  const source: DiscreteGaussian = discreteGaussian(gridSigma(noiseMultiplier, values));
  const ahead = thread?.source(source.sigma, values);
  const { total, noise, add, release, weights, descend } = sumKernel(values);
  let drawn = false;
  const draw = () => {
    if (!drawn && !ahead?.take(noise)) source.fill(noise);
    drawn = true;
  };
  return {
    total,
    add,
    weights,
    descend,
    draw,
    release(bound) {
      draw();
      // Grid units a clip norm: bound ÷ unit.
      const scale = source.sigma / noiseMultiplier;
      release(scale / bound, 1 / scale);
      drawn = false;
    },
  };
}

/** Grid units a user: the count of users below a norm is noised on it. */
const COUNT_UNITS = 2 ** 19;

/**
 * Of Σ (below − ½), which one user changes by ½, a noisy copy (Andrew et al. 2021).
 * @param noiseMultiplier standard deviation ÷ that sensitivity
 */
export function noisyCount(noiseMultiplier: number): (sum: number) => number {
  const source = discreteGaussian(Math.max(1, noiseMultiplier * 0.5 * COUNT_UNITS));
  const noise = new Int32Array(1);
  return (sum) => {
    source.fill(noise);
    return sum + noise[0] / COUNT_UNITS;
  };
}
