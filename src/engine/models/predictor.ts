import { badInput } from '../../errors.js';
import type { Backend, Executable } from '../backends/backend.js';
import { type FeatureContract, inputsOf, parseContract } from '../encoders/contract.js';
import type { EncodedUsers } from '../encoders/encode.js';
import { createExpander, type Expander } from '../encoders/expand.js';
import type { Task, TrainedModel } from '../engine.js';
import { manifestOf, sliceParameters } from '../layers/parameters.js';
import { type Batch, candidatesOf, createBatch, fillRows, microBatchRows } from '../training/batch.js';
import type { Link } from '../trees/ensemble.js';
import { treeInputs } from '../trees/inputs.js';
import { predictBatch } from '../trees/predict.js';
import {
  type NetworkWeights,
  type PopularityWeights,
  type TreeWeights,
  unpackWeights,
  type Weights,
} from './artifact.js';
import { candidateSpecs, network, probabilities } from './network.js';

/** Users to score, and the product of each that is to be treated as not owned (−1 = none). */
export interface ScoredRows {
  readonly users: Int32Array;
  readonly hidden: Int32Array;
}

/** A model made ready on one backend. */
export interface Predictor {
  readonly task: Task;
  readonly contract: FeatureContract;
  readonly weights: Weights;
  /** Probabilities of a row: one for each product of the contract (interest), or one (risk). */
  readonly outputs: number;
  readonly expander: Expander;
  /** Probabilities, (count, outputs), of rows start to start + count, batch by batch; the array is reused by nobody. */
  predict(
    encoded: EncodedUsers,
    rows: ScoredRows,
    onRows: (start: number, count: number, probabilities: Float32Array) => void,
  ): Promise<void>;
  /** Probabilities of rows that the caller has written into a batch of this predictor. */
  run(batch: Batch): Promise<Float32Array>;
  /** A batch that holds at least this many rows, or the largest that there is. */
  batchFor(rows: number): Batch;
  dispose(): Promise<void>;
}

export type StoredModel = Pick<TrainedModel, 'task' | 'contract' | 'weights'>;

/** What raw scores of trees may be: log-odds of the event, logarithms of products' shares; or means of probabilities. */
const LINKS_OF: Readonly<Record<Task, readonly Link[]>> = {
  risk: ['logistic', 'identity'],
  interest: ['softmax', 'identity'],
};

/** @throws {ConcordError} BAD_INPUT where contract or weights are malformed or do not fit each other. */
export function loadPredictor({ task, contract: json, weights: bytes }: StoredModel, backend: Backend): Predictor {
  const contract = parseContract(json);
  const outputs = task === 'interest' ? contract.products.length : 1;
  const shape = { inputs: inputsOf(contract), outputs, categories: treeInputs(contract).categories };
  const weights = unpackWeights(bytes, shape);
  if (weights.kind === 'trees' && !LINKS_OF[task].includes(weights.ensemble.link))
    throw badInput(`These trees are not of a model of ${task}: their link is ${weights.ensemble.link}.`);
  return createPredictor(task, contract, weights, backend);
}

/** Sizes of batch that are compiled, when first needed: one user, a handful, many. */
const COMPILED = [1, 16, 256];
/** Trees are not compiled: a batch may be nearly as small as what it holds. */
const DOUBLED = [1, 2, 4, 8, 16, 32, 64, 128, 256];

export function createPredictor(task: Task, contract: FeatureContract, weights: Weights, backend: Backend): Predictor {
  const expander = weights.kind === 'trees' ? treeInputs(contract) : createExpander(contract);
  const outputs = task === 'interest' ? contract.products.length : 1;
  const wanted = weights.kind === 'trees' ? DOUBLED : COMPILED;
  const most = microBatchRows(wanted[wanted.length - 1], expander.width, outputs);
  const sizes = [...new Set(wanted.map((size) => Math.min(size, most)))];
  const batches = new Map<number, Batch>();
  const runner = runnerOf(task, expander.width, weights, backend);

  const predictor: Predictor = {
    task,
    contract,
    weights,
    outputs,
    expander,
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
        onRows(start, count, (await runner.run(batch)).subarray(0, count * outputs));
        start += count;
      }
    },
    run: (batch) => runner.run(batch),
    dispose: () => runner.dispose(),
  };
  return predictor;
}

interface Runner {
  run(batch: Batch): Promise<Float32Array>;
  dispose(): Promise<void>;
}

function runnerOf(task: Task, width: number, weights: Weights, backend: Backend): Runner {
  if (weights.kind === 'network') return networkRunner(task, width, weights, backend);
  return weights.kind === 'trees' ? treeRunner(task, weights) : popularityRunner(task, weights);
}

/** In this thread, whatever the backend. */
function treeRunner(task: Task, { ensemble }: TreeWeights): Runner {
  return {
    async run(batch) {
      return predictBatch(task, ensemble, batch);
    },
    async dispose() {},
  };
}

/** The mean of the members' probabilities, weights as constants of one graph for each size of batch. */
function networkRunner(task: Task, width: number, { architecture, members }: NetworkWeights, backend: Backend): Runner {
  const model = network(architecture);
  const manifest = manifestOf(model);
  const context = {
    training: false,
    mask: () => {
      throw new Error('No masks outside training.');
    },
  };
  const executables = new Map<number, Promise<Executable>>();
  const compile = (rows: number) =>
    backend.compile(
      (ops, [inputs, candidates]) => {
        const each = members.map((flat) => {
          const parameters = sliceParameters(ops, ops.constant(flat, [flat.length]), manifest);
          const { output } = model.forward(ops, parameters, [inputs], context);
          return probabilities(task, ops, output, candidates);
        });
        const sum = each.reduce((total, one) => ops.add(total, one));
        return [members.length === 1 ? sum : ops.mul(sum, ops.constant([1 / members.length], []))];
      },
      [{ shape: [rows, width], dtype: 'float32' }, ...candidateSpecs(task, rows, architecture.outputs)],
    );
  return {
    async run(batch) {
      let executable = executables.get(batch.rows);
      if (!executable) {
        executable = compile(batch.rows);
        executables.set(batch.rows, executable);
      }
      const [output] = await (await executable).run([batch.inputs, ...candidatesOf(batch)]);
      return output;
    },
    async dispose() {
      for (const executable of executables.values()) await (await executable).dispose();
    },
  };
}

/** Interest: a product's share among the candidates; for one that is owned, as if it were one more candidate. Risk: the base rate. */
function popularityRunner(task: Task, { shares }: PopularityWeights): Runner {
  return {
    async run({ rows, candidates }) {
      const outputs = shares.length;
      const result = new Float32Array(rows * outputs);
      for (let base = 0; base < result.length; base += outputs) {
        if (task === 'risk') {
          result[base] = shares[0];
          continue;
        }
        let open = 0;
        for (let product = 0; product < outputs; product++) open += shares[product] * candidates[base + product];
        for (let product = 0; product < outputs; product++) {
          const all = open + shares[product] * (1 - candidates[base + product]);
          result[base + product] = all > 0 ? shares[product] / all : 0;
        }
      }
      return result;
    },
    async dispose() {},
  };
}
