import { badInput } from '../../errors.js';
import type { UserRow } from '../data/dataset.js';
import type { FeatureContract } from '../encoders/contract.js';
import { encodeRows, productIndex } from '../encoders/encode.js';
import type { Explanation } from '../engine.js';
import type { Predictor } from '../models/kind.js';
import { explanationOf } from './explanation.js';
import { playersOf } from './players.js';
import { shapley } from './shapley.js';

/** Sampled Shapley values, for models whose inputs are 0 at the training mean. */
export async function explainRiskBySampling(predictor: Predictor, row: UserRow): Promise<Explanation> {
  const { players, inputs } = explained(predictor, row);
  const [values] = await shapley(predictor, { players, inputs }, [0]);
  return explanationOf(values, players);
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
  const { players, inputs, candidates } = explained(predictor, row);
  const values = await shapley(predictor, { players, inputs, candidates }, outputs);
  return values.map((value) => explanationOf(value, players));
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

/** The user's encoded row, and what it is made of. */
export function explained(predictor: Predictor, row: UserRow) {
  const { contract, expander, outputs, task } = predictor;
  const encoded = encodeRows(contract, [row]);
  const inputs = new Float32Array(expander.width);
  expander.write(encoded, 0, -1, inputs, 0);
  const candidates = new Float32Array(task === 'interest' ? outputs : 0).fill(1);
  if (task === 'interest') for (const product of encoded.items) candidates[product] = 0;
  return { players: playersOf(contract, expander, row, encoded.items), inputs, candidates };
}
