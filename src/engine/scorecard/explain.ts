import type { UserRow } from '../data/dataset.js';
import { encodeRows } from '../encoders/encode.js';
import type { Explanation } from '../engine.js';
import type { Predictor } from '../models/kind.js';
import type { ScorecardWeights } from '../models/weights.js';
import { evidenceAt } from './score.js';

/** A scorecard taken apart exactly: what each column's evidence adds to the log-odds, against the mean evidence of the training users. */
export function explainScorecard({ contract }: Predictor, weights: ScorecardWeights, row: UserRow): Explanation {
  const encoded = encodeRows(contract, [row]);
  let base = weights.intercept;
  const byColumn = new Map(contract.features.map(({ column }) => [column, 0]));
  for (const characteristic of weights.characteristics) {
    const { feature, coefficient, woe, shares } = characteristic;
    const mean = woe.reduce((sum, value, group) => sum + shares[group] * value, 0);
    const own = evidenceAt(contract, characteristic, encoded.positions[feature][0]);
    const { column } = contract.features[feature];
    base -= coefficient * mean;
    byColumn.set(column, (byColumn.get(column) ?? 0) - coefficient * (own - mean));
  }
  const contributions = [...byColumn]
    .map(([feature, contribution]) => ({ feature, value: row.values[feature] ?? null, contribution }))
    .sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
  return { base, score: contributions.reduce((sum, { contribution }) => sum + contribution, base), contributions };
}
