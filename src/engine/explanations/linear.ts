import type { UserRow } from '../data/dataset.js';
import type { Explanation } from '../engine.js';
import { manifestOf } from '../layers/parameters.js';
import type { Predictor } from '../models/kind.js';
import { entryOf, network } from '../models/network.js';
import type { NetworkWeights } from '../models/weights.js';
import { explained } from './explained.js';
import { explanationOf } from './explanation.js';

/** A linear model of risk taken apart exactly: weight · (input − mean), summed by column. */
export function linearExplanation(
  predictor: Predictor,
  { architecture, members }: NetworkWeights,
  row: UserRow,
): Explanation {
  const { players, inputs } = explained(predictor, row);
  const manifest = manifestOf(network(architecture));
  const [flat] = members;
  const weight = entryOf(manifest, 'output.weight').offset;
  const base = flat[entryOf(manifest, 'output.bias').offset];
  const contributions = players.map(({ inputs: own }) =>
    own.reduce((sum, input) => sum + flat[weight + input] * inputs[input], 0),
  );
  return explanationOf({ base, contributions }, players);
}
