import { createRandom } from '../layers/random.js';
import type { RecommenderModel } from './model.js';
import type { OpenRecommender } from './predict.js';

export interface OwnedContribution {
  /** Products owned: one, or those that are not told apart. */
  readonly products: Int32Array;
  readonly contribution: number;
}

export interface RecommenderExplanation {
  /** Log-odds for a user who owns nothing. */
  readonly base: number;
  /** Log-odds of the probability that is served: base and all contributions. */
  readonly score: number;
  /** Largest first by absolute value. */
  readonly contributions: readonly OwnedContribution[];
}

/** Products owned that are told apart, those that the members' scores owe most to; of more the rest are one. */
const PLAYERS = 20;
/** Orders in which the products come in, each with its reverse. */
const ORDERS = 8;

/** Log-odds of the only product that is left. */
const CERTAIN = 36;

/**
 * Why a product has its probability: Shapley values of the products owned, by permutation sampling. What each order adds from nothing to
 * all leads from base to score without a rest, so that the sum is exact for any number of orders. The products that may be
 * recommended stay the same throughout. One that is owned is explained as it is scored: as one more candidate.
 */
export function explainRecommendation(
  model: RecommenderModel,
  recommender: OpenRecommender,
  owned: Int32Array,
  product: number,
  seed = 1,
): RecommenderExplanation {
  const players = playersOf(model, recommender, owned, product);
  const isCandidate = new Uint8Array(recommender.products).fill(1);
  for (const item of owned) isCandidate[item] = 0;
  isCandidate[product] = 0;
  const logits = new Float64Array(recommender.products);
  const logOdds = (shown: Int32Array): number => {
    recommender.logits(shown, logits);
    let highest = Number.NEGATIVE_INFINITY;
    for (let item = 0; item < logits.length; item++)
      if (isCandidate[item] && logits[item] > highest) highest = logits[item];
    let total = 0;
    for (let item = 0; item < logits.length; item++) if (isCandidate[item]) total += Math.exp(logits[item] - highest);
    return total > 0 ? logits[product] - highest - Math.log(total) : CERTAIN;
  };
  const base = logOdds(new Int32Array(0));
  const score = logOdds(owned);
  const sums = new Float64Array(players.length);
  const random = createRandom(seed).fork('orders');
  const order = Int32Array.from(players.keys());
  const orders = players.length > 1 ? ORDERS : players.length;
  for (let draw = 0; draw < orders; draw++) {
    random.shuffle(order);
    for (const each of players.length > 1 ? [order, order.toReversed()] : [order]) {
      let before = base;
      let shown: number[] = [];
      each.forEach((player, place) => {
        shown = [...shown, ...players[player]];
        const after = place === each.length - 1 ? score : logOdds(Int32Array.from(shown).sort());
        sums[player] += after - before;
        before = after;
      });
    }
  }
  const times = players.length > 1 ? 2 * orders : 1;
  return {
    base,
    score,
    contributions: players
      .map((products, player) => ({ products, contribution: sums[player] / times }))
      .sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution)),
  };
}

function playersOf(
  { members }: RecommenderModel,
  recommender: OpenRecommender,
  owned: Int32Array,
  product: number,
): Int32Array[] {
  if (owned.length <= PLAYERS) return Array.from(owned, (item) => Int32Array.of(item));
  const parts = new Float64Array(owned.length);
  recommender.members.forEach((member, place) => {
    const own = member.explain?.(owned, product);
    const most = own?.reduce((highest, part) => Math.max(highest, Math.abs(part)), 0);
    // Each member's parts in a unit of their own, by its weight.
    if (own && most)
      own.forEach((part, item) => {
        parts[item] += (Math.abs(members[place].weight) * part) / most;
      });
  });
  const order = Array.from(owned.keys()).sort((a, b) => Math.abs(parts[b]) - Math.abs(parts[a]) || a - b);
  const apart = order.slice(0, PLAYERS - 1).map((place) => Int32Array.of(owned[place]));
  const rest = Int32Array.from(order.slice(PLAYERS - 1), (place) => owned[place]).sort();
  return [...apart, rest];
}
