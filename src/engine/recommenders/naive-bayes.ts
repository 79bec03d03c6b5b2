import { badInput } from '../../errors.js';
import { MOST_DENSE_PRODUCTS } from './limits.js';
import { addRows } from './matrix/add-rows.js';
import { type CoCounts, ownersIn } from './matrix/co-counts.js';
import type { Scorer } from './recommender.js';

export interface NaiveBayesSettings {
  /** Users' worth of what is usual that each conditional share starts from. */
  readonly smoothing: number;
}

export interface NaiveBayesWeights {
  /** Log-odds of each product for a user who owns nothing. */
  readonly base: Float32Array;
  /** (products × products), row by row: what owning the row's product adds to the column's. */
  readonly weights: Float32Array;
}

const { log } = Math;

/**
 * Naive Bayes over products: log P(j) + Σ log P(i owned or not | j owned) over the other products i, with
 * P(i | j) = (both + s·share of i) / (owners of j + s). A function of the counts alone.
 * @throws {ConcordError} BAD_INPUT for a catalogue that is too wide
 */
export function fitNaiveBayes(counts: CoCounts, { smoothing }: NaiveBayesSettings): NaiveBayesWeights {
  const { products, users } = counts;
  if (products > MOST_DENSE_PRODUCTS)
    throw badInput(`naive-bayes takes at most ${MOST_DENSE_PRODUCTS} products, not ${products}: take item-knn or als.`);
  const owners = ownersIn(counts);
  const base = Float64Array.from(owners, (count) => log((count + 0.5) / (users + 1)));
  const weights = new Float32Array(products * products);
  const share = (product: number) => (owners[product] + 0.5) / (users + 1);
  const conditional = (product: number, given: number, both: number) =>
    (both + smoothing * share(product)) / (owners[given] + smoothing);
  // Pairs that nobody owns together first, then the others: the table is written once for each.
  const write = (product: number, given: number, both: number) => {
    const p = Math.min(1 - 1e-6, conditional(product, given, both));
    base[given] += log(1 - p);
    weights[product * products + given] = log(p) - log(1 - p);
  };
  const row = new Int32Array(products);
  for (let product = 0; product < products; product++) {
    const end = counts.offsets[product + 1];
    for (let entry = counts.offsets[product]; entry < end; entry++) row[counts.items[entry]] = counts.counts[entry];
    for (let other = product + 1; other < products; other++) {
      write(product, other, row[other]);
      write(other, product, row[other]);
    }
    row.fill(0, product);
  }
  return { base: Float32Array.from(base), weights };
}

export function openNaiveBayes({ base, weights }: NaiveBayesWeights): Scorer {
  const products = base.length;
  return {
    products,
    score(owned, target, offset = 0) {
      target.set(base, offset);
      addRows(weights, products, owned, target, offset);
    },
    explain: (owned, product) => Float64Array.from(owned, (item) => weights[item * products + product]),
  };
}
