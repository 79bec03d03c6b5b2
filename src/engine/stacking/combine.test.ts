import fc from 'fast-check';
import { createRandom } from '../layers/random.js';
import { combine, type MemberScores, meanLossOf } from './combine.js';
import { minimise } from './minimise.js';

const logit = (p: number) => Math.log(p / (1 - p));

/** A member that knows, one that knows less, and one that is wrong. */
function madeUpRisk(rows = 2000): MemberScores {
  const random = createRandom(1);
  const odds = Array.from({ length: rows }, () => 2 * random.normal());
  return {
    task: 'risk',
    rows,
    outputs: 1,
    targets: odds.map((each) => (random.uniform() < 1 / (1 + Math.exp(-each)) ? 1 : 0)),
    scores: [
      Float32Array.from(odds),
      Float32Array.from(odds, (each) => each + 2 * random.normal()),
      Float32Array.from(odds, (each) => -each + random.normal()),
    ],
  };
}

test('the member that knows gets the weight, and the one that is wrong gets none', () => {
  const { weights, intercept } = combine(madeUpRisk());
  expect(weights[0]).toBeGreaterThan(0.8);
  expect(weights[1]).toBeLessThan(0.2);
  expect(weights[2]).toBe(0);
  expect(Math.abs(intercept)).toBeLessThan(0.2);
});

test('members that say the same share the weight', () => {
  const { scores, ...risk } = madeUpRisk();
  const { weights } = combine({ ...risk, scores: [scores[0], scores[0]] });
  expect(weights[0]).toBeCloseTo(weights[1], 6);
  expect(weights[0] + weights[1]).toBeCloseTo(1, 0);
});

test('few users leave the weights near the plain mean', () => {
  const many = combine(madeUpRisk(4000)).weights;
  const few = combine(madeUpRisk(30)).weights;
  const apart = (weights: readonly number[]) => Math.hypot(...weights.map((weight) => weight - 1 / 3));
  expect(apart(few)).toBeLessThan(apart(many));
});

test('products are ranked at least as well as by any member, and what is owned has no part', () => {
  const random = createRandom(2);
  const [rows, outputs] = [600, 5];
  const truth = Float32Array.from({ length: rows * outputs }, () => random.normal());
  const open = Uint8Array.from({ length: rows * outputs }, (_, place) => (place % outputs === 4 ? 0 : 1));
  const targets = Int32Array.from({ length: rows }, (_, row) => {
    const draws = [0, 1, 2, 3].map((product) => truth[row * outputs + product] - Math.log(-Math.log(random.uniform())));
    return draws.indexOf(Math.max(...draws));
  });
  const scores = [1, 2].map((noise) => truth.map((value) => value + noise * random.normal()));
  // An owned product says what it likes.
  scores[1].forEach((_, place) => {
    if (open[place] === 0) scores[1][place] = 1e6;
  });
  const members: MemberScores = { task: 'interest', rows, outputs, scores, open, targets };
  const { weights, loss } = combine(members);
  expect(weights.every((weight) => weight >= 0)).toBe(true);
  expect(loss).toBeLessThan(Math.min(meanLossOf(members, [1, 0]), meanLossOf(members, [0, 1])));
});

test('the least of a parabola under bounds satisfies the conditions of Karush, Kuhn and Tucker', () => {
  const size = 4;
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: size * size, maxLength: size * size }),
      fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: size, maxLength: size }),
      (entries, target) => {
        const hessian = new Float64Array(size * size);
        for (let i = 0; i < size; i++)
          for (let j = 0; j < size; j++) {
            for (let k = 0; k < size; k++) hessian[i * size + j] += entries[k * size + i] * entries[k * size + j];
            if (i === j) hessian[i * size + j] += 0.1;
          }
        const gradientAt = (x: Float64Array) =>
          Float64Array.from(x, (_, i) =>
            x.reduce((sum, value, j) => sum + hessian[i * size + j] * (value - target[j]), 0),
          );
        const evaluate = (x: Float64Array) => {
          const gradient = gradientAt(x);
          return { value: x.reduce((sum, v, i) => sum + (v - target[i]) * gradient[i], 0) / 2, gradient, hessian };
        };
        const found = minimise(evaluate, new Float64Array(size).fill(1), size - 1);
        const gradient = gradientAt(found);
        for (let i = 0; i < size; i++) {
          const isHeld = i < size - 1 && found[i] === 0;
          if (i < size - 1) expect(found[i]).toBeGreaterThanOrEqual(0);
          if (isHeld) expect(gradient[i]).toBeGreaterThan(-1e-3);
          else expect(Math.abs(gradient[i])).toBeLessThan(1e-3);
        }
      },
    ),
    { numRuns: 50 },
  );
});

test('probabilities of 0 and 1 do no harm', () => {
  const members: MemberScores = {
    task: 'risk',
    rows: 20,
    outputs: 1,
    targets: Array.from({ length: 20 }, (_, row) => row % 2),
    scores: [Float32Array.from({ length: 20 }, (_, row) => logit(row % 2 === 1 ? 1 - 1e-7 : 1e-12))],
  };
  const { weights, loss } = combine(members);
  expect(weights.every(Number.isFinite)).toBe(true);
  expect(loss).toBeLessThan(0.1);
});
