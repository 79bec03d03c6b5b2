import { badInput } from '../../errors.js';
import { type Dataset, FOLD } from '../data/dataset.js';
import { dealFolds, ownersOf, selectUsers, usersInFold } from '../data/split.js';
import type { ModelName, ModelSettings, Task } from '../engine.js';
import { binaryMetrics } from '../metrics/binary.js';
import { headOf, rankingMetrics } from '../metrics/ranking.js';
import type { FittedModel, Predictor, Tools } from '../models/kind.js';
import { createPredictor } from '../models/predictor.js';
import { fitModel } from '../training/fit-model.js';
import {
  type InterestPredictions,
  joinRanked,
  joinScored,
  type Predictions,
  type RiskPredictions,
  type ScoredUsers,
} from './predictions.js';
import { rankHidden, scoreRiskOf } from './score.js';

/** What an evaluation works with. */
export interface Workbench extends Tools {
  /** What stage the work is in, before it begins. */
  onStage(stage: string): void;
}

export interface EvaluationRequest {
  readonly dataset: Dataset;
  readonly task: Task;
  readonly model: ModelName;
  readonly seed: number;
  readonly crossValidate?: number;
  readonly headProducts?: readonly string[];
  /** Whether predictions are of use beyond the metrics. */
  readonly predictions?: boolean;
  readonly settings?: ModelSettings;
}

export interface Evaluation {
  readonly metrics: Record<string, number>;
  /** Of the stored split's model; else of the first fold's. */
  readonly training: Record<string, unknown>;
  /** What the metrics are made from. */
  readonly predictions: Predictions;
  /** By cross-validation: the figures of each fold. */
  readonly folds?: readonly Record<string, number>[];
}

/** Sets as small as this are cross-validated beside their stored split, whose few test users say little. */
const SMALL = 5000;
const DEFAULT_FOLDS = 5;

/**
 * Trains and tests: on the stored split where there is one (its test users are looked at once, at the end), by k-fold
 * cross-validation where there is none, where it is asked for, and beside the split of a small risk set.
 * @throws {ConcordError} BAD_INPUT where the data cannot be learnt from.
 */
export async function evaluate(request: EvaluationRequest, bench: Workbench): Promise<Evaluation> {
  const { dataset, task } = request;
  const usable = usersOf(request);
  const hasSplit = Boolean(dataset.fold) && usable.some((user) => dataset.fold?.[user] === FOLD.test);
  const small = task === 'risk' && usable.length <= SMALL;
  const k = request.crossValidate ?? (!hasSplit || small ? DEFAULT_FOLDS : undefined);
  const end = k === undefined ? 0.97 : 1 / (k + 1);
  const split = hasSplit ? await evaluateSplit(request, usable, end, bench) : undefined;
  if (k === undefined) return split as Evaluation;
  const crossed = await crossValidate(request, usable, { k, start: split ? end : 0 }, bench);
  if (!split) return crossed;
  // Beside a split's figures only those that bear the mark of cross-validation.
  const marked = Object.entries(crossed.metrics).filter(([name]) => name.startsWith(`cv${k}_`));
  return {
    ...split,
    metrics: { ...split.metrics, ...Object.fromEntries(marked) },
    predictions: { ...split.predictions, crossValidated: crossed.predictions.test } as Predictions,
    folds: crossed.folds,
  };
}

/** Users that the task can learn from: of known label, or owners of a product. */
export function usersOf({ dataset, task }: Pick<EvaluationRequest, 'dataset' | 'task'>): Int32Array {
  const { label, ownership } = dataset;
  if (task === 'risk') {
    if (!label) throw badInput(`${dataset.name} has no label: there is no risk to learn.`);
    return selectUsers(dataset.size, (user) => label[user] === 0 || label[user] === 1);
  }
  if (!ownership) throw badInput(`${dataset.name} says nothing about products owned: there is no interest to learn.`);
  return selectUsers(dataset.size, (user) => ownership.offsets[user + 1] > ownership.offsets[user]);
}

async function evaluateSplit(
  request: EvaluationRequest,
  usable: Int32Array,
  end: number,
  bench: Workbench,
): Promise<Evaluation> {
  const { dataset, model } = request;
  const among = new Set(usable);
  const inFold = (fold: (typeof FOLD)[keyof typeof FOLD]) =>
    usersInFold(dataset, fold).filter((user) => among.has(user));
  const validation = inFold(FOLD.validation);
  const train = inFold(FOLD.train);
  const part = { stage: `training ${model}`, from: 0, to: end };
  const fitted = await fitModel({ ...request, train, part, ...(validation.length > 0 && { validation }) }, bench);
  bench.onStage('testing');
  const users = { train, validation, test: inFold(FOLD.test) };
  const predictions = await withPredictor(request, fitted, bench, (predictor) =>
    predict(request, predictor, fitted, users),
  );
  return { metrics: figuresOf(predictions), training: fitted.training, predictions };
}

