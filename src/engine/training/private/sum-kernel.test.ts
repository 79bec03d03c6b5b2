import fc from 'fast-check';
import { sumKernel } from './sum-kernel.js';

const number = fc.double({ min: -1e3, max: 1e3, noNaN: true });

test('descends with momentum, to the last bit as written out in doubles, and leaves no sum', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(number, number), { minLength: 1, maxLength: 11 }),
      fc.record({ momentum: number, scale: number, rate: number }),
      (values, step) => {
        const { total, weights, descend, noise } = sumKernel(values.length);
        const expected = new Float32Array(values.map(([weight]) => weight));
        weights.set(expected);
        const velocity = new Float64Array(values.length);
        for (let turn = 0; turn < 3; turn++) {
          values.forEach(([, sum], index) => {
            total[index] = sum + turn;
            velocity[index] = step.momentum * velocity[index] + step.scale * total[index];
            expected[index] -= step.rate * velocity[index];
          });
          descend(step);
        }
        expect(weights).toEqual(expected);
        expect([...total, ...noise].every((value) => value === 0)).toBe(true);
      },
    ),
  );
});

test('uses noise once', () => {
  const { total, noise, release } = sumKernel(7);
  total.fill(0.26);
  noise.fill(3);
  release(10, 0.1);
  for (const value of total) expect(value).toBeCloseTo(0.6, 12);
  expect(noise).toEqual(new Int32Array(7));
  release(10, 0.1);
  for (const value of total) expect(value).toBeCloseTo(0.6, 12);
});
