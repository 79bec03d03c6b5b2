const { sqrt } = Math;

/** Solves with a small symmetric positive definite matrix, in place and without allocating: the factors of one user. */
export interface SmallCholesky {
  /** Lower triangle, row by row, to be written before factor(). */
  readonly matrix: Float64Array;
  factor(): void;
  /** L⁻¹·values, in place. */
  forward(values: Float64Array): void;
  /** L⁻ᵀ·values, in place. */
  backward(values: Float64Array): void;
}

export function createSmallCholesky(size: number): SmallCholesky {
  const matrix = new Float64Array(size * size);
  return {
    matrix,
    factor() {
      for (let row = 0; row < size; row++) {
        for (let column = 0; column <= row; column++) {
          let value = matrix[row * size + column];
          for (let k = 0; k < column; k++) value -= matrix[row * size + k] * matrix[column * size + k];
          matrix[row * size + column] = row === column ? sqrt(value) : value / matrix[column * size + column];
        }
      }
    },
    forward(values) {
      for (let row = 0; row < size; row++) {
        let value = values[row];
        for (let k = 0; k < row; k++) value -= matrix[row * size + k] * values[k];
        values[row] = value / matrix[row * size + row];
      }
    },
    backward(values) {
      for (let row = size - 1; row >= 0; row--) {
        const value = values[row] / matrix[row * size + row];
        values[row] = value;
        for (let k = 0; k < row; k++) values[k] -= matrix[row * size + k] * value;
      }
    },
  };
}
