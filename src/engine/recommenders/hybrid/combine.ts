import { createSmallCholesky } from '../matrix/small-cholesky.js';
import type { Checkpoint } from '../recommender.js';

/** Scores of several recommenders for some users, of each of whom one product is hidden and is to be found. */
export interface ScoredUsers {
  readonly users: number;
  readonly products: number;
  /** One array a recommender, (users × products). */
  readonly scores: readonly Float64Array[];
  /** (users × products), 1 for what the user does not show. */
  readonly open: Uint8Array;
  /** The hidden product of each user. */
  readonly targets: Int32Array;
}

export interface Combination {
  /** One for each recommender: logit = Σ weight · score. */
  readonly weights: readonly number[];
  /** Mean of −log softmax of the hidden products. */
  readonly loss: number;
}

/** Strength of the penalty ½·penalty·Σ weight² on the sum of losses, of scores of variance 1. */
const PENALTY = 1;
const ITERATIONS = 50;
/** Of the mean loss: where less is to be gained, the weights are found. */
const LEAST_GAIN = 1e-8;

/**
 * How to add up scores so that their softmax over the products not shown is the probability of the one that was hidden: a conditional
 * logit (McFadden 1974), convex, by Newton's method with halved steps. Nothing is random. With one recommender this is its
 * temperature.
 */
export function fitCombination(scored: ScoredUsers, checkpoint: Checkpoint = () => undefined): Combination {
  const scales = scored.scores.map((scores) => deviationOf(scores, scored.open));
  let weights = new Float64Array(scales.length);
  let current = evaluate(scored, scales, weights);
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    checkpoint(iteration / ITERATIONS);
    const step = newtonStep(current);
    // Half of it is what the loss can fall, were it a parabola.
    const decrement = step.reduce((sum, value, index) => sum + value * current.gradient[index], 0);
    if (!(decrement > LEAST_GAIN * scored.users)) break;
    const next = descend(scored, scales, { from: current, weights, step });
    if (!next) break;
    ({ weights } = next);
    current = next.evaluated;
  }
  const penalty = weights.reduce((sum, weight) => sum + (PENALTY / 2) * weight ** 2, 0);
  return {
    weights: Array.from(weights, (weight, index) => weight * scales[index]),
    loss: (current.loss - penalty) / Math.max(1, scored.users),
  };
}

/** Along a step, halved until the loss falls; undefined where it does not, for rounding. */
function descend(
  scored: ScoredUsers,
  scales: readonly number[],
  { from, weights, step }: { from: Evaluated; weights: Float64Array<ArrayBuffer>; step: Float64Array },
): { readonly weights: Float64Array<ArrayBuffer>; readonly evaluated: Evaluated } | undefined {
  for (let length = 1; length > 1e-4; length /= 2) {
    const moved = weights.map((weight, index) => weight - length * step[index]);
    const evaluated = evaluate(scored, scales, moved);
    if (evaluated.loss < from.loss) return { weights: moved, evaluated };
  }
  return undefined;
}

/** 1 / standard deviation of what may be chosen; 0 where all are equal. */
function deviationOf(scores: Float64Array, open: Uint8Array): number {
  let [count, sum] = [0, 0];
  for (let place = 0; place < scores.length; place++) {
    if (open[place] === 0) continue;
    count++;
    sum += scores[place];
  }
  const mean = sum / count;
  let squares = 0;
  for (let place = 0; place < scores.length; place++) if (open[place] === 1) squares += (scores[place] - mean) ** 2;
  return squares > 0 ? 1 / Math.sqrt(squares / count) : 0;
}

interface Evaluated {
  readonly loss: number;
  readonly gradient: Float64Array;
  /** Row by row, lower triangle. */
  readonly hessian: Float64Array;
}

function evaluate(scored: ScoredUsers, scales: readonly number[], weights: Float64Array): Evaluated {
  const { exp, log } = Math;
  const { users, products, scores, open, targets } = scored;
  const members = scores.length;
  const gradient = weights.map((weight) => PENALTY * weight);
  const hessian = new Float64Array(members * members);
  for (let m = 0; m < members; m++) hessian[m * members + m] = PENALTY;
  let loss = weights.reduce((sum, weight) => sum + (PENALTY / 2) * weight ** 2, 0);
  const factors = weights.map((weight, m) => weight * scales[m]);
  /** Logits, then their exponentials, of which closed products have none. */
  const odds = new Float64Array(products);
  const mean = new Float64Array(members);
  const value = new Float64Array(members);
  for (let user = 0; user < users; user++) {
    const base = user * products;
    odds.fill(0);
    for (let m = 0; m < members; m++) {
      const own = scores[m];
      const factor = factors[m];
      for (let product = 0; product < products; product++) odds[product] += factor * own[base + product];
    }
    let highest = Number.NEGATIVE_INFINITY;
    for (let product = 0; product < products; product++)
      if (open[base + product] === 1 && odds[product] > highest) highest = odds[product];
    const wanted = odds[targets[user]] - highest;
    let total = 0;
    for (let product = 0; product < products; product++) {
      odds[product] = open[base + product] === 1 ? exp(odds[product] - highest) : 0;
      total += odds[product];
    }
    loss += log(total) - wanted;
    mean.fill(0);
    const negligible = 1e-12 * total;
    for (let product = 0; product < products; product++) {
      if (odds[product] <= negligible) continue;
      const probability = odds[product] / total;
      for (let m = 0; m < members; m++) {
        value[m] = scales[m] * scores[m][base + product];
        mean[m] += probability * value[m];
        for (let k = 0; k <= m; k++) hessian[m * members + k] += probability * value[m] * value[k];
      }
    }
    for (let m = 0; m < members; m++) {
      gradient[m] += mean[m] - scales[m] * scores[m][base + targets[user]];
      for (let k = 0; k <= m; k++) hessian[m * members + k] -= mean[m] * mean[k];
    }
  }
  return { loss, gradient, hessian };
}

function newtonStep({ gradient, hessian }: Evaluated): Float64Array {
  const system = createSmallCholesky(gradient.length);
  system.matrix.set(hessian);
  system.factor();
  const step = gradient.slice();
  system.forward(step);
  system.backward(step);
  return step;
}