async function crossValidate(
  request: EvaluationRequest,
  users: Int32Array,
  { k, start }: { readonly k: number; readonly start: number },
  bench: Workbench,
): Promise<Evaluation> {
  const { dataset, seed, task } = request;
  if (!Number.isInteger(k) || k < 2 || k > 50) throw badInput(`Cross-validation takes 2 to 50 folds, not ${k}.`);
  if (users.length < 2 * k) throw badInput(`${dataset.name} has ${users.length} users: too few for ${k} folds.`);
  const stratum = task === 'risk' ? (user: number) => dataset.label?.[user] ?? 0 : undefined;
  const dealt = dealFolds(users, k, seed, stratum);
  const results: Evaluation[] = [];
  for (let fold = 0; fold < k; fold++) {
    const stage = `fold ${fold + 1} of ${k}`;
    const at = (place: number) => start + ((0.99 - start) * place) / k;
    bench.onStage(stage);
    const train = users.filter((_, index) => dealt[index] !== fold);
    const test = users.filter((_, index) => dealt[index] === fold);
    const part = { stage, from: at(fold), to: at(fold + 1) };
    const fitted = await fitModel({ ...request, train, part }, bench);
    const predictions = await withPredictor(request, fitted, bench, (predictor) =>
      predict(request, predictor, fitted, { train, validation: new Int32Array(0), test }),
    );
    results.push({ metrics: figuresOf(predictions), training: fitted.training, predictions });
  }
  const folds = results.map(({ metrics }) => metrics);
  return {
    metrics: summarise(folds, k),
    training: results[0].training,
    predictions: joined(results.map(({ predictions }) => predictions)),
    folds,
  };
}

function joined(folds: readonly Predictions[]): Predictions {
  const [first] = folds;
  if (first.task === 'risk')
    return { task: 'risk', test: joinScored((folds as readonly RiskPredictions[]).map(({ test }) => test)) };
  return { ...first, test: joinRanked((folds as readonly InterestPredictions[]).map(({ test }) => test)) };
}

/** Means over the folds, and for each figure its standard deviation between them: auc, cv5_auc, cv5_auc_sd. */
function summarise(folds: readonly Record<string, number>[], k: number): Record<string, number> {
  const figures: Record<string, number> = {};
  for (const name of Object.keys(folds[0])) {
    const values = folds.map((fold) => fold[name]).filter((value) => value !== undefined);
    if (name === 'n' || name === 'tail_n') {
      figures[name] = values.reduce((sum, value) => sum + value, 0);
      continue;
    }
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    figures[name] = mean;
    figures[`cv${k}_${name}`] = mean;
    figures[`cv${k}_${name}_sd`] = Math.sqrt(squares / Math.max(1, values.length - 1));
  }
  return figures;
}

async function withPredictor<T>(
  { task }: EvaluationRequest,
  { contract, weights }: FittedModel,
  { backend }: Workbench,
  work: (predictor: Predictor) => Promise<T>,
): Promise<T> {
  const predictor = createPredictor(task, contract, weights, backend);
  try {
    return await work(predictor);
  } finally {
    await predictor.dispose();
  }
}

export interface MeasuredUsers {
  readonly train: Int32Array;
  readonly validation: Int32Array;
  readonly test: Int32Array;
}

type Measured = Pick<EvaluationRequest, 'dataset' | 'task' | 'seed' | 'headProducts' | 'predictions'>;

/** Figures of a fitted model on test users; validation users give the threshold. */
export async function measure(
  request: Measured,
  predictor: Predictor,
  fitted: Pick<FittedModel, 'encoded'>,
  users: MeasuredUsers,
): Promise<Record<string, number>> {
  return figuresOf(await predict(request, predictor, fitted, users));
}

async function predict(
  { dataset, task, seed, headProducts, predictions }: Measured,
  predictor: Predictor,
  { encoded }: Pick<FittedModel, 'encoded'>,
  { train, validation, test }: MeasuredUsers,
): Promise<Predictions> {
  if (task === 'risk') {
    const of = async (users: Int32Array): Promise<ScoredUsers> => ({
      users,
      labels: Uint8Array.from(users, (user) => dataset.label?.[user] ?? 0),
      probabilities: await scoreRiskOf(predictor, encoded, users),
    });
    return { task, test: await of(test), ...(validation.length > 0 && { validation: await of(validation) }) };
  }
  const ownership = dataset.ownership as NonNullable<Dataset['ownership']>;
  const head = headProducts
    ? new Set(headProducts.map((code) => productOf(code, ownership.products)))
    : headOf(ownersOf(ownership, train));
  const of = (users: Int32Array) => rankHidden(predictor, encoded, dataset, { users, seed, head });
  return {
    task,
    products: ownership.products,
    test: await of(test),
    // No figure needs them: they are ranked for who asks for them.
    ...(predictions && validation.length > 0 && { validation: await of(validation) }),
  };
}

/** The figures of one model's predictions (of users of several folds: all together). */
function figuresOf(predictions: Predictions): Record<string, number> {
  if (predictions.task === 'risk') {
    const { test, validation } = predictions;
    return binaryMetrics(test.labels, test.probabilities, validation);
  }
  const { users, targets, ranks, probabilities, tail } = predictions.test;
  return rankingMetrics(
    Array.from(users, (_, place) => ({
      target: targets[place],
      rank: ranks[place],
      probability: probabilities[place],
    })),
    new Set(targets.filter((_, place) => tail[place] === 0)),
  );
}

function productOf(code: string, products: readonly string[]): number {
  const product = products.indexOf(code);
  if (product < 0) throw badInput(`There is no product ${code} to be counted to the head.`);
  return product;
}
