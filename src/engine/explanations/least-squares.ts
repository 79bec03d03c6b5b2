import { createSmallCholesky } from '../recommenders/matrix/small-cholesky.js';

/** Of the mean diagonal: keeps a system that leaves something open solvable, and changes nothing else that could be seen. */
const RIDGE = 1e-9;

/**
 * Weighted least squares of several targets by the same rows.
 * @param rows (count × width), row after row
 * @param targets one array a target, a value a row
 * @returns coefficients of each target
 */
export function weightedLeastSquares(
  rows: Float64Array,
  width: number,
  weights: ArrayLike<number>,
  targets: readonly Float64Array[],
): Float64Array[] {
  const count = weights.length;
  const system = createSmallCholesky(width);
  const { matrix } = system;
  for (let row = 0, from = 0; row < count; row++, from += width) {
    for (let i = 0; i < width; i++) {
      const scaled = weights[row] * rows[from + i];
      if (scaled === 0) continue;
      for (let j = 0; j <= i; j++) matrix[i * width + j] += scaled * rows[from + j];
    }
  }
  let diagonal = 0;
  for (let i = 0; i < width; i++) diagonal += matrix[i * width + i] / width;
  for (let i = 0; i < width; i++) matrix[i * width + i] += RIDGE * diagonal;
  system.factor();
  return targets.map((target) => {
    const solved = new Float64Array(width);
    for (let row = 0, from = 0; row < count; row++, from += width)
      for (let i = 0; i < width; i++) solved[i] += weights[row] * rows[from + i] * target[row];
    system.forward(solved);
    system.backward(solved);
    return solved;
  });
}
