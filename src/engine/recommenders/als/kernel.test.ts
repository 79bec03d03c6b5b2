import fc from 'fast-check';
import { ConcordError } from '../../../errors.js';
import { createRandom } from '../../layers/random.js';
import { createRowKernel } from './kernel.js';

test('rows are multiplied and added up as loops would', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 19 }),
      fc.integer({ min: 0, max: 9 }),
      fc.nat(1000),
      (width, listed, seed) => {
        const random = createRandom(seed);
        const kernel = createRowKernel(width, 30 + 20, 10);
        const { stride } = kernel;
        const rows = kernel.allocate(20);
        const matrix = kernel.allocate(stride);
        const [x, target, image] = [kernel.allocate(1), kernel.allocate(1), kernel.allocate(1)];
        const list = kernel.allocateList(10);
        const draw = (values: Float64Array) => {
          for (let at = 0; at < values.length; at++) values[at] = at % stride < width ? random.normal() : 0;
        };
        for (const { values } of [rows, matrix, x, target]) draw(values);
        const chosen = Array.from({ length: listed }, () => random.below(20));
        chosen.forEach((row, at) => {
          list.values[at] = rows.address + 8 * stride * row;
        });
        const expected = Array.from(target.values);
        for (const row of chosen) {
          const y = rows.values.subarray(row * stride, (row + 1) * stride);
          const factor = 0.5 + 3 * y.reduce((sum, value, i) => sum + value * x.values[i], 0);
          y.forEach((value, i) => {
            expected[i] += factor * value;
          });
        }
        kernel.accumulate(list.address, listed, x.address, target.address, 3, 0.5);
        kernel.multiply(matrix.address, x.address, image.address);
        for (let i = 0; i < stride; i++) {
          expect(target.values[i]).toBeCloseTo(expected[i], 9);
          const row = matrix.values.subarray(i * stride, (i + 1) * stride);
          expect(image.values[i]).toBeCloseTo(
            row.reduce((sum, value, at) => sum + value * x.values[at], 0),
            9,
          );
        }
      },
    ),
    { numRuns: 40 },
  );
});

test('more rows than memory reaches are refused', () => {
  expect(() => createRowKernel(64, 10_000_000, 0)).toThrow(ConcordError);
});
