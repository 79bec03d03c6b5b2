import type { Clipping } from '../../../../federated/protocol/plan.js';
import type { Backend, Executable } from '../../backends/backend.js';
import type { Dataset } from '../../data/dataset.js';
import { type FeatureContract, inputsOf } from '../../encoders/contract.js';
import { encodeDataset } from '../../encoders/encode.js';
import { createExpander } from '../../encoders/expand.js';
import type { Task } from '../../engine.js';
import { fillLimits, type PrivateStep, privateStep } from '../../layers/private-step.js';
import { type Architecture, labelSpecs, lossOf, network } from '../../models/network.js';
import { type Batch, createBatch, labelsOf } from '../batch.js';
import { keepGraphs, takeGraphs } from './graph-cache.js';
import type { NoisySum } from './release.js';
import { fillUsers, graphRows, type MicroBatch, microBatches, userRows } from './user-batches.js';

export interface ClippedSumsOf {
  readonly dataset: Dataset;
  readonly task: Task;
  readonly contract: FeatureContract;
  readonly architecture: Architecture;
  readonly clipping: Clipping;
  /** Users that can be sampled. */
  readonly users: Int32Array;
  /** Whether to count users whose norm is within the bound; default for adaptive clipping alone. */
  readonly countBelow?: boolean;
}

/** Sums of clipped gradients: not private before noise is added. */
export interface ClippedSums {
  /**
   * Adds up the clipped gradients of users, by blocks in the order in which they are given: that must be a random one (poissonSample).
   * @param sample places in `users`
   * @param into takes the sums of parts of them, which add up to the sum of all
   * @returns Σ (1 where the norm is within the bound, else 0) − ½, where that is counted, else 0
   */
  of(weights: Float32Array, bound: number, sample: Int32Array, into: Pick<NoisySum, 'add' | 'draw'>): Promise<number>;
  /** Call once, when nothing runs. */
  dispose(): Promise<void>;
}

/** @param checkpoint called before each micro-batch; throws to stop */
export async function clippedSums(
  { dataset, task, contract, architecture, clipping, users, countBelow = clipping.kind === 'adaptive' }: ClippedSumsOf,
  backend: Backend,
  checkpoint: () => void,
): Promise<ClippedSums> {
  const width = inputsOf(contract);
  const { outputs } = architecture;
  const model = network(architecture);
  const encoded = encodeDataset(contract, dataset);
  const rows = userRows(encoded, task === 'interest', architecture, graphRows(backend, model));
  const source = {
    expander: createExpander(contract),
    encoded,
    rows,
    ...(task === 'risk' && { labels: dataset.label }),
  };
  const rule: PrivateStep['rule'] =
    clipping.kind === 'automatic' ? { kind: 'scale', stability: clipping.stability } : { kind: 'cut' };
  const key = JSON.stringify([task, architecture, rule, countBelow]);
  const graphs = takeGraphs(backend, key);
  const batches = new Map<number, Batch>();

  async function graphFor({ unitRows, rows: count, blocks }: MicroBatch): Promise<Executable> {
    const shape = `${count} / ${unitRows}`;
    const known = graphs.get(shape);
    if (known) return known;
    const step = privateStep({
      model,
      rows: count,
      unitRows,
      blocks,
      features: [{ shape: [count, width], dtype: 'float32' }],
      labels: labelSpecs(task, count, outputs),
      loss: (ops, logits, labels) => lossOf(task, ops, logits, labels),
      rule,
      countBelow,
      positionsMade: true,
    });
    const compiled = await backend.compile(step.graph, step.inputs);
    graphs.set(shape, compiled);
    return compiled;
  }

  function batchOf(count: number): Batch {
    const batch = batches.get(count) ?? createBatch(task, count, width, outputs);
    batches.set(count, batch);
    return batch;
  }

  return {
    async of(weights, bound, sample, into) {
      let aboveHalf = 0;
      const taking = sample.map((place) => users[place]);
      for (const micro of microBatches(taking, rows)) {
        checkpoint();
        const executable = await graphFor(micro);
        const batch = batchOf(micro.rows);
        const limits = new Float32Array(micro.rows / micro.unitRows);
        fillLimits(limits, micro.users.length, bound);
        fillUsers(batch, micro, source);
        const running = executable.run([weights, batch.inputs, ...labelsOf(batch), limits]);
        into.draw();
        const [part, below] = await running;
        into.add(part);
        if (below) aboveHalf += below[0] - micro.users.length / 2;
      }
      return aboveHalf;
    },
    dispose: () => keepGraphs(backend, key, graphs),
  };
}
