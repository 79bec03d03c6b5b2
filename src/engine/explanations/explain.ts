import type { UserRow } from '../data/dataset.js';
import type { Explanation } from '../engine.js';
import type { Predictor } from '../models/kind.js';
import { kindOfWeights } from '../models/kinds.js';

/** Why the risk of a user is what it is. The score is the log-odds of the probability; base is that of the average training user. */
export function explainRisk(predictor: Predictor, row: UserRow): Promise<Explanation> {
  const { weights } = predictor;
  return kindOfWeights(weights).explainRisk(predictor, weights, row);
}

/**
 * Why each of some products has its probability. The score is the log-odds of the probability that scoreInterest gives, for every
 * kind of model.
 * @throws {ConcordError} BAD_INPUT for a product that the model does not know.
 */
export function explainInterest(
  predictor: Predictor,
  row: UserRow,
  products: readonly string[],
): Promise<Explanation[]> {
  const { weights } = predictor;
  return kindOfWeights(weights).explainInterest(predictor, weights, row, products);
}
