import fc from 'fast-check';
import { rowOf, rowsFrom, selectRows, transpose, transposeWeighted, without } from './sparse.js';

const matrices = fc
  .integer({ min: 1, max: 8 })
  .chain((columns) =>
    fc.array(fc.uniqueArray(fc.nat(columns - 1)), { maxLength: 8 }).map((sets) => rowsFrom(sets, columns)),
  );

test('rows are made of sets: ascending, each column once', () => {
  expect(rowsFrom([[2, 0, 2], [], [1]], 3)).toEqual({
    rows: 3,
    columns: 3,
    offsets: Int32Array.of(0, 2, 2, 3),
    items: Int32Array.of(0, 2, 1),
  });
});

test('columns of a matrix are rows of the transposed one, and twice transposed it is itself', () => {
  expect(transpose(rowsFrom([[0, 2], [2]], 3))).toEqual(rowsFrom([[0], [], [0, 1]], 2));
  fc.assert(fc.property(matrices, (matrix) => expect(transpose(transpose(matrix))).toEqual(matrix)));
});

test('values move with their entries', () => {
  const weighted = { ...rowsFrom([[0, 2], [2]], 3), values: Float32Array.of(1, 2, 3) };
  expect(transposeWeighted(weighted)).toEqual({ ...rowsFrom([[0], [], [0, 1]], 2), values: Float32Array.of(1, 2, 3) });
  expect(transposeWeighted(transposeWeighted(weighted))).toEqual(weighted);
});

test('rows can be chosen in any order', () => {
  const matrix = rowsFrom([[0], [1, 2], []], 3);
  expect(selectRows(matrix, Int32Array.of(2, 1, 1))).toEqual(rowsFrom([[], [1, 2], [1, 2]], 3));
});

test('a column can be left out of a row', () => {
  const row = rowOf(rowsFrom([[1, 4, 6]], 7), 0);
  expect(without(row, 4)).toEqual(Int32Array.of(1, 6));
  expect(without(row, 5)).toEqual(row);
  expect(without(row, -1)).toEqual(row);
});
