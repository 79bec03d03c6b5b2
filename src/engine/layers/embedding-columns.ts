import type { Ops, Tensor } from '../ops/ops.js';
import type { GradientTerm, Initialiser, Layer } from './layer.js';
import { lookUpTerm, tableSum } from './terms.js';
import { scaleUnits, sumSquares } from './unit-sums.js';

export interface EmbeddingColumnsOptions {
  readonly name: string;
  /** Number of ids of each column: valid ones are 0 to that − 1. */
  readonly rows: readonly number[];
  /** Of a vector. */
  readonly width: number;
  readonly initialiser?: Initialiser;
}

/**
 * A vector for the id in each of several columns: int32 (rows, columns) → (rows, columns · width), side by side. An id of −1 gives zeros.
 * The columns' tables are one parameter, one after the other, so that one operation looks up all of them.
 */
export function embeddingColumns(options: EmbeddingColumnsOptions): Layer {
  const { name, rows: sizes, width, initialiser = { normal: 0.05 } } = options;
  const columns = sizes.length;
  const rows = sizes.reduce((sum, size) => sum + size, 0);
  const starts = Int32Array.from(sizes, (_, column) => sizes.slice(0, column).reduce((sum, size) => sum + size, 0));
  const table = { name: `${name}.table`, shape: [rows, width], initialiser };
  return {
    parameters: [table],
    masks: [],
    forward(ops, parameters, [ids]) {
      const [batch] = ids.shape;
      const present = ops.greater(ids, ops.constant([-1], [], 'int32'));
      // No id at all stands for a last row, of zeros.
      const cells = ops.where(
        present,
        ops.add(ids, ops.constant(starts, [1, columns], 'int32')),
        ops.constant([rows], [], 'int32'),
      );
      const vectors = ops.concat([parameters.get(table.name), ops.fill([1, width], 0)], 0);
      return {
        output: ops.reshape(ops.gather(vectors, cells), [batch, columns * width]),
        backward: (delta) => ({
          input: () => undefined,
          gradients: [columnsTerm(ops, { name: table.name, rows, cells, present, delta })],
        }),
      };
    },
  };
}

interface ColumnFactors {
  readonly name: string;
  /** Of all tables. */
  readonly rows: number;
  /** int32 (rows of the batch, columns): rows of the tables, and `rows` for none. */
  readonly cells: Tensor;
  /** (rows of the batch, columns): 0 for none. */
  readonly present: Tensor;
  /** (rows of the batch, columns · width). */
  readonly delta: Tensor;
}

function columnsTerm(ops: Ops, { name, rows, cells, present, delta }: ColumnFactors): GradientTerm {
  const [batch, columns] = cells.shape;
  const width = delta.shape[1] / columns;
  const each = (a: Tensor) => ops.reshape(a, [batch * columns, width]);
  const summed = (values: Tensor, blocks: number) => {
    const sums = tableSum(ops, { ids: cells, each: each(values), rows: rows + 1 }, blocks);
    return [{ name, value: ops.slice(sums, [0, 0], [rows, width]) }];
  };
  /** With zeros for none, and a table row for it: its gradient is 0. */
  const general = () =>
    lookUpTerm(ops, {
      name,
      rows,
      ids: ops.minimum(cells, ops.constant([rows - 1], [], 'int32')),
      each: ops.mul(each(delta), ops.reshape(present, [batch * columns, 1])),
    });
  return {
    parameters: [name],
    sum: () => summed(delta, 1),
    units(rowsOfUnit) {
      if (rowsOfUnit > 1) return general().units(rowsOfUnit);
      return {
        roundings: columns * width + 4,
        // No two columns share a row of the tables.
        squaredNorms: () => [
          ops.sum(ops.mul(ops.reshape(sumSquares(ops, each(delta)), [batch, columns]), present), [1], true),
        ],
        weightedSum: (factors, blocks) => summed(scaleUnits(ops, delta, factors), blocks),
        each: () => general().units(1).each(),
      };
    },
  };
}
