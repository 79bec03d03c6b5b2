import { fitCalibrated } from '../calibration/fit.js';
import type { FitRequest, FittedModel, Tools, Workshop } from '../models/kind.js';
import { kindOf } from '../models/kinds.js';
import { createPredictor } from '../models/predictor.js';
import { checkRequest } from './check-request.js';
import { type LearningCurve, overfittingOf } from './learning-curve.js';

/**
 * Fits a model by its name: settings that are not given are chosen on the validation users. Risk is calibrated where the settings say so.
 * @throws {ConcordError} BAD_INPUT where there is nothing to learn from, or the model is not for such data; CANCELLED
 */
export async function fitModel(request: FitRequest, tools: Tools): Promise<FittedModel> {
  const { model, part = { stage: `training ${model}`, from: 0, to: 0.97 } } = request;
  checkRequest(request);
  const { calibration, ...settings } = request.settings ?? {};
  const plain = { ...request, settings, part };
  const workshop: Workshop = {
    ...tools,
    fit: (member) => fitModel(member, tools),
    open: (task, { contract, weights }) => createPredictor(task, contract, weights, tools.backend),
  };
  const fitted = await (calibration === undefined || calibration === 'none'
    ? kindOf(model).fit(plain, workshop)
    : fitCalibrated(plain, calibration, workshop));
  const { curves } = fitted.training as { curves?: readonly LearningCurve[] };
  const warning = curves && overfittingOf(model, curves);
  return warning ? { ...fitted, training: { ...fitted.training, warnings: [warning] } } : fitted;
}
