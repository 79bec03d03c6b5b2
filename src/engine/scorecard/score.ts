import type { FeatureContract } from '../encoders/contract.js';
import type { Characteristic, ScorecardWeights } from '../models/weights.js';
import { slotOf } from './slots.js';

/** Weight of evidence of a user in one characteristic; 0 where nothing is known of such. */
export function evidenceAt(
  { features }: FeatureContract,
  { feature, groups, woe }: Characteristic,
  position: number,
): number {
  const slot = slotOf(features[feature], position);
  const group = slot >= 0 ? groups[slot] : -1;
  return group >= 0 ? woe[group] : 0;
}

/** Log-odds of the event. @param rows encoded positions, one row a user, the first of which begins at `from` */
export function scorecardOdds(
  contract: FeatureContract,
  { intercept, characteristics }: ScorecardWeights,
  rows: Float32Array,
  from: number,
): number {
  let odds = intercept;
  for (const characteristic of characteristics)
    odds -= characteristic.coefficient * evidenceAt(contract, characteristic, rows[from + characteristic.feature]);
  return odds;
}
