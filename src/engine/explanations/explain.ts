import { badInput } from '../../errors.js';
import type { UserRow } from '../data/dataset.js';
import type { Explanation } from '../engine.js';
import type { Predictor } from '../models/kind.js';
import { expectedGradients } from './expected-gradients.js';
import { explanationOf } from './explanation.js';
import { type Attribution, type Game, gameOf } from './game.js';
import { kernelShap } from './kernel-shap.js';
import { lime } from './lime.js';
import type { ExplanationMethod } from './methods.js';
import { permutationValues } from './permutation.js';
import { explainedOutputs } from './sampled.js';

/**
 * Why the risk of a user is what it is. The score is the log-odds of the probability; base is that of a user who is nobody.
 * @param method default: the best for the model
 * @throws {ConcordError} BAD_INPUT where the model has no such explanation
 */
export async function explainRisk(
  predictor: Predictor,
  row: UserRow,
  method?: ExplanationMethod,
): Promise<Explanation> {
  if (isOwn(predictor, method)) return predictor.explainRisk(row);
  const [explanation] = await explainBy(method, predictor, row, [0]);
  return explanation;
}

/**
 * Why each of some products has its probability. The score is the log-odds of the probability that scoreInterest gives, for every
 * kind of model.
 * @throws {ConcordError} BAD_INPUT for a product that the model does not know, and where it has no such explanation
 */
export async function explainInterest(
  predictor: Predictor,
  row: UserRow,
  products: readonly string[],
  method?: ExplanationMethod,
): Promise<Explanation[]> {
  if (isOwn(predictor, method)) return predictor.explainInterest(row, products);
  const outputs = explainedOutputs(predictor.contract, products);
  return outputs.length === 0 ? [] : explainBy(method, predictor, row, outputs);
}

function isOwn(predictor: Predictor, method: ExplanationMethod | undefined): method is undefined | 'exact' {
  if (method === undefined) return true;
  if (method !== 'exact') return false;
  if (predictor.exact) return true;
  throw badInput('This model has no exact explanation: take kernel-shap, or leave the method to the model.', {
    method,
  });
}

const BY_GAME: Readonly<
  Record<Exclude<ExplanationMethod, 'exact' | 'expected-gradients'>, (game: Game) => Promise<Attribution[]>>
> = { 'kernel-shap': kernelShap, lime, permutation: permutationValues };

async function explainBy(
  method: Exclude<ExplanationMethod, 'exact'>,
  predictor: Predictor,
  row: UserRow,
  outputs: readonly number[],
): Promise<Explanation[]> {
  if (method === 'expected-gradients') {
    if (!predictor.opened.slopes)
      throw badInput('Expected gradients are for networks: this model has no slopes. Take kernel-shap.', { method });
    const { players, attributions } = await expectedGradients(predictor, row, outputs);
    return attributions.map((attribution) => explanationOf(attribution, players));
  }
  const game = gameOf(predictor, row, outputs);
  return (await BY_GAME[method](game)).map((attribution) => explanationOf(attribution, game.players));
}
