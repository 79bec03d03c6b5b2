import { madeUpHoldings } from '../../../../test/support/holdings.js';
import { ConcordError } from '../../../errors.js';
import { rowOf, rowsFrom } from '../matrix/sparse.js';
import { type AlsSettings, fitAls } from './fit.js';
import { openAls } from './fold-in.js';

const owned = madeUpHoldings();
const SETTINGS: AlsSettings = { factors: 6, regularisation: 2, confidence: 5, iterations: 12 };
const nothing = () => undefined;
const factorsBy = (settings = SETTINGS, seed = 1) => fitAls(owned, settings, { seed, checkpoint: nothing });

/** The loss that is minimised, over every pair. */
function lossOf({ users, products }: ReturnType<typeof fitAls>, { factors, regularisation, confidence }: AlsSettings) {
  const row = (values: Float64Array, at: number) => values.subarray(at * factors, (at + 1) * factors);
  let loss = 0;
  for (let user = 0; user < owned.rows; user++) {
    for (let product = 0; product < owned.columns; product++) {
      const score = row(users, user).reduce((sum, value, i) => sum + value * row(products, product)[i], 0);
      const isOwned = rowOf(owned, user).includes(product);
      loss += isOwned ? (1 + confidence) * (1 - score) ** 2 : score ** 2;
    }
  }
  return loss + regularisation * [...users, ...products].reduce((sum, value) => sum + value * value, 0);
}

test.each([
  SETTINGS,
  { factors: 3, regularisation: 0.01, confidence: 40, iterations: 20 },
])('the loss never rises, and is the one of the paper', (settings) => {
  const losses: number[] = [];
  const fitted = fitAls(owned, settings, { seed: 1, checkpoint: nothing, onLoss: (loss) => losses.push(loss) });
  expect(losses).toHaveLength(settings.iterations);
  for (let iteration = 1; iteration < losses.length; iteration++)
    expect(losses[iteration]).toBeLessThanOrEqual(losses[iteration - 1] * (1 + 1e-12));
  expect(losses.at(-1)).toBeCloseTo(lossOf(fitted, settings), 6);
});

test('the same seed gives the same factors to the bit', () => {
  expect(factorsBy()).toEqual(factorsBy());
  expect(factorsBy(SETTINGS, 2).products).not.toEqual(factorsBy().products);
});

test('training ends where the checkpoint throws', () => {
  const checkpoint = () => {
    throw new ConcordError('CANCELLED', 'enough');
  };
  expect(() => fitAls(owned, SETTINGS, { seed: 1, checkpoint })).toThrow('enough');
});

describe('a user who is folded in', () => {
  const fitted = factorsBy({ ...SETTINGS, iterations: 200 });
  const factors = Float32Array.from(fitted.products);
  const scorer = openAls(factors, SETTINGS);
  const scoresOf = (row: Int32Array) => {
    const scores = new Float64Array(12);
    scorer.score(row, scores);
    return scores;
  };

  test('is where training ends for a user who owns the same', () => {
    for (const user of [0, 7, 31]) {
      const place = scorer.embed?.(rowOf(owned, user)) ?? [];
      for (let i = 0; i < 6; i++) expect(place[i]).toBeCloseTo(fitted.users[user * 6 + i], 4);
    }
  });

  test('is scored by the sum of what each product owned contributes', () => {
    const row = Int32Array.of(0, 3, 8);
    const scores = scoresOf(row);
    for (const product of [1, 5, 6]) {
      const parts = scorer.explain?.(row, product) ?? new Float64Array();
      expect(parts.reduce((sum, part) => sum + part, 0)).toBeCloseTo(scores[product], 9);
    }
  });

  test('is scored for a product owned as if it were not', () => {
    const row = Int32Array.of(0, 3, 8);
    for (const product of row) {
      const without = scoresOf(row.filter((item) => item !== product));
      expect(scoresOf(row)[product]).toBeCloseTo(without[product], 9);
    }
  });

  test('likes products of their kind best', () => {
    const settings = { ...SETTINGS, factors: 3 };
    const alike = openAls(Float32Array.from(factorsBy(settings).products), settings);
    const scores = new Float64Array(12);
    alike.score(Int32Array.of(0, 3), scores);
    expect(Math.min(scores[6], scores[9])).toBeGreaterThan(Math.max(scores[1], scores[2], scores[4]));
    expect((alike.similarProducts?.(0, 3) ?? []).map(({ index }) => index % 3)).toEqual([0, 0, 0]);
  });
});

test('one user and one product are enough', () => {
  const { products } = fitAls(rowsFrom([[0]], 1), SETTINGS, { seed: 1, checkpoint: nothing });
  expect(products.every(Number.isFinite)).toBe(true);
});
