import type { Ops, Tensor } from '../ops/ops.js';
import { sizeOf } from '../ops/shapes.js';
import type { GradientTerm, ParameterGradient, UnitGradients } from './layer.js';
import { inBlocks, madeUnits, scaleUnits, sumFirst, sumSquares } from './unit-sums.js';

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

export interface TableParts {
  /** Rows of the table. */
  readonly rows: number;
  /** int32 (rows of the batch, slots), all valid. */
  readonly ids: Tensor;
  /** What each slot adds to the gradient of its table row, (rows of the batch · slots, width). */
  readonly each: Tensor;
}

/** Σ of what the slots add, (rows, width), block by block. */
export function tableSum(ops: Ops, { rows, ids, each }: TableParts, blocks: number): Tensor {
  const flat = ops.reshape(ids, [-1]);
  if (blocks === 1) return ops.scatterAdd(flat, each, rows);
  // A table for each block.
  const starts = Int32Array.from({ length: blocks }, (_, block) => block * rows);
  const cells = ops.add(inBlocks(ops, flat, blocks), ops.constant(starts, [blocks, 1], 'int32'));
  const tables = ops.scatterAdd(ops.reshape(cells, [-1]), each, blocks * rows);
  return sumFirst(ops, inBlocks(ops, tables, blocks));
}

export interface LookUpFactors extends TableParts {
  readonly name: string;
}

/** Gradients of a table that was looked up. A unit's slots of one id add up: its squared norm is Σ over pairs of equal ids of each · each. */
export function lookUpTerm(ops: Ops, { name, rows, ids, each }: LookUpFactors): GradientTerm {
  const [batch, slots] = ids.shape;
  const width = each.shape[1];
  const summed = (values: Tensor, blocks: number): ParameterGradient[] => [
    { name, value: tableSum(ops, { rows, ids, each: values }, blocks) },
  ];
  return {
    parameters: [name],
    sum: () => summed(each, 1),
    units(rowsOfUnit) {
      const units = batch / rowsOfUnit;
      const length = slots * rowsOfUnit;
      return {
        roundings: width + length * length + 4,
        squaredNorms() {
          if (length === 1) return [sumSquares(ops, each)];
          const same = ops.equal(ops.reshape(ids, [units, length, 1]), ops.reshape(ids, [units, 1, length]));
          const values = ops.reshape(each, [units, length, width]);
          const pairs = ops.mul(same, ops.matMul(values, values, { transposeB: true }));
          return [ops.reshape(ops.sum(pairs, [1, 2]), [units, 1])];
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
export function unitsOf(
  ops: Ops,
  terms: readonly GradientTerm[],
  rows: number,
  positionsMade = false,
): UnitGradients[] {
  const uses = new Map<string, number>();
  for (const name of terms.flatMap(({ parameters }) => parameters)) uses.set(name, (uses.get(name) ?? 0) + 1);
  const isShared = ({ parameters }: GradientTerm) => parameters.some((name) => (uses.get(name) as number) > 1);
  const alone = terms.filter((term) => !isShared(term)).map((term) => term.units(rows, positionsMade));
  const shared = terms.filter(isShared);
  if (shared.length === 0) return alone;
  const shapes = new Map<string, readonly number[]>();
  const units = shared.map((term) => term.units(rows, positionsMade));
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
