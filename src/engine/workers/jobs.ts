import type { Backend, BackendName } from '../backends/backend.js';
import { type Dataset, FOLD } from '../data/dataset.js';
import { dealFolds, usersInFold } from '../data/split.js';
import { type EncodedUsers, encodeDataset } from '../encoders/encode.js';
import type {
  ErasedUser,
  EvaluationResult,
  HistogramRequest,
  ModelName,
  ModelSettings,
  PrivateRequest,
  PrivateUpdate,
  Progress,
  StoredModel,
  Task,
  TrainedModel,
  TrialResult,
} from '../engine.js';
import { evaluate, measure, usersOf, type Workbench } from '../evaluation/evaluate.js';
import { scoreRiskOf } from '../evaluation/score.js';
import { ownershipProfile } from '../metrics/drift/holdings-drift.js';
import { type ScoreProfile, scoreProfile } from '../metrics/drift/score-profile.js';
import type { Predictor } from '../models/kind.js';
import { packWeights } from '../models/kinds.js';
import { createPredictor, loadPredictor } from '../models/predictor.js';
import type { ProfileRequest } from '../profiling/train-profiles.js';
import { fitModel } from '../training/fit-model.js';
import type { NoiseThread } from '../training/private/noise-thread.js';
import { privateUpdate } from '../training/private/private-update.js';
import { runTrial, type TrialRequest } from '../tuning/trial.js';
import { createMemberPool } from './members.js';
import type { CallContext } from './serve.js';

/** What the training thread is asked to do. */
export interface TrainingJob {
  readonly dataset: Dataset;
  readonly task: Task;
  readonly model: ModelName;
  readonly backend: BackendName | 'auto';
  readonly seed: number;
  readonly settings?: ModelSettings;
  readonly crossValidate?: number;
  readonly headProducts?: readonly string[];
  readonly predictions?: boolean;
}

/** Which settings the training thread is asked to try. */
export type TrialJob = TrainingJob & Pick<TrialRequest, 'trial' | 'effort'>;

/** What the training thread is asked to compute for a round. */
export interface PrivateJob {
  readonly dataset: Dataset;
  readonly request: PrivateRequest;
  readonly backend: BackendName | 'auto';
}

/** What profiles the training thread is asked to train. */
export interface ProfileJob extends ProfileRequest {
  readonly backend: BackendName | 'auto';
}

/** What the training thread is asked to count. */
export interface HistogramJob {
  readonly dataset: Dataset;
  readonly request: HistogramRequest;
}

/** Whom the training thread is asked to take out of a model. */
export interface ErasureJob {
  readonly stored: StoredModel;
  readonly users: readonly ErasedUser[];
}

/** What the training thread is asked to measure. */
export interface MeasureJob {
  readonly dataset: Dataset;
  readonly stored: StoredModel;
  readonly backend: BackendName | 'auto';
  readonly seed: number;
  readonly headProducts?: readonly string[];
}

/** One in this many users is set aside for early stopping and figures where the data set has no fold for that. */
const HELD_OUT = 8;

/**
 * Trains on the training users, stops early on the validation users, and measures on the test users (or on the validation users
 * where there are no others). The model is not refitted on users that it was measured on.
 */
export async function runTraining(
  job: TrainingJob,
  backend: Backend,
  threads: number,
  context: CallContext,
): Promise<TrainedModel> {
  const started = performance.now();
  const { task, model, seed } = job;
  const users = usersFor(job);
  const pool = createMemberPool(backend, threads, context);
  try {
    const fitted = await fitModel({ ...job, ...users }, { ...pool, ...context, backend });
    context.checkpoint();
    context.onProgress({ stage: 'measuring', fraction: 0.97 });
    const predictor = createPredictor(task, fitted.contract, fitted.weights, backend);
    try {
      const metrics = await measure(job, predictor, fitted, users);
      const scores = task === 'risk' ? await profileScores(job, predictor, fitted.encoded, users.test) : undefined;
      // Contracts that have holdings among the inputs say it themselves.
      const owned = fitted.contract.holdings ? undefined : ownershipProfile(job.dataset, users.train, fitted.contract);
      context.onProgress({ stage: 'trained', fraction: 1 });
      return {
        task,
        model,
        contract: { ...fitted.contract },
        weights: packWeights(fitted.weights),
        metrics,
        training: {
          ...fitted.training,
          seed,
          backend: backend.name,
          device: backend.device,
          testedUsers: users.test.length,
          ...(scores && { scores }),
          ...(owned && { owned }),
          seconds: secondsSince(started),
        },
      };
    } finally {
      await predictor.dispose();
    }
  } finally {
    await pool.close();
  }
}

