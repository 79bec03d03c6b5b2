import { fitted } from '../../../test/support/recommenders.js';
import { explainRecommendations } from './explain.js';
import type { RecommenderModel } from './model.js';
import { type OpenRecommender, openRecommender } from './predict.js';
import { RECOMMENDERS } from './recommender.js';

const logOdds = (probability: number) => Math.log(probability / (1 - probability));

describe.each(RECOMMENDERS)('an explanation of %s', (name) => {
  let model: RecommenderModel;
  let recommender: OpenRecommender;
  beforeAll(async () => {
    ({ model } = await fitted(name));
    recommender = openRecommender(model);
  });
  const explain = (owned: number[], product: number) =>
    explainRecommendations(model, recommender, Int32Array.from(owned), [product])[0];

  test.each([
    [[0, 3, 6], 9],
    [[0, 3, 6], 3],
    [[5], 2],
    [[], 1],
  ])('sums to the log-odds of the probability that is served (%j, product %i)', (owned, product) => {
    const { base, score, contributions } = explain(owned, product);
    const sum = contributions.reduce((all, { contribution }) => all + contribution, base);
    expect(sum).toBeCloseTo(score, 9);
    const probabilities = new Float32Array(12);
    recommender.probabilities(Int32Array.from(owned), probabilities);
    expect(score).toBeCloseTo(logOdds(probabilities[product]), 4);
  });
});

test('products of a kind speak for each other', async () => {
  const { model } = await fitted('ease');
  const [{ contributions }] = explainRecommendations(model, openRecommender(model), Int32Array.of(0, 4), [6]);
  const of = (product: number) => contributions.find(({ products }) => products[0] === product)?.contribution;
  expect(of(0)).toBeGreaterThan(0);
  expect(of(0)).toBeGreaterThan(of(4) ?? Number.NaN);
});

test('of many products owned those that say most are told apart, and the rest is one', async () => {
  const { model } = await fitted('hybrid');
  const owned = Int32Array.from({ length: 11 }, (_, product) => product);
  const [{ contributions }] = explainRecommendations(model, openRecommender(model), owned, [11]);
  expect(contributions.flatMap(({ products }) => [...products]).sort((a, b) => a - b)).toEqual([...owned]);
});

test('the only product left is certain', async () => {
  const { model } = await fitted('als');
  const owned = Int32Array.from({ length: 11 }, (_, product) => product);
  const [{ score }] = explainRecommendations(model, openRecommender(model), owned, [11]);
  expect(score).toBeGreaterThan(30);
});

test('products explained together are explained as each by itself', async () => {
  const { model } = await fitted('ease');
  const explain = (asked: number[]) =>
    explainRecommendations(model, openRecommender(model), Int32Array.of(0, 3, 4), asked);
  expect(explain([6, 3, 1])).toEqual([...explain([6]), ...explain([3]), ...explain([1])]);
});

test('products that add the same have the same part, and one that adds nothing has none', async () => {
  const { model } = await fitted('popularity');
  const [{ contributions }] = explainRecommendations(model, openRecommender(model), Int32Array.of(0, 3, 4), [6]);
  // Any one of them leads from the popular products that open the shop to those that follow: here the same.
  for (const { contribution } of contributions) expect(contribution).toBeCloseTo(contributions[0].contribution, 9);
});
