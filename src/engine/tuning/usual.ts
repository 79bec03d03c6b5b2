import type { Dataset } from '../data/dataset.js';
import { inputsOf } from '../encoders/contract.js';
import { fitContract } from '../encoders/fit.js';
import { type ModelName, NETWORK_MODELS, type NetworkModel, type Task } from '../engine.js';
import { isSingle } from '../recommenders/recommender.js';
import { candidatesOf } from '../recommenders/settings.js';
import { candidateScorecards } from '../scorecard/settings.js';
import { candidateSettings } from '../training/presets.js';
import { treeInputs } from '../trees/inputs.js';
import { candidateTreeSettings } from '../trees/presets.js';
import { isTreeModel } from '../trees/settings.js';
import { twoTowerSettings } from '../two-tower/settings.js';
import type { Settings } from './space.js';

/** What usual settings depend on. */
export interface SearchProblem {
  readonly task: Task;
  readonly model: ModelName;
  /** Training users. */
  readonly users: number;
  readonly products: number;
  /** Inputs of an encoded row, and values of a row of trees. */
  readonly inputs: number;
  readonly features: number;
  readonly sequences: boolean;
}

/** @param train the users whose values decide how rows are encoded */
export function searchProblem(
  { dataset, task, model }: { readonly dataset: Dataset; readonly task: Task; readonly model: ModelName },
  train: Int32Array,
): SearchProblem {
  const holdings = task === 'interest' ? 'oneHidden' : dataset.ownership ? 'owned' : 'none';
  const bins = isNetwork(model)
    ? candidateSettings({ task, model, users: train.length, linearWeights: 0 })[0].bins
    : ANY_BINS;
  const contract = fitContract(dataset, { users: train, bins, encoding: 'piecewise', holdings });
  return {
    task,
    model,
    users: train.length,
    products: dataset.ownership?.products.length ?? 0,
    inputs: inputsOf(contract),
    features: treeInputs(contract).width,
    sequences: dataset.sequences !== undefined,
  };
}

/** Where nothing depends on how numbers are encoded. */
const ANY_BINS = 8;

export const isNetwork = (model: ModelName): model is NetworkModel => NETWORK_MODELS.some((name) => name === model);

/**
 * The settings that a model is tried with first, all of them but for how many members are trained, which is left to the model. The usual ones
 * come first; networks and trees bring the others among which they choose by themselves: a search begins with what it is to beat.
 * @returns empty settings for models that have none
 */
export function startingSettings(problem: SearchProblem): readonly [Settings, ...Settings[]] {
  const { task, model, users, products, inputs, features, sequences } = problem;
  if (isNetwork(model)) {
    const linearWeights = inputs * (task === 'interest' ? products : 1);
    return atLeastOne(candidateSettings({ task, model, users, linearWeights }).map(({ members: _, ...rest }) => rest));
  }
  if (isTreeModel(model)) {
    const candidates = candidateTreeSettings({ task, model, users, features });
    return atLeastOne(candidates.map(({ members: _, model: _named, ...rest }) => rest));
  }
  if (model === 'two-tower') return atLeastOne(twoTowerSettings({ users, products, sequences }, {}));
  if (model === 'scorecard') return [{ ...candidateScorecards({})[0] }];
  return [isSingle(model) ? { ...candidatesOf(model, products)[0].settings } : {}];
}

const atLeastOne = (all: readonly object[]): readonly [Settings, ...Settings[]] =>
  all as unknown as readonly [Settings, ...Settings[]];
