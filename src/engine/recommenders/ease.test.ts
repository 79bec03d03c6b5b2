import { madeUpHoldings } from '../../../test/support/holdings.js';
import { ConcordError } from '../../errors.js';
import { fitEase, openEase } from './ease.js';
import { countTogether, subtractUsers } from './matrix/co-counts.js';
import { rowOf, rowsFrom, type SparseRows, selectRows } from './matrix/sparse.js';

const nothing = () => undefined;
const fitted = (owned: SparseRows, regularisation: number) =>
  fitEase(countTogether(owned), { regularisation }, nothing);

/** (XᵀX + λ)⁻¹ by Gauss and Jordan, as one would write it down. */
function naiveInverse(owned: SparseRows, regularisation: number): number[][] {
  const size = owned.columns;
  const table = Array.from({ length: size }, (_, a) =>
    Array.from({ length: 2 * size }, (_, b) => (b === size + a ? 1 : b === a ? regularisation : 0)),
  );
  for (let user = 0; user < owned.rows; user++)
    for (const a of rowOf(owned, user)) for (const b of rowOf(owned, user)) table[a][b]++;
  for (let pivot = 0; pivot < size; pivot++) {
    const factor = table[pivot][pivot];
    table[pivot] = table[pivot].map((value) => value / factor);
    for (let row = 0; row < size; row++) {
      if (row === pivot) continue;
      const times = table[row][pivot];
      table[row] = table[row].map((value, column) => value - times * table[pivot][column]);
    }
  }
  return table.map((row) => row.slice(size));
}

test('weights of two products are those on paper', () => {
  // XᵀX + 1 = [[3, 1], [1, 3]], its inverse [[3, −1], [−1, 3]] / 8.
  const weights = fitted(rowsFrom([[0, 1], [0], [1]], 2), 1);
  [0, 1 / 3, 1 / 3, 0].forEach((weight, place) => {
    expect(weights[place]).toBeCloseTo(weight, 6);
  });
});

test.each([1, 50])('with λ = %i weights are those of a plain dense inverse', (regularisation) => {
  const owned = madeUpHoldings({ users: 300, products: 70, kinds: 5 });
  const inverse = naiveInverse(owned, regularisation);
  const expected = inverse.map((row, a) => row.map((value, b) => (a === b ? 0 : -value / inverse[b][b])));
  fitted(owned, regularisation).forEach((weight, place) => {
    expect(Math.abs(weight - expected[Math.floor(place / 70)][place % 70])).toBeLessThan(1e-6);
  });
});

test('without a user the model is the one that never knew them, by subtraction and by Sherman and Morrison', () => {
  const owned = madeUpHoldings({ users: 150, products: 40, kinds: 4 });
  const rest = selectRows(
    owned,
    Int32Array.from({ length: 149 }, (_, user) => user + 1),
  );
  const counts = subtractUsers(countTogether(owned), selectRows(owned, Int32Array.of(0)));
  expect(fitEase(counts, { regularisation: 20 }, nothing)).toEqual(fitted(rest, 20));

  // P' = P + Px·xᵀP / (1 − xᵀPx), from the naive P of all users.
  const size = 40;
  const inverse = naiveInverse(owned, 20);
  const image = inverse.map((row) => [...rowOf(owned, 0)].reduce((sum, item) => sum + row[item], 0));
  const along = [...rowOf(owned, 0)].reduce((sum, item) => sum + image[item], 0);
  const updated = inverse.map((row, a) => row.map((value, b) => value + (image[a] * image[b]) / (1 - along)));
  const direct = naiveInverse(rest, 20);
  for (let a = 0; a < size; a++)
    for (let b = 0; b < size; b++) expect(Math.abs(updated[a][b] - direct[a][b])).toBeLessThan(1e-8);
});

describe('scores', () => {
  const scorer = openEase(fitted(madeUpHoldings({ users: 1000 }), 10));
  const owned = Int32Array.of(0, 3, 5, 6, 9);
  const scores = new Float64Array(14);
  scorer.score(owned, scores, 2);

  test('are the sums of their parts', () => {
    for (let product = 0; product < 12; product++) {
      const parts = scorer.explain?.(owned, product) ?? [];
      expect([...parts].reduce((sum, part) => sum + part, 0)).toBeCloseTo(scores[2 + product], 9);
    }
    expect([scores[0], scores[1]]).toEqual([0, 0]);
  });

  test('of products that are owned come from the others', () => {
    const without = new Float64Array(12);
    scorer.score(Int32Array.of(0, 3, 6, 9), without);
    expect(without[5]).toBeCloseTo(scores[2 + 5], 12);
  });

  test('products are alike by partial correlation: symmetric, from −1 to 1', () => {
    const similarity = (a: number, b: number) =>
      scorer.similarProducts?.(a, 11).find(({ index }) => index === b)?.similarity ?? Number.NaN;
    for (let a = 0; a < 12; a++) {
      for (let b = 0; b < a; b++) {
        expect(similarity(a, b)).toBeCloseTo(similarity(b, a), 6);
        expect(Math.abs(similarity(a, b))).toBeLessThanOrEqual(1);
      }
    }
    // Of a user's kind.
    expect((scorer.similarProducts?.(0, 3) ?? []).map(({ index }) => index % 3)).toEqual([0, 0, 0]);
  });
});

test('a catalogue that is too wide is refused', () => {
  const wide = {
    products: 10_001,
    users: 1,
    offsets: new Int32Array(10_002),
    items: new Int32Array(0),
    counts: new Int32Array(0),
  };
  expect(() => fitEase(wide, { regularisation: 1 }, nothing)).toThrow(ConcordError);
});
