import { createRandom } from '../../layers/random.js';
import { fitCombination, type ScoredUsers } from './combine.js';

const PRODUCTS = 8;

/** Users whose product is drawn by the softmax of known weights over made-up scores. */
function drawn(weights: readonly number[], users = 3000, seed = 1): ScoredUsers {
  const random = createRandom(seed);
  const scores = weights.map(() => Float64Array.from({ length: users * PRODUCTS }, random.normal));
  const open = Uint8Array.from({ length: users * PRODUCTS }, (_, place) => (place % PRODUCTS === 0 ? 0 : 1));
  const targets = Int32Array.from({ length: users }, (_, user) => {
    const odds = Array.from({ length: PRODUCTS }, (_, product) => {
      const logit = weights.reduce((sum, weight, m) => sum + weight * scores[m][user * PRODUCTS + product], 0);
      return product === 0 ? 0 : Math.exp(logit);
    });
    let place = random.uniform() * odds.reduce((sum, value) => sum + value, 0);
    return odds.findIndex((value) => {
      place -= value;
      return place < 0;
    });
  });
  return { users, products: PRODUCTS, scores, open, targets };
}

test('the weights that scores were drawn by are found', () => {
  const { weights } = fitCombination(drawn([1.5, -0.5, 0]));
  [1.5, -0.5, 0].forEach((weight, member) => {
    expect(Math.abs(weights[member] - weight)).toBeLessThan(0.1);
  });
});

test('scores in another unit have weights in that unit', () => {
  const scored = drawn([1, 0.5]);
  const { weights } = fitCombination(scored);
  const other = fitCombination({ ...scored, scores: [scored.scores[0].map((score) => 100 * score), scored.scores[1]] });
  expect(other.weights[0]).toBeCloseTo(weights[0] / 100, 6);
  expect(other.weights[1]).toBeCloseTo(weights[1], 6);
});

test('several recommenders together do no worse than each alone', () => {
  const scored = drawn([1, 0.5, 0.2], 300);
  const together = fitCombination(scored).loss;
  for (const scores of scored.scores)
    expect(together).toBeLessThanOrEqual(fitCombination({ ...scored, scores: [scores] }).loss + 1e-9);
});

test('the same scores give the same weights to the bit', () => {
  expect(fitCombination(drawn([1, 2]))).toEqual(fitCombination(drawn([1, 2])));
});

test('a recommender that knows no difference has no weight, and the loss is that of a guess', () => {
  const scored = drawn([1], 50);
  const { weights, loss } = fitCombination({ ...scored, scores: [new Float64Array(50 * PRODUCTS).fill(3)] });
  expect(weights).toEqual([0]);
  expect(loss).toBeCloseTo(Math.log(PRODUCTS - 1), 12);
});

test('scores that find every product have finite weights', () => {
  const scored = drawn([1], 50);
  const perfect = new Float64Array(50 * PRODUCTS);
  scored.targets.forEach((target, user) => {
    perfect[user * PRODUCTS + target] = 1;
  });
  const { weights, loss } = fitCombination({ ...scored, scores: [perfect] });
  expect(Number.isFinite(weights[0])).toBe(true);
  expect(loss).toBeLessThan(0.2);
});
