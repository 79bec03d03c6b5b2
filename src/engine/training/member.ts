import { ConcordError } from '../../errors.js';
import type { Backend, Executable } from '../backends/backend.js';
import type { FeatureContract } from '../encoders/contract.js';
import type { EncodedUsers } from '../encoders/encode.js';
import { createExpander, type Expander } from '../encoders/expand.js';
import type { Task } from '../engine.js';
import { fillMask } from '../layers/dropout.js';
import { trainingStep } from '../layers/graphs.js';
import type { Layer } from '../layers/layer.js';
import { manifestOf, sliceParameters } from '../layers/parameters.js';
import { createRandom, type Random } from '../layers/random.js';
import { type Architecture, labelSpecs, lossOf, network, startingWeights } from '../models/network.js';
import { type Batch, createBatch, fillExamples, labelsOf, microBatchRows } from './batch.js';
import { type Examples, hiddenInTurn, interestExamples, riskExamples, shuffled } from './examples.js';
import { type CurvePoint, thinned } from './learning-curve.js';
import { mixRows } from './mixup.js';
import { createOptimiser } from './optimiser.js';
import type { PartOfWork } from './part-of-work.js';
import { rateFactor } from './schedule.js';
import type { TrainingSettings } from './settings.js';

/** One network to train: plain data, so that it can be sent to another thread (arrays in shared memory are not copied). */
export interface MemberTask {
  readonly task: Task;
  readonly contract: FeatureContract;
  readonly architecture: Architecture;
  readonly encoded: EncodedUsers;
  /** Risk: of every user. */
  readonly labels?: Float32Array;
  /** Risk: how much every user counts in training; absent: all alike. */
  readonly userWeights?: Float32Array;
  readonly train: Int32Array;
  readonly validation: { readonly users: Int32Array; readonly hidden: Int32Array };
  readonly settings: TrainingSettings;
  readonly seed: number;
}

export interface MemberResult {
  /** Of the epoch with the best validation log loss. */
  readonly weights: Float32Array;
  readonly validationLoss: number;
  /** Epochs run, and the best of them. */
  readonly epochs: number;
  readonly bestEpoch: number;
  readonly curve: readonly CurvePoint[];
}

/** Trains networks, in this thread or in several. Results come in the order of the tasks. */
export type TrainMembers = (tasks: readonly MemberTask[], part: PartOfWork) => Promise<MemberResult[]>;

export interface MemberHooks {
  /** Called before each step. Throws to stop the training. */
  checkpoint(): void;
  onEpoch?(figures: { epoch: number; loss: number; validationLoss: number }): void;
}

/** Rows for early stopping and the prior: more would only take time. */
const MAX_VALIDATION_ROWS = 50_000;
const MAX_EPOCH_ROWS = 262_144;
/** Multiplications of an epoch (three a weight and row): a few seconds of one core. */
const EPOCH_WORK = 1e11;
const MICRO_BATCH = 512;

/** Trains one network, stops early on validation log loss, and gives the best epoch's weights. Same task, same result to the bit. */
export async function trainMember(task: MemberTask, backend: Backend, hooks: MemberHooks): Promise<MemberResult> {
  const { settings } = task;
  const run = await prepare(task, backend);
  const random = createRandom(task.seed);
  const optimiser = createOptimiser(settings, manifestOf(run.model));
  const weights = startingWeights(run.model, priorOf(task), task.seed);
  let best: MemberResult = {
    weights: weights.slice(),
    validationLoss: Number.POSITIVE_INFINITY,
    epochs: 0,
    bestEpoch: 0,
    curve: [],
  };
  const curve: CurvePoint[] = [];
  let epoch = 0;
  try {
    while (epoch < settings.maxEpochs && epoch - best.bestEpoch < settings.patience) {
      epoch++;
      const state = { ...settings, sinceBest: epoch - 1 - best.bestEpoch };
      const loss = await trainEpoch(
        run,
        weights,
        (gradient, done) =>
          optimiser.step(weights, gradient, rateFactor(settings.schedule, { ...state, epochs: epoch - 1 + done })),
        random.fork(`epoch ${epoch}`),
        hooks,
      );
      const validationLoss = await run.validate(weights, hooks);
      hooks.onEpoch?.({ epoch, loss, validationLoss });
      if (!Number.isFinite(loss)) break;
      curve.push({ step: epoch, loss, validationLoss });
      if (validationLoss < best.validationLoss)
        best = { weights: weights.slice(), validationLoss, epochs: epoch, bestEpoch: epoch, curve };
    }
  } finally {
    await run.dispose();
  }
  if (!Number.isFinite(best.validationLoss)) {
    throw new ConcordError('BAD_INPUT', 'Training diverged in its first epoch: lower the learning rate.', {
      learningRate: settings.learningRate,
    });
  }
  return { ...best, epochs: epoch, curve: thinned(curve) };
}

interface Run {
  readonly model: Layer;
  readonly task: MemberTask;
  readonly expander: Expander;
  readonly batch: Batch;
  readonly step: Executable;
  epoch(random: Random): Examples;
  validate(weights: Float32Array, hooks: MemberHooks): Promise<number>;
  dispose(): Promise<void>;
}

