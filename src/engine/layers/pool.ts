import type { Layer } from './layer.js';
import { positionAt, positionsOf } from './sequence.js';

export interface PoolOptions {
  /** Positions of the sequence that comes in. */
  readonly length: number;
}

/**
 * What stands out in a sequence, what is usual in it, and how it ends: (rows, length · width) → (rows, 3 · width), for each value its
 * maximum over the positions, its mean, and its value at the last position. Positions that share the maximum share its gradient.
 */
export function pool({ length }: PoolOptions): Layer {
  return {
    parameters: [],
    masks: [],
    forward(ops, _parameters, [input]) {
      const sequence = positionsOf(ops, input, length);
      const [rows, , width] = sequence.shape;
      const highest = ops.max(sequence, [1], true);
      const mean = ops.mean(sequence, [1]);
      const last = positionAt(ops, sequence, length - 1);
      return {
        output: ops.concat([ops.reshape(highest, [rows, width]), mean, last], 1),
        backward: (delta) => ({
          input() {
            const cut = (place: number) =>
              ops.reshape(ops.slice(delta, [0, place * width], [rows, width]), [rows, 1, width]);
            const isHighest = ops.equal(sequence, highest);
            const ofHighest = ops.mul(isHighest, ops.div(cut(0), ops.sum(isHighest, [1], true)));
            const everywhere = ops.add(ofHighest, ops.mul(cut(1), ops.constant([1 / length], [])));
            const ofLast = length === 1 ? cut(2) : ops.concat([ops.fill([rows, length - 1, width], 0), cut(2)], 1);
            return ops.reshape(ops.add(everywhere, ofLast), [...input.shape]);
          },
          gradients: [],
        }),
      };
    },
  };
}