/** Of users that the model has not learned from: what the scores of later users are compared with. */
async function profileScores(
  { dataset }: TrainingJob,
  predictor: Predictor,
  encoded: EncodedUsers,
  tested: Int32Array,
): Promise<ScoreProfile> {
  const scores = await scoreRiskOf(predictor, encoded, tested);
  return scoreProfile(
    scores,
    Float32Array.from(tested, (user) => dataset.label?.[user] ?? Number.NaN),
  );
}

export function runEvaluation(
  job: TrainingJob,
  backend: Backend,
  threads: number,
  context: CallContext,
): Promise<EvaluationResult> {
  return atWorkbench({ backend, threads, context }, async (bench) => {
    const { metrics, training, folds, predictions } = await evaluate(job, bench);
    const { task, model, seed, dataset } = job;
    return {
      task,
      model,
      dataset: dataset.name,
      metrics,
      settings: { ...training, seed },
      ...(folds && { folds }),
      ...(job.predictions && { predictions }),
    };
  });
}

export function runTrialJob(
  job: TrialJob,
  backend: Backend,
  threads: number,
  context: CallContext,
): Promise<TrialResult> {
  return atWorkbench({ backend, threads, context }, (bench) => runTrial(job, bench));
}

interface Place {
  readonly backend: Backend;
  readonly threads: number;
  readonly context: CallContext;
}

/** Work that trains models and measures them; with it comes where it was done, and how long it took. */
async function atWorkbench<T>(
  { backend, threads, context }: Place,
  work: (bench: Workbench) => Promise<T>,
): Promise<T & { readonly backend: string; readonly seconds: number }> {
  const started = performance.now();
  let fraction = 0;
  const onProgress = (progress: Progress) => {
    fraction = progress.fraction;
    context.onProgress(progress);
  };
  const pool = createMemberPool(backend, threads, { ...context, onProgress });
  const bench: Workbench = {
    checkpoint: context.checkpoint,
    onProgress,
    backend,
    trainMembers: pool.trainMembers,
    trainTrees: pool.trainTrees,
    onStage(stage) {
      context.checkpoint();
      context.onProgress({ stage, fraction });
    },
  };
  try {
    return { ...(await work(bench)), backend: backend.name, seconds: secondsSince(started) };
  } finally {
    await pool.close();
  }
}

export async function runMeasure(job: MeasureJob, backend: Backend): Promise<Record<string, number>> {
  const { dataset, stored, seed, headProducts } = job;
  const { task } = stored;
  const usable = new Set(usersOf({ dataset, task }));
  const inFold = (fold: (typeof FOLD)[keyof typeof FOLD]) =>
    usersInFold(dataset, fold).filter((user) => usable.has(user));
  const users = { train: inFold(FOLD.train), validation: inFold(FOLD.validation), test: inFold(FOLD.test) };
  const predictor = loadPredictor(stored, backend);
  try {
    const encoded = encodeDataset(predictor.contract, dataset);
    return await measure({ dataset, task, seed, headProducts }, predictor, { encoded }, users);
  } finally {
    await predictor.dispose();
  }
}

export function runPrivateUpdate(
  { dataset, request }: PrivateJob,
  backend: Backend,
  context: CallContext,
  noise: NoiseThread,
): Promise<PrivateUpdate> {
  const { strategy, model, training } = request;
  const stage = `${strategy} of ${model}`;
  return privateUpdate(dataset, request, backend, {
    noise,
    checkpoint: context.checkpoint,
    onStep: (done) => context.onProgress({ stage, fraction: done / training.steps, figures: { step: done } }),
  });
}

const secondsSince = (start: number): number => Math.round((performance.now() - start) / 10) / 100;

function usersFor(job: TrainingJob) {
  const { dataset, task, seed } = job;
  const usable = usersOf(job);
  const among = new Set(usable);
  const inFold = (fold: (typeof FOLD)[keyof typeof FOLD]) =>
    usersInFold(dataset, fold).filter((user) => among.has(user));
  const test = inFold(FOLD.test);
  const stored = { train: inFold(FOLD.train), validation: inFold(FOLD.validation) };
  const pooled = dataset.fold ? stored.train : usable;
  if (dataset.fold && stored.validation.length > 0) {
    return { ...stored, test: test.length > 0 ? test : stored.validation };
  }
  const stratum = task === 'risk' ? (user: number) => dataset.label?.[user] ?? 0 : undefined;
  const dealt = dealFolds(pooled, HELD_OUT, seed, stratum);
  const validation = pooled.filter((_, index) => dealt[index] === 0);
  const train = pooled.filter((_, index) => dealt[index] !== 0);
  return { train, validation, test: test.length > 0 ? test : validation };
}
