import { badInput } from '../../errors.js';
import type { ModelName, Task } from '../engine.js';
import { createRandom, type Random } from '../layers/random.js';
import { SIMILARITIES } from '../recommenders/neighbours/similarity.js';
import { SCHEDULES } from '../training/schedule.js';

/** Settings by name, whatever the model. */
export type Settings = Readonly<Record<string, unknown>>;
type Draw = (random: Random) => unknown;
/** How each setting that is searched is drawn. The others stay as usual. */
export type Space = Readonly<Record<string, Draw>>;

/** Three digits: settings are for people too. */
const rounded = (value: number): number => Number(value.toPrecision(3));
const between =
  (low: number, high: number): Draw =>
  (random) =>
    rounded(low + (high - low) * random.uniform());
/** Every factor alike: from .001 to .01 as often as from .01 to .1. */
const logBetween =
  (low: number, high: number): Draw =>
  (random) =>
    rounded(low * (high / low) ** random.uniform());
const wholeLog =
  (low: number, high: number): Draw =>
  (random) =>
    Math.min(high, Math.floor(low * ((high + 1) / low) ** random.uniform()));
/** From a part of what is usual to a multiple of it. */
const wholeAround = (usual: unknown, part: number, multiple: number): Draw =>
  wholeLog(Math.ceil((usual as number) / part), (usual as number) * multiple);
const oneOf =
  (...values: readonly unknown[]): Draw =>
  (random) =>
    values[random.below(values.length)];
/** 0 in half of the draws. */
const noneOr =
  (draw: Draw): Draw =>
  (random) =>
    random.uniform() < 0.5 ? 0 : draw(random);

const learning = (usual: Settings, task: Task): Space => ({
  bins: wholeAround(usual.bins, 2, 2),
  learningRate: logBetween((usual.learningRate as number) / 5, (usual.learningRate as number) * 5),
  schedule: oneOf(...SCHEDULES),
  weightDecay: logBetween(1e-4, 1),
  l1: noneOr(logBetween(1e-6, 1e-2)),
  batchSize: oneOf(...[0.5, 1, 2].map((factor) => (usual.batchSize as number) * factor)),
  ...(task === 'risk' && { mixup: noneOr(between(0.1, 0.4)) }),
  ...(usual.rank !== undefined && { rank: oneOf(64, 128, 256) }),
});

const WIDTHS = [32, 64, 128, 256];
const layers =
  (...depths: readonly number[]): Draw =>
  (random) =>
    new Array(oneOf(...depths)(random) as number).fill(oneOf(...WIDTHS)(random));
const reading = (units: Draw): Space => ({ steps: oneOf(16, 32, 64), stepBins: wholeLog(4, 24), units });
const UNITS = [16, 32, 64];

const neighbours: Space = {
  similarity: oneOf(...SIMILARITIES),
  shrinkage: logBetween(0.1, 1000),
  neighbours: wholeLog(10, 500),
};

