import { gridSigma } from '../../../../federated/privacy/dp-sgd.js';
import { type DiscreteGaussian, discreteGaussian } from '../../../../federated/privacy/noise/discrete-gaussian.js';

const { round } = Math;

/** The noise of a private step: values are put on a grid, exact discrete Gaussian noise is added, and they come back as numbers. */
export interface NoisyRelease {
  /** Draws the noise of one release ahead: while a GPU computes, this costs no time. */
  draw(): void;
  /**
   * sum ← (sum on the grid + noise) ÷ bound, in place. The noise has standard deviation noiseMultiplier · bound before that division.
   * Uses what was drawn, once.
   */
  release(sum: Float64Array, bound: number): void;
}

/**
 * @param values length of the sums
 * @throws {RangeError} where no grid is fine enough
 */
export function noisyRelease(noiseMultiplier: number, values: number): NoisyRelease {
  const source: DiscreteGaussian = discreteGaussian(gridSigma(noiseMultiplier, values));
  const noise = new Int32Array(values);
  let drawn = false;
  const draw = () => {
    if (!drawn) source.fill(noise);
    drawn = true;
  };
  return {
    draw,
    release(sum, bound) {
      draw();
      // Grid units a clip norm: bound ÷ unit.
      const scale = source.sigma / noiseMultiplier;
      const toGrid = scale / bound;
      for (let index = 0; index < values; index++) sum[index] = (round(sum[index] * toGrid) + noise[index]) / scale;
      noise.fill(0);
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
