import fc from 'fast-check';
import { bendScores } from './curve.js';

const bent = (scores: readonly number[], bend: number) => {
  const values = Float64Array.from(scores);
  bendScores(values, bend);
  return [...values];
};

test('without a bend scores stay as they are', () => {
  expect(bent([-1, 0, 2], 0)).toEqual([-1, 0, 2]);
});

test('far above the bend the curve is a logarithm, far below 0 a line', () => {
  const [one, two] = bent([1, 2], 1e-3);
  expect(two - one).toBeCloseTo(Math.log(2), 9);
  const [low, lower] = bent([-1, -2], 1e-2);
  expect(low - lower).toBeCloseTo(100, 9);
});

test('the order of scores stays', () => {
  const scores = fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 2, maxLength: 20 });
  fc.assert(
    fc.property(scores, fc.constantFrom(1e-3, 0.1, 3), (all, bend) => {
      const sorted = all.toSorted((a, b) => a - b);
      const values = bent(sorted, bend);
      for (let place = 1; place < sorted.length; place++) {
        expect(Number.isFinite(values[place])).toBe(true);
        expect(values[place]).toBeGreaterThanOrEqual(values[place - 1]);
        if (sorted[place] - sorted[place - 1] > 1e-6) expect(values[place]).toBeGreaterThan(values[place - 1]);
      }
    }),
  );
});
