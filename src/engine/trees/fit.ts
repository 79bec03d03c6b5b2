import type { Dataset } from '../data/dataset.js';
import type { FeatureContract } from '../encoders/contract.js';
import { type EncodedUsers, encodeDataset } from '../encoders/encode.js';
import { fitContract } from '../encoders/fit.js';
import type { Task } from '../engine.js';
import { thinned } from '../training/learning-curve.js';
import type { PartOfWork } from '../training/part-of-work.js';
import { checkNames } from '../training/settings.js';
import { sharedLabels } from '../training/shared-labels.js';
import { meanOf, type TreeEnsemble } from './ensemble.js';
import { treeInputs } from './inputs.js';
import type { TreeResult, TreeTask } from './member.js';
import { candidateTreeSettings } from './presets.js';
import { checkTreeSettings, type TreeModel, type TreeSettings } from './settings.js';

/** Trains ensembles, in this thread or in several. Results come in the order of the tasks. */
export type TrainTrees = (tasks: readonly TreeTask[], part: PartOfWork) => Promise<TreeResult[]>;

export interface TreeFitRequest {
  readonly dataset: Dataset;
  readonly task: Task;
  readonly model: TreeModel;
  /** All training users: the contract is fitted to them. */
  readonly train: Int32Array;
  /** Users to learn from and to stop and choose by, one or several; each is a member. */
  readonly folds: readonly Pick<TreeTask, 'train' | 'validation'>[];
  readonly seed: number;
  readonly part: PartOfWork;
  /** Settings that are given are not chosen. */
  readonly settings?: Partial<TreeSettings>;
}

export interface FittedTrees {
  readonly contract: FeatureContract;
  readonly encoded: EncodedUsers;
  readonly ensemble: TreeEnsemble;
  /** Settings chosen, validation loss of each candidate, rounds: what is stored as TrainedModel.training. */
  readonly training: Record<string, unknown>;
}

/** Trees look at the order of numbers alone, which any number of edges keeps. */
const EDGES = 32;

/** Fits the feature contract, chooses settings by validation log loss, trains the members, and takes the mean of their raw scores. */
export async function fitTrees(request: TreeFitRequest, trainTrees: TrainTrees): Promise<FittedTrees> {
  const { dataset, task, model, train, folds, seed } = request;
  const holdings = task === 'interest' ? 'oneHidden' : dataset.ownership ? 'owned' : 'none';
  const contract = fitContract(dataset, { users: train, bins: EDGES, encoding: 'piecewise', holdings });
  const encoded = encodeDataset(contract, dataset);
  const problem = { task, model, users: train.length, features: treeInputs(contract).width };
  const usual = candidateTreeSettings(problem);
  checkNames(model, request.settings ?? {}, [...Object.keys(usual[0]), ...(model === 'gbdt' ? ['monotone'] : [])]);
  const candidates = distinct(
    usual.map((settings) => checkTreeSettings({ ...settings, ...request.settings, model } as TreeSettings)),
  );
  const taskOf = (settings: TreeSettings, member: number): TreeTask => ({
    task,
    contract,
    encoded,
    ...(task === 'risk' && { labels: dataset.label as Float32Array }),
    ...(dataset.weights && { userWeights: sharedLabels(dataset.weights) }),
    ...folds[member % folds.length],
    settings,
    seed: seed * 1000 + member,
  });
  const trials = candidates.map((settings) => folds.map((_, fold) => taskOf(settings, fold)));
  const { stage, from, to } = request.part;
  const tried = trials.length * folds.length;
  const middle = from + ((to - from) * tried) / (tried + Math.max(0, candidates[0].members - folds.length));
  const choosing = trials.length > 1 ? `${stage}: choosing settings` : stage;
  const results = await trainTrees(trials.flat(), { stage: choosing, from, to: middle });
  const groups = trials.map((_, trial) => results.slice(trial * folds.length, (trial + 1) * folds.length));
  const losses = groups.map(
    (group) => group.reduce((sum, { validationLoss }) => sum + validationLoss, 0) / group.length,
  );
  const best = losses.reduce((least, loss, trial) => (loss < losses[least] ? trial : least), 0);
  const settings = candidates[best];
  // The members of the winning trial are members of the model: nothing is trained twice.
  const wanted = Math.max(settings.members, folds.length);
  const more = Array.from({ length: wanted - folds.length }, (_, index) => taskOf(settings, folds.length + index));
  const members = [...groups[best], ...(more.length > 0 ? await trainTrees(more, { stage, from: middle, to }) : [])];
  return {
    contract,
    encoded,
    ensemble: meanOf(members.map(({ ensemble }) => ensemble)),
    training: {
      settings: { ...settings, members: members.length },
      candidates: candidates.map((candidate, trial) => ({ ...candidate, validationLoss: losses[trial] })),
      rounds: members.map(({ rounds }) => rounds),
      bestRounds: members.map(({ bestRound }) => bestRound),
      validationLosses: members.map(({ validationLoss }) => validationLoss),
      curves: members.flatMap(({ curve = [] }, member) =>
        curve.length > 0 ? [{ name: `member ${member + 1}`, points: thinned(curve) }] : [],
      ),
      ...(model === 'random-forest' && { outOfBagLosses: members.map(({ outOfBagLoss }) => outOfBagLoss) }),
      trainingUsers: train.length,
    },
  };
}

function distinct(candidates: readonly TreeSettings[]): TreeSettings[] {
  const texts = candidates.map((settings) => JSON.stringify(settings));
  return candidates.filter((_, index) => texts.indexOf(texts[index]) === index);
}
