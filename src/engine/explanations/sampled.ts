import { badInput } from '../../errors.js';
import type { UserRow } from '../data/dataset.js';
import type { FeatureContract } from '../encoders/contract.js';
import { productIndex } from '../encoders/encode.js';
import type { Explanation } from '../engine.js';
import type { Predictor } from '../models/kind.js';
import { explanationOf } from './explanation.js';
import { gameOfInputs } from './game.js';
import { permutationValues } from './permutation.js';

/** Sampled Shapley values, for models whose inputs are 0 at the training mean. */
export async function explainRiskBySampling(predictor: Predictor, row: UserRow): Promise<Explanation> {
  const game = gameOfInputs(predictor, row, [0]);
  const [values] = await permutationValues(game);
  return explanationOf(values, game.players);
}

/**
 * Sampled Shapley values, likewise, of the log-odds of each product's probability.
 * @throws {ConcordError} BAD_INPUT for a product that the model does not know.
 */
export async function explainInterestBySampling(
  predictor: Predictor,
  row: UserRow,
  products: readonly string[],
): Promise<Explanation[]> {
  const outputs = explainedOutputs(predictor.contract, products);
  if (outputs.length === 0) return [];
  const game = gameOfInputs(predictor, row, outputs);
  return (await permutationValues(game)).map((value) => explanationOf(value, game.players));
}

/** Places of products in a model's outputs. @throws {ConcordError} BAD_INPUT for a product that the model does not know. */
export function explainedOutputs(contract: FeatureContract, products: readonly string[]): number[] {
  const index = productIndex(contract);
  return products.map((code) => {
    const output = index.get(code);
    if (output === undefined) throw badInput(`The model does not know the product ${code}.`, { product: code });
    return output;
  });
}
