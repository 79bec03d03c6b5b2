import { MOST_POPULATION } from '../privacy/dp-sgd.js';
import type { Strategy, TrainingSettings } from './plan.js';

/** Deviations by which an honest draw may be off: beyond, with probability below 10⁻⁸. */
const DEVIATIONS = 6;

/**
 * L2 norm that an honest update passes with negligible probability, in the units of updates (gradients ÷ clip norm).
 *
 * A step moves by at most the users that were sampled ÷ expected batch, of a population up to MOST_POPULATION times the expected one, each
 * with norm 1, and by noise of deviation noiseMultiplier ÷ expected batch in each parameter, of norm about √parameters times that. Steps add
 * up, their noise in quadrature; momentum multiplies by at most 1 ÷ (1 − momentum). FedSGD sends the one direction itself.
 */
export function honestNorm(training: TrainingSettings, strategy: Strategy, parameters: number): number {
  const { samplingRate, expectedUsers, noiseMultiplier, steps, learningRate, momentum } = training;
  const batch = samplingRate * expectedUsers;
  const users = MOST_POPULATION * batch;
  const clipped = (users + DEVIATIONS * Math.sqrt(users) + DEVIATIONS ** 2) / batch;
  const noise = (noiseMultiplier * (Math.sqrt(parameters) + DEVIATIONS)) / batch;
  if (strategy === 'fedsgd') return clipped + noise;
  return (learningRate / (1 - momentum)) * (steps * clipped + Math.sqrt(steps) * noise);
}
