import type { FitRequest, FittedModel, Tools } from '../models/kind.js';
import { kindOf } from '../models/kinds.js';
import { createPredictor } from '../models/predictor.js';
import { checkRequest } from './check-request.js';

/**
 * Fits a model by its name: settings that are not given are chosen on the validation users.
 * @throws {ConcordError} BAD_INPUT where there is nothing to learn from, or the model is not for such data; CANCELLED
 */
export async function fitModel(request: FitRequest, tools: Tools): Promise<FittedModel> {
  const { model, part = { stage: `training ${model}`, from: 0, to: 0.97 } } = request;
  checkRequest(request);
  return kindOf(model).fit(
    { ...request, part },
    {
      ...tools,
      fit: (member) => fitModel(member, tools),
      open: (task, { contract, weights }) => createPredictor(task, contract, weights, tools.backend),
    },
  );
}
