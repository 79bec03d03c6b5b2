import { badInput, ConcordError } from '../../errors.js';
import { FOLD } from '../data/dataset.js';
import { usersInFold } from '../data/split.js';
import type { ModelName, ModelSettings, TrialResult } from '../engine.js';
import { usersOf, type Workbench } from '../evaluation/evaluate.js';
import { rankHidden, scoreRiskOf } from '../evaluation/score.js';
import { logLoss } from '../metrics/binary.js';
import type { FitRequest, FittedModel } from '../models/kind.js';
import { createPredictor } from '../models/predictor.js';
import { checkRequest } from '../training/check-request.js';
import { fitModel } from '../training/fit-model.js';
import { foldsOf } from '../training/folds.js';
import { partOf } from '../training/held-out.js';
import { isTreeModel } from '../trees/settings.js';
import { drawSettings, withEffort } from './space.js';
import { isNetwork, searchProblem, startingSettings } from './usual.js';

export interface TrialRequest extends Pick<FitRequest, 'dataset' | 'task' | 'model' | 'seed'> {
  /** From 1. */
  readonly trial: number;
  /** Above 0, 1 at most. */
  readonly effort: number;
}

/**
 * Draws the settings of a trial, trains with them on training users, and measures the log loss of validation users: those of the stored split, else
 * of folds of a small set in turn, else of a tenth of the training users. Of networks and boosted trees one member is trained for each fold. Test users
 * are not looked at.
 * @throws {ConcordError} BAD_INPUT where there is nothing to search or to learn from, or the usual settings are refused; CANCELLED
 */
export async function runTrial(
  request: TrialRequest,
  bench: Workbench,
): Promise<Omit<TrialResult, 'backend' | 'seconds'>> {
  const { model, task, seed, trial, effort } = request;
  if (!Number.isInteger(trial) || trial < 1) throw badInput(`Trials are numbered from 1: ${trial} is none.`);
  if (!(effort > 0 && effort <= 1)) throw badInput(`The effort of a trial is above 0, and 1 at most, not ${effort}.`);
  const users = learningUsers(request);
  checkRequest({ ...request, ...users });
  const start = startingSettings(searchProblem(request, users.train));
  const settings = drawSettings({ model, task, start }, seed, trial);
  const tried = { ...withEffort(model, settings, effort), ...(hasMembers(model) && { members: 1 }) };
  try {
    const validationLoss = await meanLoss({ ...request, ...users, settings: tried as ModelSettings }, bench);
    return { settings: settings as ModelSettings, validationLoss };
  } catch (error) {
    if (trial === 1 || !(error instanceof ConcordError && error.code === 'BAD_INPUT')) throw error;
    return { settings: settings as ModelSettings, validationLoss: null, refused: error.message };
  }
}

async function meanLoss(request: TrialRequest & FitRequest, bench: Workbench): Promise<number> {
  const folds = foldsOf(request);
  const stage = `trial ${request.trial}`;
  let sum = 0;
  let count = 0;
  for (const [place, { train, validation }] of folds.entries()) {
    bench.onStage(stage);
    const part = partOf({ stage, from: 0, to: 0.99 }, place, folds.length);
    const own = { ...request, train, validation: validation.users, part };
    const losses = await lossesOf(own, await fitModel(own, bench), bench);
    sum += losses.mean * losses.users;
    count += losses.users;
  }
  if (count === 0) throw badInput(`No validation user of ${request.dataset.name} has a product that could be hidden.`);
  return sum / count;
}

const hasMembers = (model: ModelName): boolean => isNetwork(model) || isTreeModel(model);

function learningUsers(request: TrialRequest): Pick<FitRequest, 'train' | 'validation'> {
  const usable = usersOf(request);
  if (!request.dataset.fold) return { train: usable };
  const among = new Set(usable);
  const inFold = (fold: (typeof FOLD)[keyof typeof FOLD]) =>
    usersInFold(request.dataset, fold).filter((user) => among.has(user));
  const validation = inFold(FOLD.validation);
  return { train: inFold(FOLD.train), ...(validation.length > 0 && { validation }) };
}

async function lossesOf(
  { dataset, task, seed, validation: users }: FitRequest & { readonly validation: Int32Array },
  { contract, weights, encoded }: FittedModel,
  { backend }: Workbench,
): Promise<{ readonly mean: number; readonly users: number }> {
  const predictor = createPredictor(task, contract, weights, backend);
  try {
    if (task === 'risk') {
      const probabilities = await scoreRiskOf(predictor, encoded, users);
      const labels = Float32Array.from(users, (user) => dataset.label?.[user] ?? 0);
      return { mean: logLoss(labels, probabilities), users: users.length };
    }
    const { probabilities } = await rankHidden(predictor, encoded, dataset, { users, seed, head: new Set() });
    const happened = new Uint8Array(probabilities.length).fill(1);
    return { mean: probabilities.length > 0 ? logLoss(happened, probabilities) : 0, users: probabilities.length };
  } finally {
    await predictor.dispose();
  }
}
