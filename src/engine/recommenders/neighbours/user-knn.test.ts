import { madeUpHoldings } from '../../../../test/support/holdings.js';
import { createRandom } from '../../layers/random.js';
import { rowOf, rowsFrom, type SparseRows, selectRows } from '../matrix/sparse.js';
import type { NeighbourSettings } from './similarity.js';
import { openUserKnn } from './user-knn.js';

const COSINE: NeighbourSettings = { similarity: 'cosine', shrinkage: 0, neighbours: 10 };

function scoresOf(rows: SparseRows, settings: NeighbourSettings, owned: readonly number[]): Float64Array {
  const scores = new Float64Array(rows.columns);
  openUserKnn(rows, settings).score(Int32Array.from(owned), scores);
  return scores;
}

test('a score is the share of the neighbours, by similarity, who own the product', () => {
  const rows = rowsFrom([[0, 1], [0, 1, 2, 3], [3]], 4);
  const near = 1 / Math.sqrt(2);
  const far = 1 / Math.sqrt(4);
  const scores = scoresOf(rows, COSINE, [0]);
  expect(scores[1]).toBeCloseTo(1, 12);
  expect(scores[2]).toBeCloseTo(far / (near + far), 12);
  expect(scores[3]).toBeCloseTo(far / (near + far), 12);
});

test('users who own nothing else have nothing to say', () => {
  const rows = rowsFrom(
    [
      [0, 1],
      [0, 1],
      [0, 1, 2],
    ],
    4,
  );
  const scores = scoresOf(rows, { ...COSINE, neighbours: 1 }, [0, 1]);
  expect([scores[2], scores[3]]).toEqual([1, 0]);
});

test('those tied for the last places share them', () => {
  const rows = rowsFrom(
    [
      [0, 1],
      [0, 2],
      [0, 3],
    ],
    4,
  );
  const scores = scoresOf(rows, { ...COSINE, neighbours: 2 }, [0]);
  for (const product of [1, 2, 3]) expect(scores[product]).toBeCloseTo(1 / 3, 12);
});

test('the order of the training users does not matter', () => {
  const rows = madeUpHoldings({ users: 80 });
  const order = createRandom(4).shuffle(Int32Array.from({ length: 80 }, (_, user) => user));
  for (const neighbours of [3, 17, 200]) {
    const settings: NeighbourSettings = { similarity: 'pearson', shrinkage: 1, neighbours };
    const scores = scoresOf(rows, settings, [0, 3, 4]);
    scoresOf(selectRows(rows, order), settings, [0, 3, 4]).forEach((score, product) => {
      expect(score).toBeCloseTo(scores[product], 12);
    });
  }
});

test.each([
  'cosine',
  'pearson',
] as const)('by %s, what the products owned contribute sums to the score', (similarity) => {
  const rows = madeUpHoldings();
  const settings: NeighbourSettings = { similarity, shrinkage: 2, neighbours: 20 };
  const scorer = openUserKnn(rows, settings);
  const owned = Int32Array.of(0, 3, 7);
  const scores = new Float64Array(12);
  scorer.score(owned, scores);
  for (const product of [1, 6, 9]) {
    const parts = scorer.explain?.(owned, product) ?? new Float64Array();
    expect(parts.reduce((sum, part) => sum + part, 0)).toBeCloseTo(scores[product], 12);
  }
});

test('with all users as neighbours, a product that is owned is scored as if it were not', () => {
  const rows = madeUpHoldings();
  const settings: NeighbourSettings = { similarity: 'cosine', shrinkage: 1, neighbours: 1000 };
  // Nobody owns only some of these, so that the same users have something to say with and without one of them.
  const owned = [0, 1, 2];
  const alike = selectRows(
    rows,
    Int32Array.from(
      Array.from({ length: rows.rows }, (_, user) => user).filter((user) => rowOf(rows, user).some((item) => item > 2)),
    ),
  );
  const touching = scoresOf(alike, settings, owned);
  const sums = (without: number) =>
    scoresOf(
      alike,
      settings,
      owned.filter((item) => item !== without),
    )[without];
  for (const product of owned) expect(touching[product]).toBeCloseTo(sums(product), 1);
});

test('the users most alike are found, with their similarity', () => {
  const rows = rowsFrom([[3], [0, 1], [0, 1, 2, 3], [0, 1]], 4);
  const similar = openUserKnn(rows, COSINE).similarUsers?.(Int32Array.of(0, 1), 3) ?? [];
  expect(similar.map(({ index }) => index)).toEqual([1, 3, 2]);
  expect(similar[0].similarity).toBeCloseTo(1, 12);
  expect(similar[2].similarity).toBeCloseTo(2 / Math.sqrt(8), 12);
});

test('who shares no product with anyone is given no score', () => {
  expect(scoresOf(rowsFrom([[0, 1]], 3), COSINE, [2])).toEqual(Float64Array.of(0, 0, 0));
  expect(scoresOf(rowsFrom([[0, 1]], 3), COSINE, [])).toEqual(Float64Array.of(0, 0, 0));
});
