import { bendScores } from './hybrid/curve.js';
import { without } from './matrix/sparse.js';
import { openMember } from './members.js';
import type { RecommenderModel } from './model.js';
import type { Scorer } from './recommender.js';

const { exp, log } = Math;

/** A model made ready. Synchronous, and not re-entrant. */
export interface OpenRecommender {
  readonly products: number;
  /** In the order of the model's members. */
  readonly members: readonly Scorer[];
  /**
   * Log-odds-like scores whose softmax over the products not owned is their probability, to target from offset on. A product that is owned
   * has the score that it would have if it were not.
   */
  logits(owned: Int32Array, target: Float64Array, offset?: number): void;
  /** Probabilities by those scores: of what is not owned they sum to 1; an owned product's is that which it would have as one more candidate. */
  probabilities(owned: Int32Array, target: Float32Array, offset?: number): void;
}

export function openRecommender(model: RecommenderModel): OpenRecommender {
  const { products } = model;
  const members = model.members.map(({ member }) => openMember(member));
  const popular = model.owners.map((count) => log(count + 0.5));
  const scores = new Float64Array(products);
  const sums = new Float64Array(products);

  function logits(owned: Int32Array, target: Float64Array, offset = 0): void {
    // Nobody is alike to a user who owns nothing: then what most own.
    if (owned.length === 0) {
      target.set(popular, offset);
      return;
    }
    target.fill(0, offset, offset + products);
    members.forEach((member, place) => {
      const { weight, bend } = model.members[place];
      // A hybrid keeps it for what is alike, and for erasure.
      if (weight === 0) return;
      member.score(owned, scores);
      bendScores(scores, bend);
      for (let product = 0; product < products; product++) target[offset + product] += weight * scores[product];
    });
  }

  return {
    products,
    members,
    logits,
    probabilities(owned, target, offset = 0) {
      logits(owned, sums);
      let highest = Number.NEGATIVE_INFINITY;
      eachOpen(products, owned, (product) => {
        if (sums[product] > highest) highest = sums[product];
      });
      let total = 0;
      eachOpen(products, owned, (product) => {
        total += exp(sums[product] - highest);
      });
      const logTotal = highest + log(total);
      for (let product = 0; product < products; product++) target[offset + product] = exp(sums[product] - logTotal);
      for (const product of owned) target[offset + product] = total > 0 ? 1 / (1 + exp(logTotal - sums[product])) : 1;
    },
  };
}

function eachOpen(products: number, owned: Int32Array, onProduct: (product: number) => void): void {
  let next = 0;
  for (let product = 0; product < products; product++) {
    if (product === owned[next]) next++;
    else onProduct(product);
  }
}

/** Probabilities, (rows × products), of users whose products are rows of a matrix, each with one of them hidden (−1 = none). */
export function predictRows(
  recommender: OpenRecommender,
  { offsets, items }: { readonly offsets: Int32Array; readonly items: Int32Array },
  { users, hidden }: { readonly users: Int32Array; readonly hidden: Int32Array },
  target = new Float32Array(users.length * recommender.products),
): Float32Array {
  users.forEach((user, row) => {
    const owned = without(items.subarray(offsets[user], offsets[user + 1]), hidden[row]);
    recommender.probabilities(owned, target, row * recommender.products);
  });
  return target;
}
