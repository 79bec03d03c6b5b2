import type { NetworkModel, Task } from '../engine.js';
import { READERS, type Reader } from '../models/sequence-reader.js';
import type { TrainingSettings } from './settings.js';

/** What the choice of settings may depend on: never on labels or on anything of validation or test users. */
export interface ProblemSize {
  readonly task: Task;
  readonly model: NetworkModel;
  /** Training users. */
  readonly users: number;
  /** Width of an encoded row times outputs. */
  readonly linearWeights: number;
}

const SMALL = 3000;
/** Wider than this (inputs times products), one network takes as long as all of them should. */
const WIDE = 1_000_000;

/**
 * Settings to choose from by validation log loss, the first being the usual one. Small sets get fewer bins, smaller networks,
 * smaller batches and more regularisation; linear models are convex, so one member is as good as many. For wide catalogues there is
 * no choice and fewer members; linear models are factored, and deep ones have a factored linear part beside them.
 */
export function candidateSettings({ task, model, users, linearWeights }: ProblemSize): TrainingSettings[] {
  const small = users < SMALL;
  const base: TrainingSettings = {
    bins: small ? 8 : task === 'interest' ? 24 : 20,
    encoding: 'piecewise',
    hidden: [],
    dropout: 0,
    optimiser: 'adam',
    learningRate: 0.01,
    schedule: 'constant',
    warmup: 0,
    weightDecay: 0,
    l1: 0,
    batchSize: small ? 64 : 256,
    mixup: 0,
    maxEpochs: small ? 200 : 60,
    patience: small ? 8 : 4,
    members: 1,
  };
  const vary = (settings: TrainingSettings, ...changes: Partial<TrainingSettings>[]) =>
    changes.map((change) => ({ ...settings, ...change }));
  const wide = linearWeights > WIDE;
  if (model === 'linear' || model === 'logistic') {
    if (wide) return vary(base, { rank: 128, learningRate: 0.003, weightDecay: 0.01, maxEpochs: 30 });
    return vary(
      base,
      { learningRate: small ? 0.01 : 0.003, weightDecay: 0.01 },
      { weightDecay: 0.1 },
      { weightDecay: 0 },
    );
  }
  const deep = { ...base, learningRate: 0.001, members: 5 };
  if (model === 'tabm') return tabmSettings({ ...base, learningRate: 0.002, networks: 16 }, task, small);
  if (isReader(model)) return sequenceSettings(model, { ...deep, steps: 32, stepBins: small ? 6 : 12 }, small);
  if (small) {
    return vary(
      deep,
      { hidden: [64, 64], dropout: 0.5, weightDecay: 0.1 },
      { hidden: [64, 64], dropout: 0.4, weightDecay: 0.01 },
    );
  }
  const usual = { ...deep, hidden: [128, 128], dropout: 0.3, weightDecay: 0.01 };
  if (wide) return vary(usual, { rank: 128, members: 2, learningRate: 0.003, maxEpochs: 30 });
  if (task === 'interest') return vary(usual, {}, { dropout: 0.5, hidden: [256, 256] });
  return vary(usual, {}, { dropout: 0.5 }, { dropout: 0.5, hidden: [256, 256] });
}

const isReader = (model: NetworkModel): model is Reader => (READERS as readonly string[]).includes(model);

/** Networks that share their weights regularise each other: they need less dropout than one alone. */
function tabmSettings(base: TrainingSettings, task: Task, small: boolean): TrainingSettings[] {
  if (small) {
    return [
      { ...base, hidden: [64, 64], dropout: 0.3, weightDecay: 0.1 },
      { ...base, hidden: [64, 64], dropout: 0.1, weightDecay: 0.3 },
    ];
  }
  const usual = { ...base, hidden: [128, 128], dropout: 0.1, weightDecay: 0.01 };
  return task === 'interest' ? [usual] : [usual, { ...usual, dropout: 0.3, weightDecay: 0.1 }];
}

/** A convolution reads a window of steps; a recurrent state has all of them to remember. */
function sequenceSettings(reader: Reader, base: TrainingSettings, small: boolean): TrainingSettings[] {
  const units = reader === 'cnn' ? (small ? [32, 32] : [64, 64]) : [small ? 24 : 64];
  if (small) {
    return [
      { ...base, hidden: [64], units, dropout: 0.5, weightDecay: 0.1 },
      { ...base, hidden: [64], units, dropout: 0.3, weightDecay: 0.01 },
    ];
  }
  return [
    { ...base, hidden: [128, 128], units, dropout: 0.3, weightDecay: 0.01 },
    { ...base, hidden: [128, 128], units, dropout: 0.5, weightDecay: 0.01 },
  ];
}
