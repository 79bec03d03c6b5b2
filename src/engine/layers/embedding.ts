import type { Ops, Tensor } from '../ops/ops.js';
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
 * counts twice. Row order within a slot doesn't matter, so a set of products may be written in any order.
 */
export function embeddingBag(options: EmbeddingBagOptions): Layer {
  const { name, rows, width, slots, weighted = false, initialiser = INITIALISER } = options;
  const table = { name: `${name}.table`, shape: [rows, width], initialiser };
  return {
    parameters: [table],
    masks: [],
    forward(ops, parameters, inputs) {
      const batch = inputs[0].shape[0];
      const { ids, weights } = slotsOf(ops, inputs[0], weighted ? inputs[1] : undefined);
      const vectors = ops.mul(ops.gather(parameters.get(table.name), ids), weights);
      const output = slots === 1 ? vectors : ops.sum(ops.reshape(vectors, [batch, slots, width]), [1]);
      return {
        output,
        backward: (delta) => ({
          input: () => undefined,
          gradients: [
            {
              sum() {
                const repeated = slots === 1 ? delta : spread(ops, delta, slots);
                const value = ops.scatterAdd(ids, ops.mul(repeated, weights), rows);
                return [{ name: table.name, value }];
              },
            },
          ],
        }),
      };
    },
  };
}

/** Ids as a flat vector without −1, which no executor may index with, and their weights as a column: 0 where it was −1. */
function slotsOf(ops: Ops, ids: Tensor, weights: Tensor | undefined): { ids: Tensor; weights: Tensor } {
  const flat = ops.reshape(ids, [-1]);
  const present = ops.greater(flat, ops.constant([-1], [], 'int32'));
  const total = weights ? ops.mul(present, ops.reshape(weights, [-1])) : present;
  return { ids: ops.maximum(flat, ops.constant([0], [], 'int32')), weights: ops.reshape(total, [-1, 1]) };
}

/** (rows, width) → (rows · slots, width), each row as often as there are slots. */
function spread(ops: Ops, delta: Tensor, slots: number): Tensor {
  const [batch, width] = delta.shape;
  return ops.reshape(ops.broadcastTo(ops.reshape(delta, [batch, 1, width]), [batch, slots, width]), [-1, width]);
}
