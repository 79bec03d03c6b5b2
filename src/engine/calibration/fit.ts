import { badInput } from '../../errors.js';
import { logOdds } from '../explanations/shapley.js';
import type { FittedModel, KindRequest, Workshop } from '../models/kind.js';
import { fitHoldingOut } from '../training/held-out.js';
import { CALIBRATIONS, type CalibrationChoice } from './calibration.js';
import { learnCalibration } from './learn.js';

/**
 * Fits a model of risk, and how to make its probabilities come true, on users that it has not learnt from: validation users, or all users out of
 * fold.
 * @throws {ConcordError} BAD_INPUT for interest, and for scorecards
 */
export async function fitCalibrated(
  request: KindRequest,
  choice: CalibrationChoice,
  workshop: Workshop,
): Promise<FittedModel> {
  const { dataset, task, model } = request;
  if (!CALIBRATIONS.includes(choice)) throw badInput(`calibration is one of ${CALIBRATIONS.join(', ')}.`);
  if (task !== 'risk') throw badInput('Probabilities of risk can be calibrated, not those of interest.');
  if (model === 'scorecard')
    throw badInput('A scorecard is not calibrated: its points would no longer add up to its score.');
  const { fitted, rows, probabilities } = await fitHoldingOut(request, workshop);
  const { calibration, losses } = learnCalibration(
    {
      odds: Float64Array.from(probabilities, logOdds),
      labels: Float64Array.from(rows.users, (user) => dataset.label?.[user] ?? 0),
    },
    choice,
  );
  const { settings, ...training } = fitted.training;
  return {
    ...fitted,
    weights: calibration ? { kind: 'calibrated', member: fitted.weights, calibration } : fitted.weights,
    training: {
      settings: { ...(settings as object), calibration: choice },
      ...training,
      calibration: {
        method: calibration?.method ?? 'none',
        users: rows.users.length,
        ...(losses && { losses }),
      },
    },
  };
}
