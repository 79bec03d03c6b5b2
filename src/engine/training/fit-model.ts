import { badInput } from '../../errors.js';
import type { Dataset } from '../data/dataset.js';
import { dealFolds, hiddenProducts, ownersOf } from '../data/split.js';
import { type FeatureContract, inputsOf } from '../encoders/contract.js';
import { type EncodedUsers, encodeDataset } from '../encoders/encode.js';
import { fitContract } from '../encoders/fit.js';
import type { ModelName, ModelSettings, NetworkModel, Task } from '../engine.js';
import type { Weights } from '../models/artifact.js';
import { fitTrees, type TrainTrees } from '../trees/fit.js';
import { isTreeModel, type TreeModel, type TreeSettings } from '../trees/settings.js';
import type { MemberResult, MemberTask } from './member.js';
import type { PartOfWork } from './part-of-work.js';
import { candidateSettings } from './presets.js';
import { checkNames, checkSettings, type TrainingSettings } from './settings.js';

/** Trains networks, in this thread or in several. Results come in the order of the tasks. */
export type TrainMembers = (tasks: readonly MemberTask[], part: PartOfWork) => Promise<MemberResult[]>;

/** What models are trained by. */
export interface Trainers {
  readonly trainMembers: TrainMembers;
  readonly trainTrees: TrainTrees;
}

export interface FitRequest {
  readonly dataset: Dataset;
  readonly task: Task;
  readonly model: ModelName;
  readonly train: Int32Array;
  /** Users for early stopping and the choice of settings; without any, each member sets a part of the training users aside. */
  readonly validation?: Int32Array;
  readonly seed: number;
  /** Which part of a larger work this is; default: nearly the whole. */
  readonly part?: PartOfWork;
  /** Settings that are given are not chosen. */
  readonly settings?: ModelSettings;
}

export interface FittedModel {
  readonly contract: FeatureContract;
  readonly encoded: EncodedUsers;
  readonly weights: Weights;
  /** Settings chosen, validation loss of each candidate, epochs: what is stored as TrainedModel.training. */
  readonly training: Record<string, unknown>;
}

/**
 * Where there are no validation users: of a small set five parts are set aside in turn, so that the members together learn from
 * everyone; of a larger one a tenth is set aside once.
 */
const SMALL = 5000;
const PARTS = { small: 5, large: 10 };

/**
 * Fits the feature contract on the training users, chooses settings by validation log loss, and trains the members.
 * The model is not refitted on validation users: early stopping needs them.
 */
export async function fitModel(request: FitRequest, { trainMembers, trainTrees }: Trainers): Promise<FittedModel> {
  const { model, part = { stage: `training ${model}`, from: 0, to: 0.97 } } = request;
  checkRequest(request);
  if (model === 'popularity') return fitPopularity(request);
  if (isTreeModel(model)) return fitEnsemble({ ...request, model, part }, trainTrees);
  return fitNetworks(
    { ...request, model, part, settings: request.settings as Partial<TrainingSettings> },
    trainMembers,
  );
}

interface NetworkRequest extends FitRequest {
  readonly model: NetworkModel;
  readonly part: PartOfWork;
  readonly settings?: Partial<TrainingSettings>;
}

async function fitNetworks(request: NetworkRequest, trainMembers: TrainMembers): Promise<FittedModel> {
  const { dataset, task, model, train, seed } = request;
  const holdings = task === 'interest' ? 'oneHidden' : dataset.ownership ? 'owned' : 'none';
  const sizes = { task, model, users: train.length, linearWeights: 0 };
  const [usual] = candidateSettings(sizes);
  checkNames(model, request.settings ?? {}, [...Object.keys(usual), 'rank']);
  const { bins, encoding } = { ...usual, ...request.settings };
  const contract = fitContract(dataset, { users: train, bins, encoding, holdings });
  const encoded = encodeDataset(contract, dataset);
  const linearWeights = inputsOf(contract) * (task === 'interest' ? contract.products.length : 1);
  const candidates = candidateSettings({ ...sizes, linearWeights }).map((settings) =>
    checkSettings({ ...settings, ...request.settings }),
  );
  const folds = foldsOf(request);
  const taskOf = (settings: TrainingSettings, member: number): MemberTask => ({
    task,
    contract,
    encoded,
    ...(task === 'risk' && { labels: shared(dataset.label as Float32Array) }),
    ...folds[member % folds.length],
    settings,
    seed: seed * 1000 + member,
  });
  const trials = distinct(candidates).map((settings) => folds.map((_, fold) => taskOf(settings, fold)));
  const wanted = Math.max(candidates[0].members, folds.length);
  const { stage, from, to } = request.part;
  const tried = trials.length * folds.length;
  const middle = from + ((to - from) * tried) / (tried + wanted - folds.length);
  const choosing = trials.length > 1 ? `${stage}: choosing settings` : stage;
  const { best, losses, results } = await choose(trials, { stage: choosing, from, to: middle }, trainMembers);
  const settings = trials[best][0].settings;
  // The members of the winning trial are members of the model: nothing is trained twice.
  const more = Array.from({ length: wanted - results.length }, (_, index) => taskOf(settings, results.length + index));
  const members = [...results, ...(await trainMembers(more, { stage, from: middle, to }))];
  const isLinear = settings.hidden.length === 0 && !settings.rank;
  return {
    contract,
    encoded,
    weights: {
      kind: 'network',
      architecture: {
        inputs: inputsOf(contract),
        hidden: settings.hidden,
        ...(settings.rank && { rank: settings.rank }),
        outputs: task === 'interest' ? contract.products.length : 1,
      },
      members: isLinear ? [mean(members)] : members.map(({ weights }) => weights),
    },
    training: {
      settings: { ...settings, members: members.length },
      candidates: trials.map(([{ settings }], trial) => ({
        dropout: settings.dropout,
        hidden: settings.hidden,
        weightDecay: settings.weightDecay,
        learningRate: settings.learningRate,
        validationLoss: losses[trial],
      })),
      epochs: members.map(({ epochs }) => epochs),
      bestEpochs: members.map(({ bestEpoch }) => bestEpoch),
      validationLosses: members.map(({ validationLoss }) => validationLoss),
      trainingUsers: train.length,
    },
  };
}

