import { availableParallelism } from 'node:os';
import { ConcordError } from '../errors.js';
import { BACKENDS, type BackendName } from './backends/backend.js';
import type { Dataset } from './data/dataset.js';
import {
  type Engine,
  type Erasure,
  type EvaluationResult,
  MODELS,
  type ModelName,
  type ModelSettings,
  type PrivateUpdate,
  type RunOptions,
  type TrainedModel,
  type TrialResult,
} from './engine.js';
import type { TrainedProfiles } from './profiling/model.js';
import { createWorkerClient } from './workers/client.js';
import type {
  ErasureJob,
  HistogramJob,
  MeasureJob,
  PrivateJob,
  ProfileJob,
  TrainingJob,
  TrialJob,
} from './workers/jobs.js';
import { cancelledError } from './workers/messages.js';
import { createScoringService } from './workers/scoring-service.js';
import { startWorker } from './workers/start.js';

export interface EngineOptions {
  /** What computes; auto: the best that the machine has. */
  readonly backend?: BackendName | 'auto';
  /** Networks that are trained side by side; default: one a core, at most 8. Results do not depend on it. */
  readonly threads?: number;
}

const MOST_THREADS = 8;

/**
 * The engine. Training and evaluation run one after the other in one worker thread (which has helpers), scoring in another; both
 * start when first needed.
 * @throws {ConcordError} CONFIGURATION where an option is wrong.
 */
export function createEngine(options: EngineOptions = {}): Engine {
  const { backend = 'auto', threads = Math.min(MOST_THREADS, availableParallelism()) } = options;
  if (backend !== 'auto' && !BACKENDS.includes(backend)) {
    throw new ConcordError('CONFIGURATION', `No backend is called ${backend}: there are auto, ${BACKENDS.join(', ')}.`);
  }
  if (!Number.isInteger(threads) || threads < 1 || threads > 256) {
    throw new ConcordError('CONFIGURATION', `threads must be a whole number from 1 to 256, not ${threads}.`);
  }
  const training = createWorkerClient(() => startWorker('training-worker', { threads }));
  const scoring = createScoringService(() => startWorker('scoring-worker', { backend }));
  let last: Promise<unknown> = Promise.resolve();

  /** One after the other: each uses every core that it is allowed. */
  function inTurn<T>(
    method: 'train' | 'evaluate' | 'trial' | 'measure' | 'privateUpdate' | 'noisyHistogram' | 'erase' | 'trainProfiles',
    job: TrainingJob | TrialJob | MeasureJob | PrivateJob | HistogramJob | ErasureJob | ProfileJob,
    { signal, onProgress }: Pick<RunOptions, 'signal' | 'onProgress'>,
  ): Promise<T> {
    const result = last.then(() => training.call<T>(method, job, { signal, onProgress }));
    last = result.catch(() => undefined); // the caller is told; the next in turn is not concerned
    return abortable(result, signal);
  }

  const jobOf = (
    dataset: Dataset,
    rest: Omit<TrainingJob, 'dataset' | 'backend' | 'seed'>,
    run: RunOptions,
  ): TrainingJob => {
    if (!MODELS.includes(rest.model)) {
      throw new ConcordError('BAD_INPUT', `No model is called ${rest.model}: there are ${MODELS.join(', ')}.`);
    }
    return {
      dataset: holdsUsers(rest.model, run.settings)
        ? { ...anonymous(dataset), userIds: dataset.userIds }
        : anonymous(dataset),
      ...rest,
      backend: run.backend ?? backend,
      seed: run.seed ?? 1,
      settings: run.settings,
    };
  };

  return {
    async train(dataset, task, model, run = {}) {
      return inTurn<TrainedModel>('train', jobOf(dataset, { task, model }, run), run);
    },
    async evaluate(dataset, task, run) {
      const { model, crossValidate, headProducts, predictions } = run;
      const job = jobOf(dataset, { task, model, crossValidate, headProducts, predictions }, run);
      return inTurn<EvaluationResult>('evaluate', job, run);
    },
    async trial(dataset, task, run) {
      const { model, trial, effort = 1 } = run;
      return inTurn<TrialResult>('trial', { ...jobOf(dataset, { task, model }, run), trial, effort }, run);
    },
    async measure(dataset, model, run = {}) {
      const { backend: chosen = backend, seed = 1, headProducts } = run;
      const job: MeasureJob = { dataset: anonymous(dataset), stored: model, backend: chosen, seed, headProducts };
      return inTurn<Record<string, number>>('measure', job, run);
    },
    async privateUpdate(dataset, request, run = {}) {
      const job: PrivateJob = { dataset: anonymous(dataset), request, backend: run.backend ?? backend };
      return inTurn<PrivateUpdate>('privateUpdate', job, run);
    },
    async noisyHistogram(dataset, request, run = {}) {
      const job: HistogramJob = { dataset: anonymous(dataset), request };
      return inTurn<Float32Array>('noisyHistogram', job, run);
    },
    async erase(model, users, run = {}) {
      const job: ErasureJob = { stored: model, users };
      return inTurn<Erasure>('erase', job, run);
    },
    async trainProfiles(dataset, run = {}) {
      const { backend: chosen = backend, seed = 1, settings, ...rest } = run;
      const job: ProfileJob = { dataset: anonymous(dataset), backend: chosen, seed, settings };
      return inTurn<TrainedProfiles>('trainProfiles', job, rest);
    },
    scoring,
    async close() {
      await Promise.all([training.close(), scoring.close()]);
    },
  };
}

/** The model, or a member of it, keeps its training users, by their ids: so that they can be taken out of it again. */
const holdsUsers = (model: ModelName, settings: ModelSettings = {}): boolean =>
  model === 'user-knn' || ('members' in settings && JSON.stringify(settings.members).includes('user-knn'));

/** Users' ids stay here: no other model needs them. */
const anonymous = (dataset: Dataset): Dataset => ({ ...dataset, userIds: [], protectedColumns: [] });

/** Refuses at once when the signal fires, also for work that has not begun. */
async function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  let giveUp: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    giveUp = () => reject(cancelledError());
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
