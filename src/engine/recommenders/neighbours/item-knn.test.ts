import { madeUpHoldings } from '../../../../test/support/holdings.js';
import { countTogether } from '../matrix/co-counts.js';
import { rowOf, rowsFrom, type SparseRows } from '../matrix/sparse.js';
import { fitItemKnn, openItemKnn } from './item-knn.js';
import type { NeighbourSettings } from './similarity.js';

const nothing = () => undefined;
const COSINE: NeighbourSettings = { similarity: 'cosine', shrinkage: 0, neighbours: 10 };
const fitted = (owned: SparseRows, settings: NeighbourSettings) => fitItemKnn(countTogether(owned), settings, nothing);

/** 0 and 1 are owned by two users together, 0 and 2 by one. */
const OWNED = rowsFrom([[0, 1], [0, 1], [0, 2], [2]], 4);

function similarityOf(owned: SparseRows, settings: NeighbourSettings, a: number, b: number): number {
  const neighbours = fitted(owned, settings);
  const place = rowOf(neighbours, a).indexOf(b);
  return place < 0 ? 0 : neighbours.values[neighbours.offsets[a] + place];
}

test('cosine is users in common over the root of both numbers of owners', () => {
  expect(similarityOf(OWNED, COSINE, 0, 1)).toBeCloseTo(2 / Math.sqrt(3 * 2), 6);
  expect(similarityOf(OWNED, COSINE, 0, 2)).toBeCloseTo(1 / Math.sqrt(3 * 2), 6);
  expect(similarityOf(OWNED, COSINE, 1, 2)).toBe(0);
  expect(similarityOf(OWNED, { ...COSINE, shrinkage: 5 }, 0, 1)).toBeCloseTo(2 / (Math.sqrt(6) + 5), 6);
});

test("pearson is the correlation of two products' columns", () => {
  const owned = madeUpHoldings();
  const column = (product: number) =>
    Array.from({ length: owned.rows }, (_, user) => (rowOf(owned, user).includes(product) ? 1 : 0));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const covariance = (a: readonly number[], b: readonly number[]) =>
    mean(a.map((value, user) => (value - mean(a)) * (b[user] - mean(b))));
  for (const [a, b] of [
    [0, 3],
    [1, 4],
    [2, 11],
  ]) {
    const [x, y] = [column(a), column(b)];
    const correlation = covariance(x, y) / Math.sqrt(covariance(x, x) * covariance(y, y));
    expect(similarityOf(owned, { ...COSINE, similarity: 'pearson' }, a, b)).toBeCloseTo(Math.max(0, correlation), 6);
  }
});

test.each(['cosine', 'pearson'] as const)('%s similarity is symmetric, and 1 at most', (similarity) => {
  const neighbours = fitted(madeUpHoldings(), { similarity, shrinkage: 2, neighbours: 100 });
  const table = Array.from({ length: 12 }, (_, product) => {
    const row = new Float32Array(12);
    rowOf(neighbours, product).forEach((other, place) => {
      row[other] = neighbours.values[neighbours.offsets[product] + place];
    });
    return row;
  });
  for (let a = 0; a < 12; a++) {
    expect(table[a][a]).toBe(0);
    for (let b = 0; b < a; b++) {
      expect(table[a][b]).toBe(table[b][a]);
      expect(table[a][b]).toBeLessThanOrEqual(1);
    }
  }
});

test('the neighbours are the most similar of all, ascending', () => {
  const owned = madeUpHoldings({ products: 30 });
  const all = fitted(owned, { ...COSINE, neighbours: 30 });
  const few = fitted(owned, { ...COSINE, neighbours: 4 });
  const scorer = openItemKnn(all);
  for (let product = 0; product < 30; product++) {
    const best = scorer.similarProducts?.(product, 4).map(({ index }) => index) ?? [];
    expect([...rowOf(few, product)]).toEqual(best.toSorted((a, b) => a - b));
  }
});

test('a score is the sum of the similarities of what is owned, and its parts are these', () => {
  const scorer = openItemKnn(fitted(OWNED, COSINE));
  const scores = new Float64Array(4);
  scorer.score(Int32Array.of(1, 2), scores);
  expect(scores[0]).toBeCloseTo(3 / Math.sqrt(6), 6);
  expect(scores[3]).toBe(0);
  const parts = scorer.explain?.(Int32Array.of(1, 2), 0) ?? [];
  expect(parts[0] + parts[1]).toBeCloseTo(scores[0], 6);
  expect(parts[0]).toBeCloseTo(2 / Math.sqrt(6), 6);
});

test('a product that is owned is scored from the others alone', () => {
  const scorer = openItemKnn(fitted(madeUpHoldings(), COSINE));
  const [scores, without] = [new Float64Array(12), new Float64Array(12)];
  scorer.score(Int32Array.of(1, 4, 7), scores);
  scorer.score(Int32Array.of(1, 7), without);
  expect(scores[4]).toBeCloseTo(without[4], 12);
});