interface TreeRequest extends FitRequest {
  readonly model: TreeModel;
  readonly part: PartOfWork;
}

async function fitEnsemble(request: TreeRequest, trainTrees: TrainTrees): Promise<FittedModel> {
  const { dataset, task } = request;
  const { contract, encoded, ensemble, training } = await fitTrees(
    {
      ...request,
      dataset: task === 'risk' ? { ...dataset, label: shared(dataset.label as Float32Array) } : dataset,
      folds: foldsOf(request),
      settings: request.settings as Partial<TreeSettings>,
    },
    trainTrees,
  );
  return { contract, encoded, weights: { kind: 'trees', ensemble }, training };
}

/** Linear models (of one matrix) are averaged by their weights, which averages their logits and leaves one linear model. */
function mean(members: readonly MemberResult[]): Float32Array {
  return members[0].weights.map((_, index) =>
    members.reduce((sum, { weights }) => sum + weights[index] / members.length, 0),
  );
}

async function choose(trials: readonly (readonly MemberTask[])[], part: PartOfWork, trainMembers: TrainMembers) {
  const results = await trainMembers(trials.flat(), part);
  const size = trials[0].length;
  const groups = trials.map((_, trial) => results.slice(trial * size, (trial + 1) * size));
  const losses = groups.map((group) => group.reduce((sum, { validationLoss }) => sum + validationLoss, 0) / size);
  const best = losses.indexOf(Math.min(...losses));
  return { best, losses, results: groups[best] };
}

type Fold = Pick<MemberTask, 'train' | 'validation'>;

function foldsOf({ dataset, task, train, validation, seed }: FitRequest): Fold[] {
  const hidden = (users: Int32Array) =>
    task === 'interest' && dataset.ownership
      ? hiddenProducts(dataset.ownership, users, seed)
      : new Int32Array(users.length).fill(-1);
  if (validation) return [{ train, validation: { users: validation, hidden: hidden(validation) } }];
  const { label } = dataset;
  const parts = train.length < SMALL ? PARTS.small : PARTS.large;
  const dealt = dealFolds(train, parts, seed, task === 'risk' ? (user) => label?.[user] ?? 0 : undefined);
  return Array.from({ length: parts === PARTS.small ? parts : 1 }, (_, fold) => {
    const aside = train.filter((_, index) => dealt[index] === fold);
    return {
      train: train.filter((_, index) => dealt[index] !== fold),
      validation: { users: aside, hidden: hidden(aside) },
    };
  });
}

function distinct(candidates: readonly TrainingSettings[]): TrainingSettings[] {
  const texts = candidates.map((settings) => JSON.stringify(settings));
  return candidates.filter((_, index) => texts.indexOf(texts[index]) === index);
}

function shared(labels: Float32Array): Float32Array {
  if (labels.buffer instanceof SharedArrayBuffer) return labels;
  const copy = new Float32Array(new SharedArrayBuffer(labels.length * 4));
  copy.set(labels);
  return copy;
}

function fitPopularity({ dataset, task, train }: FitRequest): FittedModel {
  const contract: FeatureContract = {
    version: 1,
    features: [],
    products: task === 'interest' ? [...(dataset.ownership?.products ?? [])] : [],
    scale: 1,
  };
  const counts =
    task === 'interest' && dataset.ownership
      ? ownersOf(dataset.ownership, train)
      : Float64Array.of(train.reduce((sum, user) => sum + (dataset.label?.[user] ?? 0), 0));
  const all = task === 'interest' ? counts.reduce((sum, count) => sum + count, 0) : train.length;
  return {
    contract,
    encoded: encodeDataset(contract, dataset),
    weights: { kind: 'popularity', shares: Float32Array.from(counts, (count) => count / all) },
    training: { settings: {}, trainingUsers: train.length },
  };
}

const LEAST_USERS = 20;

/** Says in a sentence what is missing for training. */
function checkRequest({ dataset, task, train }: FitRequest): void {
  if (train.length < LEAST_USERS) {
    throw badInput(`Training needs at least ${LEAST_USERS} users; ${dataset.name} has ${train.length} for it.`, {
      users: train.length,
    });
  }
  if (task === 'interest') {
    if (!dataset.ownership)
      throw badInput(`${dataset.name} says nothing about products owned: there is no interest to learn.`);
    if (dataset.ownership.products.length < 2)
      throw badInput(`${dataset.name} has fewer than two products: there is nothing to rank.`);
    return;
  }
  const { label } = dataset;
  if (!label) throw badInput(`${dataset.name} has no label: there is no risk to learn.`);
  const events = train.reduce((sum, user) => sum + label[user], 0);
  if (events === 0) throw badInput(`No training user of ${dataset.name} has the event (label 1).`);
  if (events === train.length) throw badInput(`Every training user of ${dataset.name} has the event (label 1).`);
}
