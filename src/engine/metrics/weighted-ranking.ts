import { EPSILON } from './binary.js';
import type { Figures } from './bootstrap.js';

/** Users with their hidden product, its rank and probability, and whether it is in the tail: arrays side by side. */
export interface HiddenRanks {
  readonly targets: ArrayLike<number>;
  readonly ranks: ArrayLike<number>;
  readonly probabilities: ArrayLike<number>;
  readonly tail: ArrayLike<number>;
}

/** What one user adds to a figure that is a mean over users. */
const OF_USER: Readonly<Record<string, (rank: number, probability: number) => number>> = {
  'recall@1': (rank) => (rank <= 1 ? 1 : 0),
  'recall@3': (rank) => (rank <= 3 ? 1 : 0),
  'recall@5': (rank) => (rank <= 5 ? 1 : 0),
  'ndcg@1': (rank) => (rank <= 1 ? 1 / Math.log2(1 + rank) : 0),
  'ndcg@3': (rank) => (rank <= 3 ? 1 / Math.log2(1 + rank) : 0),
  'ndcg@5': (rank) => (rank <= 5 ? 1 / Math.log2(1 + rank) : 0),
  mrr: (rank) => 1 / rank,
  logloss: (_, probability) => -Math.log(Math.max(EPSILON, probability)),
};
const OF_TAIL = ['recall@1', 'recall@3', 'ndcg@5', 'mrr'] as const;

/**
 * The figures of a ranking with a weight on each user, for the bootstrap. With weights of 1 they equal rankingMetrics.
 * @param rows which users count; default: all
 */
export function weightedRanking(ranked: HiddenRanks, rows?: Int32Array): Figures {
  const { targets, ranks, probabilities, tail } = ranked;
  const users = rows ?? Int32Array.from({ length: ranks.length }, (_, row) => row);
  const means = Object.entries(OF_USER);
  const values = means.map(([, of]) => Float64Array.from(users, (row) => of(ranks[row], probabilities[row])));
  const tailValues = OF_TAIL.map((name) => values[means.findIndex(([mean]) => mean === name)]);
  const products = users.reduce((most, row) => Math.max(most, targets[row] + 1), 0);
  const [perProduct, hitsPerProduct] = [new Float64Array(products), new Float64Array(products)];
  const inTail = Uint8Array.from(users, (row) => tail[row]);
  const target = Int32Array.from(users, (row) => targets[row]);
  const found = Uint8Array.from(users, (row) => (ranks[row] <= 3 ? 1 : 0));

  return {
    names: [...means.map(([name]) => name), ...OF_TAIL.map((name) => `tail_${name}`), 'macro_recall@3'],
    compute(weights, into) {
      into.fill(0, 0, means.length + OF_TAIL.length + 1);
      perProduct.fill(0);
      hitsPerProduct.fill(0);
      let [all, allTail] = [0, 0];
      for (let place = 0; place < users.length; place++) {
        const weight = weights[users[place]];
        if (weight === 0) continue;
        all += weight;
        for (let mean = 0; mean < values.length; mean++) into[mean] += weight * values[mean][place];
        perProduct[target[place]] += weight;
        if (found[place] === 1) hitsPerProduct[target[place]] += weight;
        if (inTail[place] === 0) continue;
        allTail += weight;
        for (let mean = 0; mean < tailValues.length; mean++)
          into[values.length + mean] += weight * tailValues[mean][place];
      }
      for (let mean = 0; mean < values.length; mean++) into[mean] /= all;
      for (let mean = 0; mean < tailValues.length; mean++) into[values.length + mean] /= allTail;
      let [recalls, seen] = [0, 0];
      for (let product = 0; product < products; product++) {
        if (perProduct[product] === 0) continue;
        seen++;
        recalls += hitsPerProduct[product] / perProduct[product];
      }
      into[values.length + tailValues.length] = recalls / seen;
    },
  };
}
