import type { Ops, Tensor } from '../ops/ops.js';
import { sizeOf } from '../ops/shapes.js';
import type { GradientTerm, ParameterGradient, UnitGradients } from './layer.js';

/** Σ of squares of each row, (rows). */
function sumSquares(ops: Ops, a: Tensor): Tensor {
  const squares = ops.square(a);
  return a.shape[1] === 1 ? ops.reshape(squares, [a.shape[0]]) : ops.sum(squares, [1]);
}

/** (rows, …) as (blocks, rows of a block, …). */
const inBlocks = (ops: Ops, a: Tensor, blocks: number): Tensor =>
  ops.reshape(a, [blocks, a.shape[0] / blocks, ...a.shape.slice(1)]);

/** Σ over the first axis, which is gone then: as a product with ones, which is faster than a sum on every executor. */
const sumFirst = (ops: Ops, a: Tensor): Tensor => {
  const [count, ...shape] = a.shape;
  const ones = ops.constant(new Float32Array(count).fill(1), [1, count]);
  return ops.reshape(ops.matMul(ones, ops.reshape(a, [count, sizeOf(shape)])), shape);
};

/** Σ over rows of scale · row, block by block: (rows) or ones, and (rows, width) → (width). */
function sumRows(ops: Ops, a: Tensor, blocks: number, scale?: Tensor): Tensor {
  const [rows, width] = a.shape;
  const each = scale ?? ops.constant(new Float32Array(rows).fill(1), [rows]);
  if (blocks === 1) return ops.reshape(ops.matMul(ops.reshape(each, [1, rows]), a), [width]);
  const sums = ops.matMul(ops.reshape(each, [blocks, 1, rows / blocks]), inBlocks(ops, a, blocks));
  return ops.reshape(sumFirst(ops, sums), [width]);
}

/** Σ over rows of a ⊗ b, block by block: (rows, m) × (rows, n) → (m, n). */
function productOfRows(ops: Ops, a: Tensor, b: Tensor, blocks: number): Tensor {
  if (b.shape[1] === 1) return ops.reshape(sumRows(ops, a, blocks, b), [a.shape[1], 1]);
  if (blocks === 1) return ops.matMul(a, b, { transposeA: true });
  return sumFirst(ops, ops.matMul(inBlocks(ops, a, blocks), inBlocks(ops, b, blocks), { transposeA: true }));
}

/** Rows times the factor of their unit: (units · length, width) × (units). */
function scaleUnits(ops: Ops, rows: Tensor, factors: Tensor): Tensor {
  const [units] = factors.shape;
  const [count, width] = rows.shape;
  if (count === units) return ops.mul(rows, ops.reshape(factors, [units, 1]));
  const grouped = ops.reshape(rows, [units, count / units, width]);
  return ops.reshape(ops.mul(grouped, ops.reshape(factors, [units, 1, 1])), [count, width]);
}

export interface ProductFactors {
  readonly weight: string;
  readonly bias?: string;
  /** (rows · positions, inputs). */
  readonly input: Tensor;
  /** (rows · positions, units). */
  readonly delta: Tensor;
  /** Positions of a row's sequence at which the product was taken; default 1. */
  readonly positions?: number;
}

/**
 * Gradients of product = input · weight + bias: a row's is Σ over its positions of input ⊗ delta. Squared norms need no gradient:
 * (|input|² + 1)|delta|² for one position, Σ over pairs (input·input + 1)(delta·delta) for more; where a unit has so many positions that
 * pairs are dearer than the gradient itself, that is made.
 */
export function productTerm(ops: Ops, factors: ProductFactors): GradientTerm {
  const { weight, bias, input, delta, positions = 1 } = factors;
  const [count, inputs] = input.shape;
  const width = delta.shape[1];
  const summed = (rows: Tensor, blocks: number): ParameterGradient[] => {
    const ofWeight = { name: weight, value: productOfRows(ops, input, rows, blocks) };
    return bias === undefined ? [ofWeight] : [ofWeight, { name: bias, value: sumRows(ops, rows, blocks) }];
  };
  return {
    parameters: bias === undefined ? [weight] : [weight, bias],
    sum: () => summed(delta, 1),
    units(rows) {
      const length = rows * positions;
      const units = count / length;
      const grouped = (a: Tensor) => ops.reshape(a, [units, length, a.shape[1]]);
      const made = (): ParameterGradient[] => {
        const product = ops.matMul(grouped(input), grouped(delta), { transposeA: true });
        const ofWeight = { name: weight, value: ops.reshape(product, [units, inputs * width]) };
        return bias === undefined ? [ofWeight] : [ofWeight, { name: bias, value: ops.sum(grouped(delta), [1]) }];
      };
      if (length > 1 && 2 * length * length > inputs * width) {
        const shapes = [[inputs, width], [width]];
        return madeUnits(ops, made, shapes, length);
      }
      return {
        roundings: inputs + width + length * length + 4,
        squaredNorms() {
          const extra = ops.constant([bias === undefined ? 0 : 1], []);
          if (length === 1)
            return ops.mul(plus(ops, sumSquares(ops, input), extra, bias !== undefined), sumSquares(ops, delta));
          const [a, d] = [grouped(input), grouped(delta)];
          const pairs = plus(ops, ops.matMul(a, a, { transposeB: true }), extra, bias !== undefined);
          return ops.sum(ops.mul(pairs, ops.matMul(d, d, { transposeB: true })), [1, 2]);
        },
        weightedSum(scale, blocks) {
          if (width <= inputs || length > 1) return summed(scaleUnits(ops, delta, scale), blocks);
          // Scaling the narrower side is cheaper; the bias is then a product with the factors.
          const narrow = scaleUnits(ops, input, scale);
          const ofWeight = { name: weight, value: productOfRows(ops, narrow, delta, blocks) };
          if (bias === undefined) return [ofWeight];
          return [ofWeight, { name: bias, value: sumRows(ops, delta, blocks, scale) }];
        },
        each: made,
      };
    },
  };
}

