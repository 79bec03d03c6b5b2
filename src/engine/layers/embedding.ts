import type { Ops, Tensor } from '../ops/ops.js';
import { sizeOf } from '../ops/shapes.js';
import type { GradientTerm, Initialiser, Layer, ParameterGradient } from './layer.js';
import { productTerm } from './product-term.js';
import { lookUpTerm } from './terms.js';

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
      const { output, term } = lookUp(ops, bags, { name: table.name, value: parameters.get(table.name) });
      return {
        output,
        backward: (delta) => ({ input: () => undefined, gradients: [term(delta)] }),
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
  term(delta: Tensor): GradientTerm;
}

function byGathering(
  ops: Ops,
  { batch, slots, ids, weights }: Bags,
  { name, value: table }: ParameterGradient,
): LookUp {
  const [rows, width] = table.shape;
  if (slots === 1) {
    // One id a row: a product with its weight, not a product of matrices.
    const vectors = ops.reshape(ops.gather(table, ids), [batch, width]);
    return {
      output: ops.mul(vectors, weights),
      term: (delta) => lookUpTerm(ops, { name, rows, ids, each: ops.mul(delta, weights) }),
    };
  }
  const vectors = ops.gather(table, ids);
  return {
    output: ops.reshape(ops.matMul(ops.reshape(weights, [batch, 1, slots]), vectors), [batch, width]),
    term(delta) {
      const each = ops.mul(ops.reshape(delta, [batch, 1, width]), ops.reshape(weights, [batch, slots, 1]));
      return lookUpTerm(ops, { name, rows, ids, each: ops.reshape(each, [batch * slots, width]) });
    },
  };
}

function byCounting(ops: Ops, { batch, ids, weights }: Bags, { name, value: table }: ParameterGradient): LookUp {
  const [rows] = table.shape;
  const starts = Int32Array.from({ length: batch }, (_, row) => row * rows);
  const cells = ops.add(ids, ops.constant(starts, [batch, 1], 'int32'));
  const flat = ops.scatterAdd(ops.reshape(cells, [-1]), ops.reshape(weights, [-1, 1]), batch * rows);
  const counts = ops.reshape(flat, [batch, rows]);
  return {
    output: ops.matMul(counts, table),
    term: (delta) => productTerm(ops, { products: [{ weight: name, input: counts, delta }] }),
  };
}
