import { createRandom, type Random } from '../layers/random.js';
import type { RecommenderModel } from './model.js';
import type { OpenRecommender } from './predict.js';
import { WIDE } from './settings.js';

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
/** The same for wide catalogues, where each product shown costs a millisecond to score. */
const WIDE_ORDERS = 2;

/** Players of whom every coalition is scored, so that nothing is sampled. */
const EXACT = 7;
const WIDE_EXACT = 4;

/** Log-odds of the only product that is left. */
const CERTAIN = 36;

/**
 * Why products have their probabilities: Shapley values of the products owned, exactly of up to 7, by permutation sampling of more. What each
 * order adds from nothing to all leads from base to score without a rest, so that the sum is exact for any number of orders. The products that
 * may be recommended stay the same throughout. One that is owned is explained as it is scored: as one more candidate. All of them are explained
 * by the same scores, so that ten take hardly longer than one.
 * @param asked products to explain
 */
export function explainRecommendations(
  model: RecommenderModel,
  recommender: OpenRecommender,
  owned: Int32Array,
  asked: readonly number[],
  seed = 1,
): RecommenderExplanation[] {
  const players = playersOf(model, recommender, owned, asked);
  const logits = new Float64Array(recommender.products);
  const oddsOf = (shown: Int32Array): Float64Array => {
    recommender.logits(shown, logits);
    return logOddsAmong(logits, owned, asked);
  };
  const wide = recommender.products > WIDE;
  const values =
    players.length <= (wide ? WIDE_EXACT : EXACT)
      ? enumerate(players, oddsOf)
      : telescope(players, oddsOf, createRandom(seed).fork('orders'), wide ? WIDE_ORDERS : ORDERS);
  return asked.map((_, place) => ({
    base: values.base[place],
    score: values.score[place],
    contributions: players
      .map((products, player) => ({ products, contribution: values.contributions[player][place] }))
      .sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution)),
  }));
}

/** Log-odds of some products by softmax over all that are not owned; of an owned one as if it were one more of them. */
function logOddsAmong(logits: Float64Array, owned: Int32Array, asked: readonly number[]): Float64Array {
  const isOwned = new Uint8Array(logits.length);
  for (const item of owned) isOwned[item] = 1;
  let highest = Number.NEGATIVE_INFINITY;
  for (let item = 0; item < logits.length; item++) if (!isOwned[item] && logits[item] > highest) highest = logits[item];
  const { exp, log } = Math;
  let total = 0;
  for (let item = 0; item < logits.length; item++) if (!isOwned[item]) total += exp(logits[item] - highest);
  return Float64Array.from(asked, (product) => {
    const own = isOwned[product] ? 0 : exp(logits[product] - highest);
    // What is left of a sum without its largest part is rounded: then it is added up again.
    const rest = own < total / 2 ? total - own : sumWithout(logits, isOwned, highest, product);
    return rest > 0 ? logits[product] - highest - log(rest) : CERTAIN;
  });
}

function sumWithout(logits: Float64Array, isOwned: Uint8Array, highest: number, left: number): number {
  const { exp } = Math;
  let total = 0;
  for (let item = 0; item < logits.length; item++)
    if (!isOwned[item] && item !== left) total += exp(logits[item] - highest);
  return total;
}

interface ShapleyValues {
  readonly base: Float64Array;
  readonly score: Float64Array;
  /** One for each player. */
  readonly contributions: readonly Float64Array[];
}

type ValuesOf = (shown: Int32Array) => Float64Array;

/** What each player adds to every coalition of the others, weighted (Shapley 1953). */
function enumerate(players: readonly Int32Array[], valuesOf: ValuesOf): ShapleyValues {
  const count = players.length;
  const all = 2 ** count - 1;
  const values = Array.from({ length: all + 1 }, (_, coalition) =>
    valuesOf(Int32Array.from(players.flatMap((player, place) => ((coalition >> place) & 1 ? [...player] : []))).sort()),
  );
  const sizeOf = (coalition: number): number => (coalition === 0 ? 0 : (coalition & 1) + sizeOf(coalition >> 1));
  // size! (count − size − 1)! / count!, by which the weights of a size and those of the next are in proportion.
  const weights = [1 / Math.max(1, count)];
  for (let size = 1; size < count; size++) weights.push((weights[size - 1] * size) / (count - size));
  const contributions = players.map((_, place) => {
    const sum = new Float64Array(values[0].length);
    for (let coalition = 0; coalition <= all; coalition++) {
      if ((coalition >> place) & 1) continue;
      const weight = weights[sizeOf(coalition)];
      const [before, after] = [values[coalition], values[coalition | (1 << place)]];
      for (let product = 0; product < sum.length; product++)
        sum[product] += weight * (after[product] - before[product]);
    }
    return sum;
  });
  return { base: values[0], score: values[all], contributions };
}

/** Mean of what each player adds over orders and their reverses. */
function telescope(players: readonly Int32Array[], valuesOf: ValuesOf, random: Random, orders: number): ShapleyValues {
  const base = valuesOf(new Int32Array(0));
  const score = valuesOf(Int32Array.from(players.flatMap((player) => [...player])).sort());
  const sums = players.map(() => new Float64Array(base.length));
  const order = Int32Array.from(players.keys());
  const several = players.length > 1;
  const draws = several ? orders : players.length;
  for (let draw = 0; draw < draws; draw++) {
    random.shuffle(order);
    for (const each of several ? [order, order.toReversed()] : [order]) {
      let before = base;
      let shown: number[] = [];
      each.forEach((player, place) => {
        shown = [...shown, ...players[player]];
        const after = place === each.length - 1 ? score : valuesOf(Int32Array.from(shown).sort());
        for (let product = 0; product < base.length; product++)
          sums[player][product] += after[product] - before[product];
        before = after;
      });
    }
  }
  const times = several ? 2 * draws : 1;
  return { base, score, contributions: sums.map((sum) => sum.map((value) => value / times)) };
}

/** Products owned, one by one, or where they are many those that the scores of the products asked for owe most to, and the rest. */
export function playersOf(
  { members }: RecommenderModel,
  recommender: OpenRecommender,
  owned: Int32Array,
  asked: readonly number[],
): Int32Array[] {
  if (owned.length <= PLAYERS) return Array.from(owned, (item) => Int32Array.of(item));
  const parts = new Float64Array(owned.length);
  for (const product of asked) {
    recommender.members.forEach((member, place) => {
      const own = member.explain?.(owned, product);
      const most = own?.reduce((highest, part) => Math.max(highest, Math.abs(part)), 0);
      // Each member's parts in a unit of their own, by its weight.
      if (own && most)
        own.forEach((part, item) => {
          parts[item] += (Math.abs(members[place].weight) * Math.abs(part)) / most;
        });
    });
  }
  const order = Array.from(owned.keys()).sort((a, b) => parts[b] - parts[a] || a - b);
  const apart = order.slice(0, PLAYERS - 1).map((place) => Int32Array.of(owned[place]));
  const rest = Int32Array.from(order.slice(PLAYERS - 1), (place) => owned[place]).sort();
  return [...apart, rest];
}