const plus = (ops: Ops, a: Tensor, b: Tensor, wanted: boolean): Tensor => (wanted ? ops.add(a, b) : a);

/**
 * Gradients that were made unit by unit: their norms, and their weighted sum as one product of a row of factors.
 * @param length terms that were added up for each
 */
function madeUnits(
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
    squaredNorms: () =>
      each()
        .map(({ value }) => sumSquares(ops, value))
        .reduce((sum, part) => ops.add(sum, part)),
    weightedSum: (factors, blocks) =>
      each().map(({ name, value }, place) => ({
        name,
        value: ops.reshape(sumRows(ops, value, blocks, factors), shapes[place]),
      })),
  };
}

/** Gradients small enough to be made for every row: values are (rows · positions, size of the parameter). */
export function rowTerm(ops: Ops, values: readonly ParameterGradient[], positions = 1): GradientTerm {
  return {
    parameters: values.map(({ name }) => name),
    sum: () => values.map(({ name, value }) => ({ name, value: ops.sum(value, [0]) })),
    units(rows) {
      const length = rows * positions;
      const make = () =>
        values.map(({ name, value }) => {
          const [count, size] = value.shape;
          if (length === 1) return { name, value };
          return { name, value: ops.sum(ops.reshape(value, [count / length, length, size]), [1]) };
        });
      return madeUnits(
        ops,
        make,
        values.map(({ value }) => [value.shape[1]]),
        length,
      );
    },
  };
}

export interface LookUpFactors {
  readonly name: string;
  /** Rows of the table. */
  readonly rows: number;
  /** int32 (rows of the batch, slots), all valid. */
  readonly ids: Tensor;
  /** What each slot adds to the gradient of its table row, (rows of the batch · slots, width). */
  readonly each: Tensor;
}

/** Gradients of a table that was looked up. A unit's slots of one id add up: its squared norm is Σ over pairs of equal ids of each · each. */
export function lookUpTerm(ops: Ops, { name, rows, ids, each }: LookUpFactors): GradientTerm {
  const [batch, slots] = ids.shape;
  const width = each.shape[1];
  const flat = ops.reshape(ids, [batch * slots]);
  const summed = (values: Tensor, blocks: number): ParameterGradient[] => {
    if (blocks === 1) return [{ name, value: ops.scatterAdd(flat, values, rows) }];
    // A table for each block.
    const starts = Int32Array.from({ length: blocks }, (_, block) => block * rows);
    const cells = ops.add(inBlocks(ops, flat, blocks), ops.constant(starts, [blocks, 1], 'int32'));
    const tables = ops.scatterAdd(ops.reshape(cells, [-1]), values, blocks * rows);
    return [{ name, value: sumFirst(ops, inBlocks(ops, tables, blocks)) }];
  };
  return {
    parameters: [name],
    sum: () => summed(each, 1),
    units(rowsOfUnit) {
      const units = batch / rowsOfUnit;
      const length = slots * rowsOfUnit;
      return {
        roundings: width + length * length + 4,
        squaredNorms() {
          if (length === 1) return sumSquares(ops, each);
          const same = ops.equal(ops.reshape(ids, [units, length, 1]), ops.reshape(ids, [units, 1, length]));
          const values = ops.reshape(each, [units, length, width]);
          return ops.sum(ops.mul(same, ops.matMul(values, values, { transposeB: true })), [1, 2]);
        },
        weightedSum: (factors, blocks) => summed(scaleUnits(ops, each, factors), blocks),
        each() {
          const starts = Int32Array.from({ length: units }, (_, unit) => unit * rows);
          const cells = ops.add(ops.reshape(ids, [units, length]), ops.constant(starts, [units, 1], 'int32'));
          const all = ops.scatterAdd(ops.reshape(cells, [-1]), each, units * rows);
          return [{ name, value: ops.reshape(all, [units, sizeOf([rows, width])]) }];
        },
      };
    },
  };
}

/** Gradients of all terms by unit. Parameters that several terms share (one layer in two places) have theirs made, and added up. */
export function unitsOf(ops: Ops, terms: readonly GradientTerm[], rows: number): UnitGradients[] {
  const uses = new Map<string, number>();
  for (const name of terms.flatMap(({ parameters }) => parameters)) uses.set(name, (uses.get(name) ?? 0) + 1);
  const isShared = ({ parameters }: GradientTerm) => parameters.some((name) => (uses.get(name) as number) > 1);
  const alone = terms.filter((term) => !isShared(term)).map((term) => term.units(rows));
  const shared = terms.filter(isShared);
  if (shared.length === 0) return alone;
  const shapes = new Map<string, readonly number[]>();
  const units = shared.map((term) => term.units(rows));
  const make = () => {
    const sums = new Map<string, Tensor>();
    for (const { name, value } of units.flatMap((term) => term.each())) {
      const before = sums.get(name);
      sums.set(name, before ? ops.add(before, value) : value);
      shapes.set(name, [value.shape[1]]);
    }
    return [...sums].map(([name, value]) => ({ name, value }));
  };
  const made = make();
  const together = madeUnits(
    ops,
    () => made,
    made.map(({ name }) => shapes.get(name) as readonly number[]),
    units.reduce((sum, { roundings }) => sum + roundings, 0),
  );
  return [...alone, together];
}
