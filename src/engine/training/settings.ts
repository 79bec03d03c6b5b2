import { badInput } from '../../errors.js';
import { MAX_STEPS } from '../encoders/contract.js';
import { SCHEDULES, type Schedule } from './schedule.js';

export const OPTIMISERS = ['sgd', 'momentum', 'adam'] as const;
export type OptimiserName = (typeof OPTIMISERS)[number];
const ENCODINGS = ['piecewise', 'bins'] as const;

/** Everything that decides a training run beside the data and the seed. Plain JSON, stored with the model. */
export interface TrainingSettings {
  /** Quantile bins of a numeric column. */
  readonly bins: number;
  readonly encoding: (typeof ENCODINGS)[number];
  /** Units of the hidden layers; none = linear. */
  readonly hidden: readonly number[];
  /**
   * For wide catalogues, the inner width of a factored linear part: the whole of a linear model (absent: it is one matrix), or beside the
   * hidden layers (absent: there is none).
   */
  readonly rank?: number;
  /** Models of sequences: steps that they read at most, the latest. */
  readonly steps?: number;
  /** Models of sequences: quantile bins of a numeric value of an event. */
  readonly stepBins?: number;
  /** Models of sequences. cnn: filters of each convolution. gru: width of its state, one number. */
  readonly units?: readonly number[];
  /** Share of hidden units dropped in training, 0 to below 1. */
  readonly dropout: number;
  readonly optimiser: OptimiserName;
  readonly learningRate: number;
  /** How the learning rate goes on, and over how many epochs it rises at first. */
  readonly schedule: Schedule;
  readonly warmup: number;
  /** L2, decoupled: each step takes learningRate · weightDecay of a weight away (AdamW). Biases are not decayed. */
  readonly weightDecay: number;
  /** L1, by soft thresholding after each step: weights that don't pay become 0. Biases are not shrunk. */
  readonly l1: number;
  /** Rows a step: 1 is stochastic descent, as many as there are batch descent. */
  readonly batchSize: number;
  /** Risk: α of the Beta distribution by which rows of a batch are mixed (mixup); 0: they are not. */
  readonly mixup: number;
  readonly maxEpochs: number;
  /** Epochs without a better validation log loss before training stops. */
  readonly patience: number;
  /** tabm: networks in one, which share their hidden layers' weights but for scales. */
  readonly networks?: number;
  /** Networks trained with seeds of their own whose probabilities are averaged. */
  readonly members: number;
}

const range = (name: string, value: number, low: number, high: number): void => {
  if (!(typeof value === 'number' && value >= low && value <= high))
    throw badInput(`${name} must be from ${low} to ${high}, not ${value}.`, { name });
};
const whole = (name: string, value: number, low: number, high: number): void => {
  range(name, value, low, high);
  if (!Number.isInteger(value)) throw badInput(`${name} must be a whole number, not ${value}.`, { name });
};
const list = (name: string, values: readonly number[], low: number, high: number): void => {
  if (!Array.isArray(values)) throw badInput(`${name} must be a list of numbers, not ${values}.`, { name });
  range(`the number of ${name}`, values.length, low, high);
};

/**
 * A setting that a model does not have would decide nothing, and nobody would notice.
 * @throws {ConcordError} BAD_INPUT
 */
export function checkNames(model: string, given: object, known: readonly string[]): void {
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown) throw badInput(`${model} has no setting ${unknown}: there are ${known.join(', ')}.`, { name: unknown });
}

/** @throws {ConcordError} BAD_INPUT where a setting is out of range. */
export function checkSettings(settings: TrainingSettings): TrainingSettings {
  whole('bins', settings.bins, 2, 256);
  range('dropout', settings.dropout, 0, 0.95);
  range('learningRate', settings.learningRate, 1e-8, 1e3);
  range('weightDecay', settings.weightDecay, 0, 1e3);
  range('l1', settings.l1, 0, 1e3);
  range('warmup', settings.warmup, 0, 1000);
  range('mixup', settings.mixup, 0, 10);
  whole('batchSize', settings.batchSize, 1, 1_000_000);
  whole('maxEpochs', settings.maxEpochs, 1, 10_000);
  whole('patience', settings.patience, 1, 10_000);
  whole('members', settings.members, 1, 64);
  list('hidden layers', settings.hidden, 0, 16);
  for (const units of settings.hidden) whole('hidden units', units, 1, 16_384);
  if (settings.units !== undefined) checkSequence(settings as SequenceSettings);
  if (settings.networks !== undefined) whole('networks', settings.networks, 2, 256);
  if (settings.rank !== undefined) whole('rank', settings.rank, 1, 16_384);
  if (!ENCODINGS.includes(settings.encoding)) throw badInput(`There is no encoding ${settings.encoding}.`);
  if (!SCHEDULES.includes(settings.schedule)) throw badInput(`There is no schedule ${settings.schedule}.`);
  if (!OPTIMISERS.includes(settings.optimiser)) throw badInput(`There is no optimiser ${settings.optimiser}.`);
  return settings;
}

type SequenceSettings = Pick<TrainingSettings, 'hidden' | 'rank'> &
  Required<Pick<TrainingSettings, 'steps' | 'stepBins' | 'units'>>;

function checkSequence({ steps, stepBins, units, hidden, rank }: SequenceSettings): void {
  whole('steps', steps, 1, MAX_STEPS);
  whole('stepBins', stepBins, 2, 256);
  list('layers of units', units, 1, 16);
  for (const width of units) whole('units', width, 1, 4096);
  list('hidden layers of a model of sequences', hidden, 1, 16);
  if (rank !== undefined) throw badInput('A model of sequences has no rank.', { name: 'rank' });
}
