import { badInput } from '../../errors.js';
import { type FeatureContract, inputsOf } from '../encoders/contract.js';
import { encodeDataset } from '../encoders/encode.js';
import { fitContract } from '../encoders/fit.js';
import type { NetworkModel } from '../engine.js';
import type { FittedModel, KindRequest } from '../models/kind.js';
import type { Architecture } from '../models/network.js';
import { networkShape } from '../models/network-file.js';
import { READERS } from '../models/sequence-reader.js';
import { foldsOf } from './folds.js';
import type { MemberResult, MemberTask, TrainMembers } from './member.js';
import type { PartOfWork } from './part-of-work.js';
import { candidateSettings } from './presets.js';
import { checkNames, checkSettings, type TrainingSettings } from './settings.js';
import { sharedLabels } from './shared-labels.js';

export interface NetworkRequest extends Omit<KindRequest, 'model' | 'settings'> {
  readonly model: NetworkModel;
  readonly settings?: Partial<TrainingSettings>;
}

/**
 * Fits the feature contract on the training users, chooses settings by validation log loss, and trains the members.
 * The model is not refitted on validation users: early stopping needs them.
 */
export async function fitNetworks(request: NetworkRequest, trainMembers: TrainMembers): Promise<FittedModel> {
  const { dataset, task, model, train, seed } = request;
  const holdings = task === 'interest' ? 'oneHidden' : dataset.ownership ? 'owned' : 'none';
  const sizes = { task, model, users: train.length, linearWeights: 0 };
  const [usual] = candidateSettings(sizes);
  checkNames(model, request.settings ?? {}, [
    ...Object.keys(usual),
    ...(usual.units || usual.networks ? [] : ['rank']),
  ]);
  const { bins, encoding, mixup, steps = 0, stepBins = 0 } = checkSettings({ ...usual, ...request.settings });
  if (mixup > 0 && task === 'interest')
    throw badInput('mixup: products cannot be mixed; it is for risk.', { name: 'mixup' });
  const sequence = usual.units && { steps, bins: stepBins };
  const contract = fitContract(dataset, { users: train, bins, encoding, holdings, ...(sequence && { sequence }) });
  const encoded = encodeDataset(contract, dataset);
  const linearWeights = inputsOf(contract) * (task === 'interest' ? contract.products.length : 1);
  const candidates = candidateSettings({ ...sizes, linearWeights }).map((settings) =>
    checkSettings({ ...settings, ...request.settings }),
  );
  const folds = foldsOf(request);
  const taskOf = (settings: TrainingSettings, member: number): MemberTask => ({
    task,
    contract,
    architecture: architectureOf(request, contract, settings),
    encoded,
    ...(task === 'risk' && { labels: sharedLabels(dataset.label as Float32Array) }),
    ...(dataset.weights && { userWeights: sharedLabels(dataset.weights) }),
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
      architecture: architectureOf(request, contract, settings),
      members: isLinear ? [mean(members)] : members.map(({ weights }) => weights),
    },
    training: {
      settings: { ...settings, members: members.length },
      candidates: trials.map(([{ settings }], trial) => ({
        dropout: settings.dropout,
        hidden: settings.hidden,
        ...(settings.units && { units: settings.units }),
        weightDecay: settings.weightDecay,
        learningRate: settings.learningRate,
        validationLoss: losses[trial],
      })),
      epochs: members.map(({ epochs }) => epochs),
      bestEpochs: members.map(({ bestEpoch }) => bestEpoch),
      validationLosses: members.map(({ validationLoss }) => validationLoss),
      curves: members.map(({ curve }, member) => ({ name: `member ${member + 1}`, points: curve })),
      trainingUsers: train.length,
    },
  };
}

/** The network that a model's name, contract and settings make. */
export function architectureOf(
  { task, model }: Pick<NetworkRequest, 'task' | 'model'>,
  contract: FeatureContract,
  { hidden, rank, units, networks }: TrainingSettings,
): Architecture {
  const { sequence, ...shape } = networkShape(task, contract);
  const reader = READERS.find((name) => name === model);
  return {
    ...shape,
    hidden,
    ...(rank && { rank }),
    ...(networks && { networks }),
    ...(reader && sequence && units && { sequence: { ...sequence, reader, units } }),
  };
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

function distinct(candidates: readonly TrainingSettings[]): TrainingSettings[] {
  const texts = candidates.map((settings) => JSON.stringify(settings));
  return candidates.filter((_, index) => texts.indexOf(texts[index]) === index);
}
