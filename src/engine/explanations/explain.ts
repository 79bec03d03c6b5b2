import { badInput } from '../../errors.js';
import type { UserRow } from '../data/dataset.js';
import { encodeRows, productIndex } from '../encoders/encode.js';
import type { Explanation } from '../engine.js';
import { manifestOf } from '../layers/parameters.js';
import type { NetworkWeights, TreeWeights } from '../models/artifact.js';
import { entryOf, network } from '../models/network.js';
import type { Predictor } from '../models/predictor.js';
import { createTreeExplainer, type TreeExplainer } from '../trees/explain.js';
import { type Player, playersOf } from './players.js';
import { logOdds, shapley } from './shapley.js';

/**
 * Why the risk of a user is what it is. The score is the log-odds of the probability; base is that of the average training user.
 * A linear model is taken apart exactly: weight · (input − mean), summed by column; trees exactly too (docs/trees.md). A network by sampled
 * Shapley values.
 */
export async function explainRisk(predictor: Predictor, row: UserRow): Promise<Explanation> {
  const { weights } = predictor;
  if (weights.kind === 'popularity') return constant(logOdds(weights.shares[0]));
  if (weights.kind === 'trees') return treeExplainer(predictor, weights).explainRisk(row);
  const { players, inputs } = explained(predictor, row);
  const { hidden, rank } = weights.architecture;
  if (hidden.length === 0 && !rank) return linear(weights, players, inputs);
  const [values] = await shapley(predictor, { players, inputs }, [0]);
  return explanation(values, players);
}

/**
 * Why each of some products has its probability. The score is the log-odds of the probability that scoreInterest gives, for every
 * kind of model. Trees are taken apart exactly; elsewhere the softmax makes a product's probability depend on the others', so sampled
 * Shapley values are used throughout.
 * @throws {ConcordError} BAD_INPUT for a product that the model does not know.
 */
export async function explainInterest(
  predictor: Predictor,
  row: UserRow,
  products: readonly string[],
): Promise<Explanation[]> {
  const { weights } = predictor;
  if (weights.kind === 'trees') return treeExplainer(predictor, weights).explainInterest(row, products);
  const index = productIndex(predictor.contract);
  const outputs = products.map((code) => {
    const output = index.get(code);
    if (output === undefined) throw badInput(`The model does not know the product ${code}.`, { product: code });
    return output;
  });
  if (outputs.length === 0) return [];
  const { players, inputs, candidates } = explained(predictor, row);
  const values = await shapley(predictor, { players, inputs, candidates }, outputs);
  return values.map((value) => explanation(value, players));
}

/** One for each model that has been asked for reasons, as long as it is loaded. */
const treeExplainers = new WeakMap<TreeWeights, TreeExplainer>();

function treeExplainer({ contract }: Predictor, weights: TreeWeights): TreeExplainer {
  let explainer = treeExplainers.get(weights);
  if (!explainer) {
    explainer = createTreeExplainer(contract, weights.ensemble);
    treeExplainers.set(weights, explainer);
  }
  return explainer;
}

const constant = (score: number): Explanation => ({ base: score, score, contributions: [] });

/** The user's encoded row, and what it is made of. */
function explained(predictor: Predictor, row: UserRow) {
  const { contract, expander, outputs, task } = predictor;
  const encoded = encodeRows(contract, [row]);
  const inputs = new Float32Array(expander.width);
  expander.write(encoded, 0, -1, inputs, 0);
  const candidates = new Float32Array(task === 'interest' ? outputs : 0).fill(1);
  if (task === 'interest') for (const product of encoded.items) candidates[product] = 0;
  return { players: playersOf(contract, expander, row, encoded.items), inputs, candidates };
}

function linear(
  { architecture, members }: NetworkWeights,
  players: readonly Player[],
  inputs: Float32Array,
): Explanation {
  const manifest = manifestOf(network(architecture));
  const [flat] = members;
  const weight = entryOf(manifest, 'output.weight').offset;
  const base = flat[entryOf(manifest, 'output.bias').offset];
  const contributions = players.map(({ inputs: own }) =>
    own.reduce((sum, input) => sum + flat[weight + input] * inputs[input], 0),
  );
  return explanation({ base, contributions }, players);
}

function explanation(
  { base, contributions }: { readonly base: number; readonly contributions: readonly number[] },
  players: readonly Player[],
): Explanation {
  return {
    base,
    score: contributions.reduce((sum, contribution) => sum + contribution, base),
    contributions: players
      .map(({ feature, value }, player) => ({ feature, value, contribution: contributions[player] }))
      .sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution)),
  };
}
