import { ConcordError } from '../../../errors.js';
import { createTiledMatrix, MOST_ROWS, TILE, type TiledMatrix } from './tile-kernel.js';

/** Rows of a block, and columns that are multiplied at a time: two such panels fit the second-level cache. */
const BLOCK = 64;
const PANEL = 256;

/** A symmetric matrix to be inverted in place. Only the lower triangle, with the diagonal, is read and written. */
export interface SymmetricMatrix {
  readonly size: number;
  readonly stride: number;
  readonly values: Float64Array;
  /**
   * Inverts by Cholesky, block by block: A = LLᵀ, then W = L⁻ᵀ, then A⁻¹ = WWᵀ, n³/2 multiplications in all.
   * @param checkpoint called between blocks with the share of the work that is done; it may throw
   * @throws {ConcordError} BAD_INPUT where the matrix is not positive definite
   */
  invert(checkpoint?: (done: number) => void): void;
}

/** Zeros. @param size rows, at most 16,000 */
export function createSymmetric(size: number): SymmetricMatrix {
  const padded = Math.ceil(size / TILE.rows) * TILE.rows;
  if (padded > MOST_ROWS) throw new ConcordError('BAD_INPUT', `A matrix of ${size} rows is too large to be inverted.`);
  const matrix = createTiledMatrix(padded);
  const { stride, values } = matrix;
  return {
    size,
    stride,
    values,
    invert(checkpoint = () => undefined) {
      for (let row = size; row < padded; row++) values[row * stride + row] = 1;
      const work = createWork(padded, checkpoint);
      const diagonal = new Float64Array(padded * BLOCK);
      factor(matrix, diagonal, work);
      invertFactor(matrix, diagonal, work);
      multiplyInverse(matrix, diagonal, work);
    },
  };
}

interface Work {
  did(rows: number, columns: number, depth: number): void;
}

function createWork(size: number, checkpoint: (done: number) => void): Work {
  const all = size ** 3 / 2;
  let done = 0;
  let told = 0;
  return {
    did(rows, columns, depth) {
      done += rows * columns * depth;
      if (done - told < 2e7) return;
      told = done;
      checkpoint(Math.min(1, done / all));
    },
  };
}

const endOf = (matrix: TiledMatrix, start: number): number => Math.min(matrix.size, start + BLOCK);

/** Takes from the block at (row, column) the products of the block rows left and right over the columns from..to. */
function subtractProducts(
  matrix: TiledMatrix,
  { row, column, left, right, from, to }: Record<'row' | 'column' | 'left' | 'right' | 'from' | 'to', number>,
  work: Work,
): void {
  const rows = endOf(matrix, row) - row;
  const columns = endOf(matrix, column) - column;
  for (let start = from; start < to; start += PANEL) {
    const end = Math.min(to, start + PANEL);
    for (let i = 0; i < rows; i += TILE.rows) {
      for (let j = 0; j < columns; j += TILE.columns)
        matrix.subtract(row + i, column + j, left + i, right + j, start, end);
    }
    work.did(rows, columns, end - start);
  }
}

/**
 * The lower triangle becomes L. The blocks on the diagonal are kept apart, (size × BLOCK) with the reciprocal of L's diagonal on theirs,
 * and are zero in the matrix.
 */
function factor(matrix: TiledMatrix, diagonal: Float64Array, work: Work): void {
  const { size } = matrix;
  for (let column = 0; column < size; column += BLOCK) {
    for (let row = column; row < size; row += BLOCK)
      subtractProducts(matrix, { row, column, left: row, right: column, from: 0, to: column }, work);
    factorBlock(matrix, column, diagonal);
    for (let row = endOf(matrix, column); row < size; row++) solveRow(matrix, row, column, diagonal);
  }
}

function factorBlock(matrix: TiledMatrix, start: number, diagonal: Float64Array): void {
  const { stride, values } = matrix;
  const size = endOf(matrix, start) - start;
  for (let row = 0; row < size; row++) {
    const own = (start + row) * BLOCK;
    for (let column = 0; column <= row; column++) {
      const place = (start + row) * stride + start + column;
      const other = (start + column) * BLOCK;
      let value = values[place];
      for (let k = 0; k < column; k++) value -= diagonal[own + k] * diagonal[other + k];
      if (column < row) diagonal[own + column] = value * diagonal[other + column];
      else if (value > 0) diagonal[own + row] = 1 / Math.sqrt(value);
      else throw new ConcordError('BAD_INPUT', 'The matrix is not positive definite: regularise it more.');
      values[place] = 0;
    }
    values.fill(0, (start + row) * stride + start + row, (start + row) * stride + start + size);
  }
}

/** Divides the part of a row that lies in a block column by Lᵀ of the block on that diagonal. */
function solveRow(matrix: TiledMatrix, row: number, start: number, diagonal: Float64Array): void {
  const { stride, values } = matrix;
  const size = endOf(matrix, start) - start;
  const base = row * stride + start;
  for (let column = 0; column < size; column++) {
    const other = (start + column) * BLOCK;
    let value = values[base + column];
    for (let k = 0; k < column; k++) value -= values[base + k] * diagonal[other + k];
    values[base + column] = value * diagonal[other + column];
  }
}

/** The upper triangle becomes W = L⁻ᵀ, in which row i is column i of L⁻¹: W·Lᵀ = 1, solved from the left. */
function invertFactor(matrix: TiledMatrix, diagonal: Float64Array, work: Work): void {
  const { size, stride, values } = matrix;
  for (let row = 0; row < size; row += BLOCK) {
    const end = endOf(matrix, row);
    for (let i = row; i < end; i++) values[i * stride + i] = 1;
    for (let column = row; column < size; column += BLOCK) {
      if (column > row) {
        for (let i = row; i < end; i++) values.fill(0, i * stride + column, i * stride + endOf(matrix, column));
        subtractProducts(matrix, { row, column, left: row, right: column, from: row, to: column }, work);
      }
      for (let i = row; i < end; i++) solveRow(matrix, i, column, diagonal);
    }
  }
}

/**
 * The lower triangle becomes WWᵀ, of which the upper triangle holds W. The blocks of the result that lie on the diagonal wait in their own
 * place until nothing needs W's block there.
 */
function multiplyInverse(matrix: TiledMatrix, diagonal: Float64Array, work: Work): void {
  const { size, stride, values } = matrix;
  for (let row = 0; row < size; row += BLOCK) {
    const end = endOf(matrix, row);
    for (let column = 0; column < row; column += BLOCK) {
      for (let i = row; i < end; i++) values.fill(0, i * stride + column, i * stride + column + BLOCK);
      subtractProducts(matrix, { row, column, left: row, right: column, from: row, to: size }, work);
    }
    for (let i = row; i < end; i++) {
      for (let j = row; j <= i; j++) {
        let sum = 0;
        for (let k = i; k < size; k++) sum += values[i * stride + k] * values[j * stride + k];
        diagonal[i * BLOCK + j - row] = sum;
      }
    }
    for (let i = row; i < end; i++) {
      for (let j = 0; j < row; j++) values[i * stride + j] = -values[i * stride + j];
      values.set(diagonal.subarray(i * BLOCK, i * BLOCK + i - row + 1), i * stride + row);
    }
    work.did(BLOCK, BLOCK, size - row);
  }
}
