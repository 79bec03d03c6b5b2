import type { FitRequest, FittedModel, Workshop } from '../models/kind.js';
import { kindOf } from '../models/kinds.js';
import { checkRequest } from './check-request.js';

/**
 * Fits a model by its name: settings that are not given are chosen on the validation users.
 * @throws {ConcordError} BAD_INPUT where there is nothing to learn from, or the model is not for such data; CANCELLED
 */
export async function fitModel(request: FitRequest, workshop: Omit<Workshop, 'fit'>): Promise<FittedModel> {
  const { model, part = { stage: `training ${model}`, from: 0, to: 0.97 } } = request;
  checkRequest(request);
  return kindOf(model).fit({ ...request, part }, { ...workshop, fit: (member) => fitModel(member, workshop) });
}