/** Ranges as docs/tuning.md has them: wide enough to hold what was found good on sets of several kinds, and some more. */
const SPACES: Readonly<Partial<Record<ModelName, (usual: Settings, task: Task) => Space>>> = {
  linear: learning,
  logistic: learning,
  dnn: (usual, task) => ({ ...learning(usual, task), hidden: layers(1, 2, 3), dropout: between(0, 0.6) }),
  tabm: (usual, task) => ({
    ...learning(usual, task),
    hidden: layers(1, 2, 3),
    dropout: between(0, 0.4),
    networks: oneOf(8, 16, 32),
  }),
  cnn: (usual, task) => ({
    ...learning(usual, task),
    hidden: layers(1, 2),
    dropout: between(0, 0.6),
    ...reading((random) => new Array(2).fill(oneOf(...UNITS)(random))),
  }),
  gru: (usual, task) => ({
    ...learning(usual, task),
    hidden: layers(1, 2),
    dropout: between(0, 0.6),
    ...reading((random) => [oneOf(...UNITS)(random)]),
  }),
  'two-tower': (usual) => ({
    ...learning(usual, 'interest'),
    hidden: layers(1, 2),
    dropout: between(0, 0.6),
    embedding: oneOf(8, 16, 32, 64),
    ...(usual.units !== undefined && reading((random) => [oneOf(...UNITS)(random)])),
  }),
  gbdt: (usual) => ({
    learningRate: logBetween((usual.learningRate as number) / 3, (usual.learningRate as number) * 4),
    maxLeaves: wholeAround(usual.maxLeaves, 3, 4),
    maxDepth: wholeLog(2, 12),
    minRows: wholeAround(usual.minRows, 4, 5),
    l1: noneOr(logBetween(0.01, 10)),
    l2: logBetween(0.3, 60),
    rowShare: between(0.4, 1),
    featureShare: between(0.15, 1),
    categorySmoothing: logBetween(0.5, 50),
    categoryL2: noneOr(logBetween(1, 50)),
    categoryRows: wholeAround(usual.categoryRows, 3, 10),
  }),
  'random-forest': (usual) => ({
    maxDepth: wholeLog(4, 40),
    minRows: wholeAround(usual.minRows, 3, 5),
    rowShare: between(0.5, 1),
    featureShare: logBetween(0.1, 1),
    extra: oneOf(false, true),
    smoothing: logBetween(0.1, 10),
  }),
  scorecard: () => ({
    bins: wholeLog(5, 50),
    leastShare: logBetween(0.01, 0.1),
    leastChiSquare: between(0, 8),
    mostGroups: wholeLog(3, 12),
    smoothing: logBetween(1, 50),
    l2: logBetween(0.1, 1000),
  }),
  'item-knn': () => neighbours,
  'user-knn': () => neighbours,
  ease: () => ({ regularisation: logBetween(1, 5000) }),
  'naive-bayes': () => ({ smoothing: logBetween(0.1, 1000) }),
  als: () => ({
    factors: wholeLog(8, 128),
    regularisation: logBetween(1, 500),
    confidence: logBetween(0.3, 50),
  }),
  vae: () => ({
    hidden: oneOf(...WIDTHS),
    latent: oneOf(8, 16, 32, 64),
    dropout: between(0, 0.6),
    beta: logBetween(1e-4, 0.1),
    learningRate: logBetween(5e-4, 1e-2),
  }),
};

/** @throws {ConcordError} BAD_INPUT where a model has nothing to search */
export function requireSearchable(model: ModelName): void {
  if (SPACES[model]) return;
  throw badInput(
    model === 'stack' || model === 'hybrid'
      ? `${model} is made of other models: search the settings of its members.`
      : `${model} has no settings to search.`,
    { model },
  );
}

/**
 * The settings of a trial: the starting ones in turn, then drawn. The same seed and number give the same settings, whatever was drawn before.
 * @param start the usual settings, and others to begin with
 * @param trial from 1
 */
export function drawSettings(
  {
    model,
    task,
    start,
  }: { readonly model: ModelName; readonly task: Task; readonly start: readonly [Settings, ...Settings[]] },
  seed: number,
  trial: number,
): Settings {
  requireSearchable(model);
  if (trial <= start.length) return start[trial - 1];
  const [usual] = start;
  const space = SPACES[model]?.(usual, task) ?? {};
  const random = createRandom(seed).fork(`trial ${trial}`);
  const drawn = Object.entries(space).map(([name, draw]) => [name, draw(random.fork(name))]);
  return { ...usual, ...Object.fromEntries(drawn) };
}

/** What training takes longer by, roughly in proportion. */
const EFFORT: Readonly<Partial<Record<ModelName, string>>> = {
  linear: 'maxEpochs',
  logistic: 'maxEpochs',
  dnn: 'maxEpochs',
  tabm: 'maxEpochs',
  cnn: 'maxEpochs',
  gru: 'maxEpochs',
  'two-tower': 'maxEpochs',
  gbdt: 'rounds',
  'random-forest': 'trees',
  vae: 'epochs',
  als: 'iterations',
};

/** Whether a model can be tried with a part of its epochs, rounds, trees or iterations. */
export const hasEffort = (model: ModelName): boolean => EFFORT[model] !== undefined;

/** The same settings with a share of the epochs, rounds, trees or iterations. */
export function withEffort(model: ModelName, settings: Settings, share: number): Settings {
  const name = EFFORT[model];
  if (name === undefined || share === 1) return settings;
  return { ...settings, [name]: Math.max(1, Math.ceil((settings[name] as number) * share)) };
}
