import { fitted } from '../../../test/support/recommenders.js';
import { rowsFrom } from './matrix/sparse.js';
import { holdsUsers, type RecommenderModel } from './model.js';
import { type OpenRecommender, openRecommender, predictRows } from './predict.js';
import { RECOMMENDERS } from './recommender.js';

describe.each(RECOMMENDERS)('%s', (name) => {
  let model: RecommenderModel;
  let recommender: OpenRecommender;
  beforeAll(async () => {
    ({ model } = await fitted(name));
    recommender = openRecommender(model);
  });
  const probabilitiesOf = (...owned: number[]) => {
    const target = new Float32Array(14).fill(7);
    recommender.probabilities(Int32Array.from(owned), target, 1);
    expect([target[0], target[13]]).toEqual([7, 7]);
    return target.slice(1, 13);
  };

  test('gives probabilities that sum to 1 over what is not owned', () => {
    for (const owned of [[], [0], [0, 3, 4], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]]) {
      const open = probabilitiesOf(...owned).filter((_, product) => !owned.includes(product));
      expect(open.reduce((sum, probability) => sum + probability, 0)).toBeCloseTo(1, 5);
    }
  });

  test('gives a product owned a probability as one more candidate', () => {
    for (const probability of probabilitiesOf(0, 3)) {
      expect(probability).toBeGreaterThan(0);
      expect(probability).toBeLessThan(1);
    }
  });

  test('recommends by popularity who owns nothing', () => {
    const all = model.owners.reduce((sum, count) => sum + count + 0.5, 0);
    probabilitiesOf().forEach((probability, product) => {
      expect(probability).toBeCloseTo((model.owners[product] + 0.5) / all, 6);
    });
  });

  test('ranks by its scores', () => {
    if (name === 'hybrid') return;
    const owned = Int32Array.of(0, 3);
    const scores = new Float64Array(12);
    recommender.members[0].score(owned, scores);
    const open = Array.from({ length: 12 }, (_, product) => product).filter((product) => !owned.includes(product));
    const probabilities = probabilitiesOf(...owned);
    for (const a of open)
      for (const b of open)
        if (scores[a] > scores[b]) expect(probabilities[a]).toBeGreaterThanOrEqual(probabilities[b]);
  });

  test('scores a batch as it scores each user, without what is hidden', () => {
    const rows = rowsFrom(
      [
        [1, 2],
        [0, 3, 6],
      ],
      12,
    );
    const batch = predictRows(recommender, rows, { users: Int32Array.of(1, 0), hidden: Int32Array.of(3, -1) });
    expect(batch.slice(0, 12)).toEqual(probabilitiesOf(0, 6));
    expect(batch.slice(12)).toEqual(probabilitiesOf(1, 2));
  });
});

test('a model says whether it holds what single users own', async () => {
  for (const name of RECOMMENDERS) {
    const { model } = await fitted(name);
    expect(holdsUsers(model)).toBe(name === 'user-knn' || name === 'hybrid');
  }
});
