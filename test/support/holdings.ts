import { createRandom } from '../../src/engine/layers/random.js';
import { rowsFrom, type SparseRows } from '../../src/engine/recommenders/matrix/sparse.js';

/** Users of kinds who own products of their kind above all, none fewer than two; the same seed gives the same. */
export function madeUpHoldings({ users = 200, products = 12, kinds = 3, seed = 1 } = {}): SparseRows {
  const random = createRandom(seed);
  const sets = Array.from({ length: users }, () => {
    const kind = random.below(kinds);
    const owned = new Set<number>();
    while (owned.size < 2) {
      for (let product = 0; product < products; product++)
        if (random.uniform() < (product % kinds === kind ? 0.45 : 0.06)) owned.add(product);
    }
    return owned;
  });
  return rowsFrom(sets, products);
}

/** One product of each user, to be hidden. */
export function hiddenOf({ rows, offsets, items }: SparseRows, seed = 1): Int32Array {
  const random = createRandom(seed);
  return Int32Array.from({ length: rows }, (_, user) => {
    const owned = offsets[user + 1] - offsets[user];
    return items[offsets[user] + random.below(owned)];
  });
}
