import fc from 'fast-check';
import { ConcordError } from '../../../errors.js';
import { createRandom } from '../../layers/random.js';
import { createSymmetric } from './inverse.js';

/** A positive definite matrix, dense, row by row. */
function positive(size: number, seed: number): Float64Array {
  const random = createRandom(seed);
  const factor = Float64Array.from({ length: size * size }, random.normal);
  return Float64Array.from({ length: size * size }, (_, place) => {
    const [row, column] = [Math.floor(place / size), place % size];
    let sum = row === column ? 1 : 0;
    for (let k = 0; k < size; k++) sum += factor[row * size + k] * factor[column * size + k];
    return sum;
  });
}

function inverseOf(dense: Float64Array, size: number, checkpoint?: (done: number) => void): Float64Array {
  const matrix = createSymmetric(size);
  for (let row = 0; row < size; row++)
    for (let column = 0; column <= row; column++)
      matrix.values[row * matrix.stride + column] = dense[row * size + column];
  matrix.invert(checkpoint);
  return Float64Array.from({ length: size * size }, (_, place) => {
    const [row, column] = [Math.floor(place / size), place % size];
    return matrix.values[Math.max(row, column) * matrix.stride + Math.min(row, column)];
  });
}

describe('the inverse', () => {
  test('of a matrix of two rows is what it is on paper', () => {
    const inverse = inverseOf(Float64Array.of(4, 2, 2, 3), 2);
    [3 / 8, -2 / 8, -2 / 8, 4 / 8].forEach((value, place) => {
      expect(inverse[place]).toBeCloseTo(value, 15);
    });
  });

  test.each([1, 3, 63, 64, 65, 130, 257])('of %i rows times the matrix is one', (size) => {
    const dense = positive(size, size);
    const inverse = inverseOf(dense, size);
    let worst = 0;
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) {
        let sum = row === column ? -1 : 0;
        for (let k = 0; k < size; k++) sum += dense[row * size + k] * inverse[k * size + column];
        worst = Math.max(worst, Math.abs(sum));
      }
    }
    expect(worst).toBeLessThan(1e-11);
  });

  test('of the inverse is the matrix', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 1000 }), (size, seed) => {
        const dense = positive(size, seed);
        const again = inverseOf(inverseOf(dense, size), size);
        again.forEach((value, place) => {
          expect(Math.abs(value - dense[place])).toBeLessThan(1e-6 * (1 + Math.abs(dense[place])));
        });
      }),
      { numRuns: 30 },
    );
  });

  test('is the same to the bit each time', () => {
    const dense = positive(150, 5);
    expect(inverseOf(dense, 150)).toEqual(inverseOf(dense, 150));
  });

  test('of a matrix that is not positive definite is refused', () => {
    expect(() => inverseOf(Float64Array.of(1, 2, 2, 1), 2)).toThrow(ConcordError);
  });

  test('of more rows than memory reaches is refused', () => {
    expect(() => createSymmetric(20_000)).toThrow(ConcordError);
  });

  test('tells how far it is, and ends where the checkpoint throws', () => {
    const done: number[] = [];
    inverseOf(positive(400, 2), 400, (share) => done.push(share));
    expect(done.length).toBeGreaterThan(0);
    expect(done.toSorted((a, b) => a - b)).toEqual(done);
    expect(done.at(-1)).toBeLessThanOrEqual(1);
    const stop = () => {
      throw new ConcordError('CANCELLED', 'enough');
    };
    expect(() => inverseOf(positive(400, 2), 400, stop)).toThrow('enough');
  });
});
