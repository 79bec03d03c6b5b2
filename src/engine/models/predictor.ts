import type { Backend } from '../backends/backend.js';
import { type FeatureContract, parseContract } from '../encoders/contract.js';
import type { Task, TrainedModel } from '../engine.js';
import { type Batch, createBatch, fillRows, microBatchRows } from '../training/batch.js';
import type { OpenContext, Predictor } from './kind.js';
import { kindOfWeights, unpackWeights } from './kinds.js';
import type { Weights } from './weights.js';

export type StoredModel = Pick<TrainedModel, 'task' | 'contract' | 'weights'>;

/** @throws {ConcordError} BAD_INPUT where contract or weights are malformed or do not fit each other. */
export function loadPredictor({ task, contract: json, weights: bytes }: StoredModel, backend: Backend): Predictor {
  const contract = parseContract(json);
  return createPredictor(task, contract, unpackWeights(bytes, { task, contract }), backend);
}

export function createPredictor(task: Task, contract: FeatureContract, weights: Weights, backend: Backend): Predictor {
  const context: OpenContext = {
    task,
    contract,
    backend,
    open: (member, of) => createPredictor(of.task, of.contract, member, backend),
  };
  const kind = kindOfWeights(weights);
  const opened = kind.open(weights, context);
  const { expander, batchSizes } = opened;
  const outputs = task === 'interest' ? contract.products.length : 1;
  const most = microBatchRows(batchSizes[batchSizes.length - 1], expander.width, outputs);
  const sizes = [...new Set(batchSizes.map((size) => Math.min(size, most)))];
  const batches = new Map<number, Batch>();

  const predictor: Predictor = {
    task,
    contract,
    weights,
    outputs,
    expander,
    opened,
    batchFor(rows) {
      const size = sizes.find((candidate) => candidate >= rows) ?? sizes[sizes.length - 1];
      let batch = batches.get(size);
      if (!batch) {
        batch = createBatch(task, size, expander.width, outputs);
        batches.set(size, batch);
      }
      return batch;
    },
    async predict(encoded, rows, onRows) {
      const total = rows.users.length;
      for (let start = 0; start < total; ) {
        const batch = predictor.batchFor(total - start);
        const count = fillRows(batch, expander, encoded, rows, start);
        onRows(start, count, (await opened.run(batch)).subarray(0, count * outputs));
        start += count;
      }
    },
    exact: kind.isExact?.(weights, task, opened) ?? true,
    run: (batch) => opened.run(batch),
    explainRisk: (row) => kind.explainRisk(predictor, weights, row),
    explainInterest: (row, products) => kind.explainInterest(predictor, weights, row, products),
    dispose: () => opened.dispose(),
  };
  return predictor;
}
