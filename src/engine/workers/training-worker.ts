import { workerData } from 'node:worker_threads';
import type { Backend, BackendName } from '../backends/backend.js';
import { openBackend } from '../backends/select.js';
import { eraseFrom } from '../models/erase.js';
import { trainProfiles } from '../profiling/train-profiles.js';
import type { MemberTask } from '../training/member.js';
import { trainMember } from '../training/member.js';
import { createNoiseThread } from '../training/private/noise-thread.js';
import { histogramUpdate } from '../training/private/noisy-histogram.js';
import { type TreeTask, trainTrees } from '../trees/member.js';
import {
  type ErasureJob,
  type HistogramJob,
  type MeasureJob,
  type PrivateJob,
  type ProfileJob,
  runEvaluation,
  runMeasure,
  runPrivateUpdate,
  runTraining,
  runTrialJob,
  type TrainingJob,
  type TrialJob,
} from './jobs.js';
import { epochProgress } from './members.js';
import { type CallContext, serveCalls } from './serve.js';
import { startWorker } from './start.js';
import { treeProgress } from './tree-work.js';

/** The thread that trains and evaluates, and its helpers, which train single networks and ensembles of trees. */
const { threads } = workerData as { threads: number };
const opened = new Map<string, Promise<Backend>>();
/** Starts with the first private update. */
const noise = createNoiseThread(() => startWorker('noise-worker', undefined));

function backendOf(name: BackendName | 'auto'): Promise<Backend> {
  const known = opened.get(name);
  if (known) return known;
  const backend = openBackend(name);
  backend.catch(() => opened.delete(name));
  opened.set(name, backend);
  return backend;
}

serveCalls({
  async train(job: TrainingJob, context: CallContext) {
    const result = await runTraining(job, await backendOf(job.backend), threads, context);
    return { result, transfer: [result.weights.buffer as ArrayBuffer] };
  },
  async evaluate(job: TrainingJob, context: CallContext) {
    return { result: await runEvaluation(job, await backendOf(job.backend), threads, context) };
  },
  async trial(job: TrialJob, context: CallContext) {
    return { result: await runTrialJob(job, await backendOf(job.backend), threads, context) };
  },
  async measure(job: MeasureJob) {
    return { result: await runMeasure(job, await backendOf(job.backend)) };
  },
  async privateUpdate(job: PrivateJob, context: CallContext) {
    const result = await runPrivateUpdate(job, await backendOf(job.backend), context, noise);
    return { result, transfer: [result.update.buffer as ArrayBuffer] };
  },
  async erase({ stored, users }: ErasureJob, { checkpoint }: CallContext) {
    return { result: eraseFrom(stored, users, checkpoint) };
  },
  async trainProfiles(job: ProfileJob, context: CallContext) {
    const result = await trainProfiles(job, await backendOf(job.backend), context);
    return { result, transfer: [result.weights.buffer as ArrayBuffer] };
  },
  async noisyHistogram({ dataset, request }: HistogramJob) {
    const result = histogramUpdate(dataset, request);
    return { result, transfer: [result.buffer as ArrayBuffer] };
  },
  async member({ task, backend }: { task: MemberTask; backend: BackendName }, context: CallContext) {
    const result = await trainMember(task, await backendOf(backend), {
      checkpoint: context.checkpoint,
      onEpoch: (figures) => context.onProgress(epochProgress(task, figures)),
    });
    return { result, transfer: [result.weights.buffer as ArrayBuffer] };
  },
  async trees({ task }: { task: TreeTask }, { checkpoint, onProgress }: CallContext) {
    return { result: trainTrees(task, { checkpoint, onProgress: treeProgress(task, onProgress) }) };
  },
});