async function prepare(task: MemberTask, backend: Backend): Promise<Run> {
  const { contract, settings, architecture } = task;
  const { inputs: width, outputs } = architecture;
  const model = network(architecture, settings.dropout);
  const expander = createExpander(contract);
  const networks = architecture.networks ?? 1;
  const rows = microBatchRows(Math.min(settings.batchSize, MICRO_BATCH), width * networks, outputs * networks);
  const features = [{ shape: [rows, width], dtype: 'float32' as const }];
  const labels = labelSpecs(task.task, rows, outputs);
  const { graph, inputs } = trainingStep({
    model,
    rows,
    features,
    labels,
    loss: (ops, logits, given) => lossOf(task.task, ops, logits, given),
  });
  const manifest = manifestOf(model);
  const step = await backend.compile(graph, inputs);
  const scoring = {
    training: false,
    mask: () => {
      throw new Error('No masks outside training.');
    },
  };
  const check = await backend.compile(
    (ops, [flat, x, ...given]) => {
      const { output } = model.forward(ops, sliceParameters(ops, flat, manifest), [x], scoring);
      return [lossOf(task.task, ops, output, given).total];
    },
    [{ shape: [manifest.size], dtype: 'float32' }, ...features, ...labels],
  );
  const limit = Math.max(1024, Math.min(MAX_EPOCH_ROWS, Math.floor(EPOCH_WORK / (3 * manifest.size * networks))));
  const source = task.labels
    ? shuffled(riskExamples(task.train, task.labels, task.userWeights), limit)
    : hiddenInTurn(task.encoded, task.train, limit);
  const validation = validationExamples(task);
  const batch = createBatch(task.task, rows, width, outputs);
  return {
    model,
    task,
    expander,
    batch,
    step,
    epoch: (random) => source.epoch(random),
    async validate(weights, hooks) {
      const divisor = validation.users.length;
      let loss = 0;
      for (let start = 0; start < divisor; start += rows) {
        hooks.checkpoint();
        fillExamples(batch, expander, task.encoded, validation, { start, end: divisor, divisor });
        const [total] = await check.run([weights, batch.inputs, ...labelsOf(batch)]);
        loss += total[0];
      }
      return loss;
    },
    async dispose() {
      await step.dispose();
      await check.dispose();
    },
  };
}

function validationExamples({ labels, validation }: MemberTask): Examples {
  const all = labels ? riskExamples(validation.users, labels) : interestExamples(validation.users, validation.hidden);
  if (all.users.length <= MAX_VALIDATION_ROWS) return all;
  return shuffled(all, MAX_VALIDATION_ROWS).epoch(createRandom(0));
}

/**
 * One pass over the epoch's rows.
 * @param step is told which part of the epoch is done
 * @returns the mean loss while training
 */
async function trainEpoch(
  run: Run,
  weights: Float32Array,
  step: (gradient: Float32Array, done: number) => void,
  random: Random,
  hooks: MemberHooks,
): Promise<number> {
  const { batch, expander, model, task } = run;
  const { mixup } = task.settings;
  const examples = run.epoch(random);
  const size = examples.users.length;
  const masks = model.masks.map(({ width }) => new Float32Array(batch.rows * width));
  let loss = 0;
  for (let start = 0; start < size; start += task.settings.batchSize) {
    hooks.checkpoint();
    const end = Math.min(size, start + task.settings.batchSize);
    const divisor = end - start;
    let gradient: Float32Array | undefined;
    for (let from = start; from < end; from += batch.rows) {
      const count = fillExamples(batch, expander, task.encoded, examples, { start: from, end, divisor });
      if (mixup > 0) mixRows(batch, count, mixup, random);
      model.masks.forEach((spec, index) => {
        fillMask(masks[index], spec, random);
      });
      const [slope, total] = await run.step.run([weights, batch.inputs, ...masks, ...labelsOf(batch)]);
      loss += (total[0] * divisor) / size;
      if (gradient) for (let index = 0; index < slope.length; index++) gradient[index] += slope[index];
      else gradient = slope;
    }
    step(gradient as Float32Array, end / size);
  }
  return loss;
}

/** What is known without knowing the user: log-odds of the label, log of each product's share of ownership (one owner added to each). */
function priorOf({ labels, train, contract, encoded }: MemberTask): Float64Array {
  if (labels) {
    let events = 0;
    for (const user of train) events += labels[user];
    return Float64Array.of(Math.log((events + 0.5) / (train.length - events + 0.5)));
  }
  const owners = new Float64Array(contract.products.length).fill(1);
  for (const user of train) {
    const from = encoded.offsets[user];
    const owned = encoded.offsets[user + 1] - from;
    for (let item = 0; item < owned; item++) owners[encoded.items[from + item]] += 1 / owned;
  }
  const all = owners.reduce((sum, count) => sum + count, 0);
  return owners.map((count) => Math.log(count / all));
}
