import { MOST_POPULATION } from '../../../../federated/privacy/dp-sgd.js';
import { badInput } from '../../../errors.js';
import { type Dataset, FOLD } from '../../data/dataset.js';
import { countInGrid, type PublicGrid, publicGrid } from '../../encoders/public-grid.js';
import type { HistogramRequest } from '../../engine.js';
import { usersOf } from '../../evaluation/evaluate.js';
import { noisySum } from './release.js';

/**
 * A bank's part in a round of histograms: of the users that the task can learn from (of a stored split, its training users).
 * @returns a value for each cell of the declaration's grid, with noise of deviation noiseMultiplier · sensitivity
 * @throws {ConcordError} BAD_INPUT
 */
export function histogramUpdate(
  dataset: Dataset,
  { task, declaration, noiseMultiplier, expectedUsers }: HistogramRequest,
): Float32Array {
  const users = usersOf({ dataset, task }).filter((user) => !dataset.fold || dataset.fold[user] === FOLD.train);
  if (users.length > MOST_POPULATION * expectedUsers)
    throw badInput(`Here are more than ${MOST_POPULATION} times the users that the plan expects.`, { expectedUsers });
  return Float32Array.from(noisyHistogram(publicGrid(declaration), dataset, users, noiseMultiplier));
}

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
