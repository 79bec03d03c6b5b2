import { MARGIN } from './dp-sgd.js';
import type { Mechanism } from './mechanism.js';

/**
 * What one release of a histogram is charged: less than its noise, for its rounding to the grid.
 * @param noiseMultiplier deviation of the noise ÷ L2 norm of what one user adds, at most
 */
export const histogramMechanism = (noiseMultiplier: number): Mechanism => ({
  mechanism: 'gaussian',
  noiseMultiplier: noiseMultiplier / (1 + MARGIN.rounding),
  count: 1,
});

/** The noise multiplier to put into a plan so that this one, by calibration, is what is charged. */
export const nominalHistogramNoise = (charged: number): number => charged * (1 + MARGIN.rounding);
