import { createRandom } from '../layers/random.js';
import { logistic, type Objective, softmax, squared } from './objective.js';

const rows = 6;
const random = createRandom(3);
const weights = Float32Array.from({ length: rows }, () => 0.5 + random.uniform());
const closed = { members: 3, offsets: Int32Array.of(0, 1, 1, 1, 2, 2, 2), items: Int32Array.of(2, 0) };
const objectives: [string, Objective][] = [
  ['logistic', logistic(Float32Array.of(0, 1, 1, 0, 0, 1), weights)],
  ['squared', squared(Float32Array.of(0.3, -1, 2, 5, 0, 1), weights)],
  ['softmax', softmax({ targets: Int32Array.of(0, 1, 2, 1, 0, 2), weights, classes: 3, closed })],
];

describe.each(objectives)('%s', (name, objective) => {
  const { outputs } = objective;
  const scores = Float64Array.from({ length: rows * outputs }, () => random.normal());
  const gradients = new Float32Array(rows * outputs);
  const hessians = new Float32Array(rows * outputs);
  const lossWith = (place: number, change: number) => objective.loss(scores.with(place, scores[place] + change));

  test('derives its loss', () => {
    objective.derive(scores, gradients, hessians);
    const factor = name === 'softmax' ? outputs / (outputs - 1) : 1;
    for (let place = 0; place < scores.length; place++) {
      const step = 1e-3;
      const first = ((lossWith(place, step) - lossWith(place, -step)) / (2 * step)) * objective.weight;
      const second =
        ((lossWith(place, step) - 2 * objective.loss(scores) + lossWith(place, -step)) / step ** 2) * objective.weight;
      expect(gradients[place]).toBeCloseTo(first, 4);
      expect(hessians[place]).toBeCloseTo(factor * second, 4);
    }
  });

  test('starts where no other constant is better', () => {
    const base = objective.base();
    const lossOf = (constants: ArrayLike<number>) =>
      objective.loss(Float64Array.from({ length: rows * outputs }, (_, place) => constants[Math.floor(place / rows)]));
    if (name === 'softmax') return; // closed classes and counts of a half keep it near
    for (const change of [-0.1, 0.1]) expect(lossOf([base[0] + change])).toBeGreaterThan(lossOf(base));
  });
});

test('a closed class has no derivative, and moves no loss', () => {
  const [, objective] = objectives[2];
  const scores = new Float64Array(rows * 3);
  const gradients = new Float32Array(rows * 3);
  const hessians = new Float32Array(rows * 3);
  objective.derive(scores, gradients, hessians);
  expect([gradients[2 * rows], hessians[2 * rows]]).toEqual([0, 0]);
  expect(objective.loss(scores.with(2 * rows, 100))).toBe(objective.loss(scores));
});
