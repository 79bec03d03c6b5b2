/**
 * Users × products, 1 where owned, in compressed sparse rows: the products of a row ascend. As columns (`transpose`) the rows are the
 * products and their entries the users.
 */
export interface SparseRows {
  readonly rows: number;
  readonly columns: number;
  /** rows + 1 offsets into items. */
  readonly offsets: Int32Array;
  /** Columns, ascending within a row. */
  readonly items: Int32Array;
}

/** Sparse rows with a value for each entry. */
export interface WeightedRows extends SparseRows {
  readonly values: Float32Array;
}

/** The columns of one row: a view. */
export const rowOf = ({ offsets, items }: Pick<SparseRows, 'offsets' | 'items'>, row: number): Int32Array =>
  items.subarray(offsets[row], offsets[row + 1]);

/** Compressed sparse columns, as rows of the transposed matrix. */
export function transpose({ rows, columns, offsets, items }: SparseRows): SparseRows {
  const starts = columnStarts(columns, items);
  const next = starts.slice();
  const turned = new Int32Array(items.length);
  for (let row = 0; row < rows; row++) {
    for (let entry = offsets[row]; entry < offsets[row + 1]; entry++) turned[next[items[entry]]++] = row;
  }
  return { rows: columns, columns: rows, offsets: starts, items: turned };
}

/** The transposed matrix with its values. */
export function transposeWeighted<Values extends Float32Array | Int32Array>({
  rows,
  columns,
  offsets,
  items,
  values,
}: SparseRows & { readonly values: Values }): SparseRows & { readonly values: Values } {
  const starts = columnStarts(columns, items);
  const next = starts.slice();
  const turned = new Int32Array(items.length);
  const moved = values.slice() as Values;
  for (let row = 0; row < rows; row++) {
    for (let entry = offsets[row]; entry < offsets[row + 1]; entry++) {
      const place = next[items[entry]]++;
      turned[place] = row;
      moved[place] = values[entry];
    }
  }
  return { rows: columns, columns: rows, offsets: starts, items: turned, values: moved };
}

function columnStarts(columns: number, items: Int32Array): Int32Array {
  const starts = new Int32Array(columns + 1);
  for (let entry = 0; entry < items.length; entry++) starts[items[entry] + 1]++;
  for (let column = 0; column < columns; column++) starts[column + 1] += starts[column];
  return starts;
}

/** Some rows of a matrix, in the order that is given. */
export function selectRows(matrix: Pick<SparseRows, 'columns' | 'offsets' | 'items'>, rows: Int32Array): SparseRows {
  const offsets = new Int32Array(rows.length + 1);
  rows.forEach((row, place) => {
    offsets[place + 1] = offsets[place] + matrix.offsets[row + 1] - matrix.offsets[row];
  });
  const items = new Int32Array(offsets[rows.length]);
  rows.forEach((row, place) => {
    items.set(rowOf(matrix, row), offsets[place]);
  });
  return { rows: rows.length, columns: matrix.columns, offsets, items };
}

/** Sets of columns as a matrix, ascending and each once. */
export function rowsFrom(sets: readonly Iterable<number>[], columns: number): SparseRows {
  const sorted = sets.map((set) => [...new Set(set)].sort((a, b) => a - b));
  const offsets = new Int32Array(sets.length + 1);
  sorted.forEach((set, row) => {
    offsets[row + 1] = offsets[row] + set.length;
  });
  return { rows: sets.length, columns, offsets, items: Int32Array.from(sorted.flat()) };
}

/** A row without one of its columns (−1 = none): a view where nothing is left out. */
export function without(row: Int32Array, column: number): Int32Array {
  const place = column < 0 ? -1 : row.indexOf(column);
  if (place < 0) return row;
  const rest = new Int32Array(row.length - 1);
  rest.set(row.subarray(0, place));
  rest.set(row.subarray(place + 1), place);
  return rest;
}
