import fc from 'fast-check';
import { ConcordError } from '../../../errors.js';
import { type CoCounts, countTogether, ownersIn, subtractUsers } from './co-counts.js';
import { rowsFrom, selectRows } from './sparse.js';

const PRODUCTS = 6;
const users = fc.array(fc.uniqueArray(fc.nat(PRODUCTS - 1)), { minLength: 1, maxLength: 12 });

function dense({ products, offsets, items, counts }: CoCounts): number[][] {
  const table = Array.from({ length: products }, () => new Array<number>(products).fill(0));
  for (let product = 0; product < products; product++) {
    for (let entry = offsets[product]; entry < offsets[product + 1]; entry++)
      table[product][items[entry]] = counts[entry];
  }
  return table;
}

test('pairs owned together are counted', () => {
  const counts = countTogether(rowsFrom([[0, 1], [0, 1, 2], [2], []], 3));
  expect(dense(counts)).toEqual([
    [2, 2, 1],
    [0, 2, 1],
    [0, 0, 2],
  ]);
  expect(counts.users).toBe(4);
  expect(ownersIn(counts)).toEqual(Float64Array.of(2, 2, 2));
});

test('counts are the upper triangle of XᵀX', () => {
  fc.assert(
    fc.property(users, (sets) => {
      const table = dense(countTogether(rowsFrom(sets, PRODUCTS)));
      for (let a = 0; a < PRODUCTS; a++) {
        for (let b = 0; b < PRODUCTS; b++) {
          const both = sets.filter((set) => set.includes(a) && set.includes(b)).length;
          expect(table[a][b]).toBe(a <= b ? both : 0);
        }
      }
    }),
  );
});

test('taking users out is counting the others alone', () => {
  fc.assert(
    fc.property(users, fc.nat(11), (sets, several) => {
      const matrix = rowsFrom(sets, PRODUCTS);
      const gone = Math.min(several, sets.length);
      const first = Int32Array.from({ length: gone }, (_, user) => user);
      const rest = Int32Array.from({ length: sets.length - gone }, (_, user) => gone + user);
      const left = subtractUsers(countTogether(matrix), selectRows(matrix, first));
      expect(left).toEqual(countTogether(selectRows(matrix, rest)));
    }),
  );
});

test('users who were not counted cannot be taken out', () => {
  const counts = countTogether(rowsFrom([[0, 1], [2]], 3));
  expect(() => subtractUsers(counts, rowsFrom([[0, 2]], 3))).toThrow(ConcordError);
  expect(() => subtractUsers(counts, rowsFrom([[2], [2]], 3))).toThrow(ConcordError);
  expect(() => subtractUsers(counts, rowsFrom([[], [], []], 3))).toThrow(ConcordError);
});
