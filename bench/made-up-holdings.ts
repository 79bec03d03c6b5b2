import { createRandom } from '../src/engine/layers/random.js';
import { rowsFrom, type SparseRows } from '../src/engine/recommenders/matrix/sparse.js';

export interface HoldingsSize {
  readonly users: number;
  readonly products: number;
  readonly holdings: number;
}

const TASTES = 24;

/**
 * Made-up holdings of about the wanted number. Products are as unequally popular, and users as unequally active, as in public sets of this
 * size; each user has two of some tastes, each product is to one of them.
 */
export function madeUpHoldings({ users, products, holdings }: HoldingsSize, seed = 1): SparseRows {
  const random = createRandom(seed).fork('holdings');
  const popularity = Float64Array.from({ length: products }, () => Math.exp(1.5 * random.normal()));
  const tasteOf = Int32Array.from({ length: products }, () => random.below(TASTES));
  const activity = Float64Array.from({ length: users }, () => Math.exp(0.9 * random.normal()));
  const all = activity.reduce((sum, value) => sum + value, 0);
  const general = choiceBy(popularity, random.uniform);
  const tastes = Array.from({ length: TASTES }, (_, taste) =>
    choiceBy(
      popularity.map((value, product) => (tasteOf[product] === taste ? value : 0)),
      random.uniform,
    ),
  );
  const sets = Array.from(activity, (value) => {
    const owned = new Set<number>();
    const wanted = Math.min(products / 2, Math.max(2, Math.round((value / all) * holdings)));
    const own = [tastes[random.below(TASTES)], tastes[random.below(TASTES)]];
    for (let draws = 0; owned.size < wanted && draws < 20 * wanted; draws++) {
      const place = random.uniform();
      owned.add(place < 0.4 ? general() : own[place < 0.75 ? 0 : 1]());
    }
    return owned;
  });
  return rowsFrom(sets, products);
}

/** Draws an index with a probability in proportion to its weight. */
function choiceBy(weights: Float64Array, uniform: () => number): () => number {
  const sums = weights.slice();
  for (let index = 1; index < sums.length; index++) sums[index] += sums[index - 1];
  return () => {
    const value = uniform() * sums[sums.length - 1];
    let from = 0;
    let to = sums.length - 1;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (sums[middle] <= value) from = middle + 1;
      else to = middle;
    }
    return from;
  };
}
