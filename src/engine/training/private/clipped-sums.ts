import type { Clipping } from '../../../../federated/protocol/plan.js';
import type { Backend, Executable } from '../../backends/backend.js';
import type { Dataset } from '../../data/dataset.js';
import { type FeatureContract, inputsOf } from '../../encoders/contract.js';
import { encodeDataset } from '../../encoders/encode.js';
import { createExpander } from '../../encoders/expand.js';
import type { Task } from '../../engine.js';
import { privateStep } from '../../layers/private-step.js';
import { type Architecture, labelSpecs, lossOf, network } from '../../models/network.js';
import { type Batch, createBatch, labelsOf } from '../batch.js';
import { fillUsers, type MicroBatch, microBatches, userRows } from './user-batches.js';

export interface ClippedSumsOf {
  readonly dataset: Dataset;
  readonly task: Task;
  readonly contract: FeatureContract;
  readonly architecture: Architecture;
  readonly clipping: Clipping;
  /** Users that can be sampled. */
  readonly users: Int32Array;
}

/** Exact sums of clipped gradients: not private before noise is added. */
export interface ClippedSums {
  /**
   * @param groups places in `users`
   * @param meanwhile called while the first micro-batch is computed
   * @returns Σ over users of the clipped gradient, and Σ (1 where the norm is within the bound, else 0) − ½
   */
  of(
    weights: Float32Array,
    bound: number,
    groups: readonly (readonly number[])[],
    meanwhile: () => void,
  ): Promise<{ sum: Float64Array; aboveHalf: number }>;
  dispose(): Promise<void>;
}

interface Compiled {
  readonly executable: Executable;
  readonly batch: Batch;
  readonly present: Float32Array;
}

/** @param checkpoint called before each micro-batch; throws to stop */
export async function clippedSums(
  { dataset, task, contract, architecture, clipping, users }: ClippedSumsOf,
  backend: Backend,
  checkpoint: () => void,
): Promise<ClippedSums> {
  const width = inputsOf(contract);
  const { outputs } = architecture;
  const encoded = encodeDataset(contract, dataset);
  const rows = userRows(encoded, task === 'interest', width, outputs);
  const source = {
    expander: createExpander(contract),
    encoded,
    rows,
    ...(task === 'risk' && { labels: dataset.label }),
  };
  const model = network(architecture);
  const graphs = new Map<string, Compiled>();

  async function compiledFor({ unitRows, units }: MicroBatch): Promise<Compiled> {
    const key = `${unitRows} × ${units}`;
    const known = graphs.get(key);
    if (known) return known;
    const count = unitRows * units;
    const step = privateStep({
      model,
      rows: count,
      unitRows,
      features: [{ shape: [count, width], dtype: 'float32' }],
      labels: labelSpecs(task, count, outputs),
      loss: (ops, logits, labels) => lossOf(task, ops, logits, labels),
      rule: clipping.kind === 'automatic' ? { kind: 'scale', stability: clipping.stability } : { kind: 'cut' },
    });
    const compiled = {
      executable: await backend.compile(step.graph, step.inputs),
      batch: createBatch(task, count, width, outputs),
      present: new Float32Array(units),
    };
    graphs.set(key, compiled);
    return compiled;
  }

  return {
    async of(weights, bound, groups, meanwhile) {
      const sum = new Float64Array(weights.length);
      const limit = Float32Array.of(bound);
      let aboveHalf = 0;
      for (const group of groups) {
        const members = group.map((place) => users[place]);
        for (const micro of microBatches(members, rows)) {
          checkpoint();
          const { executable, batch, present } = await compiledFor(micro);
          fillUsers(batch, present, micro, source);
          const running = executable.run([weights, limit, batch.inputs, ...labelsOf(batch), present]);
          meanwhile();
          const [part, [below]] = await running;
          for (let index = 0; index < part.length; index++) sum[index] += part[index];
          aboveHalf += below - micro.users.length / 2;
        }
      }
      return { sum, aboveHalf };
    },
    async dispose() {
      for (const { executable } of graphs.values()) await executable.dispose();
    },
  };
}
