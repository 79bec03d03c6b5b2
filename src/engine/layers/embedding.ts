import type { Ops, Tensor } from '../ops/ops.js';
import { sizeOf } from '../ops/shapes.js';
import type { Initialiser, Layer } from './layer.js';

export interface EmbeddingOptions {
  readonly name: string;
  /** Number of ids: valid ones are 0 to rows − 1. */
  readonly rows: number;
  readonly width: number;
  readonly initialiser?: Initialiser;
}

/** Small, so that what a model has not seen says little. */
const INITIALISER: Initialiser = { normal: 0.05 };

/** One id a row: int32 (rows) or (rows, 1) → (rows, width). An id of −1 gives zeros. */
export function embedding(options: EmbeddingOptions): Layer {
  return embeddingBag({ ...options, slots: 1 });
}

export interface EmbeddingBagOptions extends EmbeddingOptions {
  /** Ids a row at most. */
  readonly slots: number;
  /** Also read weights, float32 (rows, slots), from inputs[1]; they are data, without gradient. */
  readonly weighted?: boolean;
}

/**
 * The sum of the vectors of a row's ids: int32 (rows, slots), padded with −1, → (rows, width). An id that stands twice
 * counts twice. The order of a row's ids doesn't matter, so a set of products may be written in any.
 */
export function embeddingBag(options: EmbeddingBagOptions): Layer {
  const { name, rows, width, slots, weighted = false, initialiser = INITIALISER } = options;
  const table = { name: `${name}.table`, shape: [rows, width], initialiser };
  const lookUp = rows <= COUNTED_ROWS_PER_SLOT * slots ? byCounting : byGathering;
  return {
    parameters: [table],
    masks: [],
    forward(ops, parameters, inputs) {
      const bags = bagsOf(ops, inputs[0], slots, weighted ? inputs[1] : undefined);
      const { output, gradient } = lookUp(ops, bags, parameters.get(table.name));
      const sum = (delta: Tensor) => [{ name: table.name, value: gradient(delta) }];
      return {
        output,
        backward: (delta) => ({ input: () => undefined, gradients: [{ sum: () => sum(delta) }] }),
      };
    },
  };
}

/** Up to so many table rows a slot, multiplying a matrix of counts by the table beats moving a vector for each id. */
const COUNTED_ROWS_PER_SLOT = 32;

interface Bags {
  readonly batch: number;
  readonly slots: number;
  /** int32 (batch, slots), without −1, which no executor may index with. */
  readonly ids: Tensor;
  /** float32 (batch, slots): 0 where the id was −1. */
  readonly weights: Tensor;
}

function bagsOf(ops: Ops, input: Tensor, slots: number, weights: Tensor | undefined): Bags {
  const batch = sizeOf(input.shape) / slots;
  const ids = ops.reshape(input, [batch, slots]);
  const present = ops.greater(ids, ops.constant([-1], [], 'int32'));
  return {
    batch,
    slots,
    ids: ops.maximum(ids, ops.constant([0], [], 'int32')),
    weights: weights ? ops.mul(present, ops.reshape(weights, [batch, slots])) : present,
  };
}

interface LookUp {
  readonly output: Tensor;
  gradient(delta: Tensor): Tensor;
}

function byGathering(ops: Ops, { batch, slots, ids, weights }: Bags, table: Tensor): LookUp {
  const [rows, width] = table.shape;
  const vectors = ops.gather(table, ids);
  return {
    output: ops.reshape(ops.matMul(ops.reshape(weights, [batch, 1, slots]), vectors), [batch, width]),
    gradient(delta) {
      const each = ops.mul(ops.reshape(delta, [batch, 1, width]), ops.reshape(weights, [batch, slots, 1]));
      return ops.scatterAdd(ops.reshape(ids, [-1]), ops.reshape(each, [-1, width]), rows);
    },
  };
}

function byCounting(ops: Ops, { batch, ids, weights }: Bags, table: Tensor): LookUp {
  const [rows] = table.shape;
  const starts = Int32Array.from({ length: batch }, (_, row) => row * rows);
  const cells = ops.add(ids, ops.constant(starts, [batch, 1], 'int32'));
  const flat = ops.scatterAdd(ops.reshape(cells, [-1]), ops.reshape(weights, [-1, 1]), batch * rows);
  const counts = ops.reshape(flat, [batch, rows]);
  return {
    output: ops.matMul(counts, table),
    gradient: (delta) => ops.matMul(counts, delta, { transposeA: true }),
  };
}
