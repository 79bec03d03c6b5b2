import type { Ops, Tensor } from '../ops/ops.js';
import { sizeOf } from '../ops/shapes.js';
import type { ParameterGradient, UnitGradients } from './layer.js';

/** Σ of squares of each row, (rows, 1). */
export function sumSquares(ops: Ops, a: Tensor): Tensor {
  const squares = ops.square(a);
  return a.shape[1] === 1 ? squares : ops.sum(squares, [1], true);
}

/** (rows, …) as (blocks, rows of a block, …). */
export const inBlocks = (ops: Ops, a: Tensor, blocks: number): Tensor =>
  ops.reshape(a, [blocks, a.shape[0] / blocks, ...a.shape.slice(1)]);

/** Σ over the first axis, which is gone then: as a product with ones, which is faster than a sum on every executor. */
export const sumFirst = (ops: Ops, a: Tensor): Tensor => {
  const [count, ...shape] = a.shape;
  const ones = ops.constant(new Float32Array(count).fill(1), [1, count]);
  return ops.reshape(ops.matMul(ones, ops.reshape(a, [count, sizeOf(shape)])), shape);
};

/** Σ over rows of scale · row, block by block: (rows, 1) or ones, and (rows, width) → (width). */
export function sumRows(ops: Ops, a: Tensor, blocks: number, scale?: Tensor): Tensor {
  const [rows, width] = a.shape;
  const each = scale ?? ops.constant(new Float32Array(rows).fill(1), [rows, 1]);
  if (blocks === 1) return ops.reshape(ops.matMul(ops.reshape(each, [1, rows]), a), [width]);
  const sums = ops.matMul(ops.reshape(each, [blocks, 1, rows / blocks]), inBlocks(ops, a, blocks));
  return ops.reshape(sumFirst(ops, sums), [width]);
}

/** Σ over rows of a ⊗ b, block by block: (rows, m) × (rows, n) → (m, n). */
export function productOfRows(ops: Ops, a: Tensor, b: Tensor, blocks: number): Tensor {
  if (b.shape[1] === 1) return ops.reshape(sumRows(ops, a, blocks, b), [a.shape[1], 1]);
  if (blocks === 1) return ops.matMul(a, b, { transposeA: true });
  return sumFirst(ops, ops.matMul(inBlocks(ops, a, blocks), inBlocks(ops, b, blocks), { transposeA: true }));
}

/** Rows times the factor of their unit: (units · length, width) × (units, 1). */
export function scaleUnits(ops: Ops, rows: Tensor, factors: Tensor): Tensor {
  const [units] = factors.shape;
  const [count, width] = rows.shape;
  if (count === units) return ops.mul(rows, factors);
  const grouped = ops.reshape(rows, [units, count / units, width]);
  return ops.reshape(ops.mul(grouped, ops.reshape(factors, [units, 1, 1])), [count, width]);
}

/**
 * Gradients that were made unit by unit: their norms, and their weighted sum as one product of a row of factors.
 * @param length terms that were added up for each
 */
export function madeUnits(
  ops: Ops,
  make: () => readonly ParameterGradient[],
  shapes: readonly (readonly number[])[],
  length: number,
): UnitGradients {
  let known: readonly ParameterGradient[] | undefined;
  const each = () => {
    known ??= make();
    return known;
  };
  return {
    each,
    roundings: 2 * length + shapes.reduce((sum, shape) => sum + sizeOf(shape), 0) + 4,
    squaredNorms: () => each().map(({ value }) => sumSquares(ops, value)),
    weightedSum: (factors, blocks) =>
      each().map(({ name, value }, place) => ({
        name,
        value: ops.reshape(sumRows(ops, value, blocks, factors), shapes[place]),
      })),
  };
}
