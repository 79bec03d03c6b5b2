import { MARGIN } from '../../../../federated/privacy/dp-sgd.js';
import type { Mechanism } from '../../../../federated/privacy/mechanism.js';
import type { Dataset } from '../../data/dataset.js';
import { countInGrid, type PublicGrid } from '../../encoders/public-grid.js';
import { noisySum } from './release.js';

/** What one release of a histogram with this noise (deviation ÷ the grid's sensitivity) is charged: less than the noise, for its rounding. */
export const histogramMechanism = (noiseMultiplier: number): Mechanism => ({
  mechanism: 'gaussian',
  noiseMultiplier: noiseMultiplier / (1 + MARGIN.rounding),
  count: 1,
});

/** A bank's histogram with noise of deviation noiseMultiplier · grid.sensitivity on each cell, by the system's generator. */
export function noisyHistogram(
  grid: PublicGrid,
  dataset: Dataset,
  users: Int32Array,
  noiseMultiplier: number,
): Float64Array {
  const counts = countInGrid(grid, dataset, users);
  const sum = noisySum(noiseMultiplier, counts.length);
  sum.total.set(counts);
  sum.release(grid.sensitivity);
  return sum.total.map((value) => value * grid.sensitivity);
}
