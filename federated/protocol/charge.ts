import { checkTraining, mechanismsOf } from '../privacy/dp-sgd.js';
import { histogramMechanism } from '../privacy/histogram.js';
import type { Mechanism } from '../privacy/mechanism.js';
import type { RoundPlan } from './plan.js';

/**
 * What one contribution to a round is charged: the one place from a plan to mechanisms.
 * @throws {RangeError} where a setting is out of range
 */
export function chargeOf({ strategy, training }: Pick<RoundPlan, 'strategy' | 'training'>): Mechanism[] {
  if (strategy !== 'histogram') return mechanismsOf(training);
  checkTraining(training);
  return [histogramMechanism(training.noiseMultiplier)];
}
