import type { Task } from '../engine.js';
import { type Evaluated, minimise } from './minimise.js';

/** What members say of users that they have not learnt from, and what is true. */
export interface MemberScores {
  readonly task: Task;
  readonly rows: number;
  /** 1 for risk. */
  readonly outputs: number;
  /** One array a member, (rows × outputs), as scoreOf gives them. */
  readonly scores: readonly Float32Array[];
  /** Risk: 0 or 1. Interest: the product that was hidden. */
  readonly targets: ArrayLike<number>;
  /** Interest: (rows × outputs), 1 for what may be the answer. */
  readonly open?: Uint8Array;
}

export interface Combination {
  /** One for each member, 0 or more. */
  readonly weights: readonly number[];
  /** Risk: of the log-odds. */
  readonly intercept: number;
  /** The likeliest strength at which weights are held at 1 ÷ members. */
  readonly shrinkage: number;
  /** Mean log loss of the rows at that strength, each by weights that were found without it. */
  readonly loss: number;
}

const SHRINKAGES = [1, 10, 100, 1000, 10_000, 100_000];
const FOLDS = 5;

/**
 * How to add up members' scores: non-negative weights that make what was true most probable, held at the plain mean by a penalty
 * ½ · shrinkage · variance · Σ (weight − 1/members)². Its strength is found by cross-fitting over the rows: the weights of all strengths are averaged by
 * the likelihood that each gives the rows that it has not seen (pseudo Bayesian model averaging: Yao et al. 2018), for where rows are few, the
 * best of several strengths is chance. Convex, and nothing is random.
 */
export function combine(members: MemberScores, checkpoint: () => void = () => undefined): Combination {
  const all = Int32Array.from({ length: members.rows }, (_, row) => row);
  const variance = varianceOf(members);
  const found = (rows: Int32Array, shrinkage: number): Float64Array => {
    checkpoint();
    return fit(members, rows, shrinkage * variance);
  };
  const losses = SHRINKAGES.map((shrinkage) => {
    let loss = 0;
    for (let fold = 0; fold < FOLDS; fold++) {
      const parameters = found(
        all.filter((row) => row % FOLDS !== fold),
        shrinkage,
      );
      loss += lossOf(
        members,
        all.filter((row) => row % FOLDS === fold),
        parameters,
      ).value;
    }
    return loss;
  });
  const least = Math.min(...losses);
  // What is a million times less likely has no part.
  const likelihoods = losses.map((loss) => Math.exp(least - loss)).map((value) => (value < 1e-6 ? 0 : value));
  const total = likelihoods.reduce((sum, value) => sum + value, 0);
  const each = SHRINKAGES.map((shrinkage) => found(all, shrinkage));
  const parameters = each[0].map((_, place) =>
    each.reduce((sum, own, index) => sum + (likelihoods[index] / total) * own[place], 0),
  );
  const count = members.scores.length;
  return {
    weights: [...parameters.subarray(0, count)],
    intercept: members.task === 'risk' ? parameters[count] : 0,
    shrinkage: SHRINKAGES[losses.indexOf(least)],
    loss: least / members.rows,
  };
}

/** Mean log loss of what a combination says. */
export function meanLossOf(members: MemberScores, weights: readonly number[], intercept = 0): number {
  const parameters = Float64Array.from(members.task === 'risk' ? [...weights, intercept] : weights);
  const rows = Int32Array.from({ length: members.rows }, (_, row) => row);
  return lossOf(members, rows, parameters).value / members.rows;
}

function fit(members: MemberScores, rows: Int32Array, penalty: number): Float64Array {
  const count = members.scores.length;
  const size = members.task === 'risk' ? count + 1 : count;
  const start = new Float64Array(size).fill(1 / count, 0, count);
  const penalised = (parameters: Float64Array): Evaluated => {
    const { value, gradient, hessian } = lossOf(members, rows, parameters);
    let sum = value;
    for (let m = 0; m < count; m++) {
      const apart = parameters[m] - 1 / count;
      sum += (penalty / 2) * apart ** 2;
      gradient[m] += penalty * apart;
      hessian[m * size + m] += penalty;
    }
    return { value: sum, gradient, hessian };
  };
  return minimise(penalised, start, count);
}

const lossOf = (members: MemberScores, rows: Int32Array, parameters: Float64Array): Evaluated =>
  members.task === 'risk' ? logistic(members, rows, parameters) : conditional(members, rows, parameters);

/** Sum of log losses of log-odds = Σ weight · score + intercept. */
function logistic({ scores, targets }: MemberScores, rows: Int32Array, parameters: Float64Array): Evaluated {
  const { exp, log1p } = Math;
  const size = parameters.length;
  const gradient = new Float64Array(size);
  // The intercept alone may be free, and its curvature 0 where every probability is rounded to 0 or 1.
  const hessian = new Float64Array(size * size);
  hessian[size * size - 1] = 1e-9;
  const input = new Float64Array(size).fill(1);
  let value = 0;
  for (const row of rows) {
    let odds = 0;
    for (let m = 0; m < scores.length; m++) input[m] = scores[m][row];
    for (let k = 0; k < size; k++) odds += parameters[k] * input[k];
    const signed = targets[row] === 1 ? odds : -odds;
    value += signed > 0 ? log1p(exp(-signed)) : log1p(exp(signed)) - signed;
    const probability = 1 / (1 + exp(-odds));
    const residual = probability - targets[row];
    const curvature = probability * (1 - probability);
    for (let k = 0; k < size; k++) {
      gradient[k] += residual * input[k];
      for (let j = 0; j <= k; j++) hessian[k * size + j] += curvature * input[k] * input[j];
    }
  }
  return { value, gradient, hessian };
}

/** Sum of −log softmax of the products that were hidden (a conditional logit: McFadden 1974). */
function conditional(
  { scores, targets, open, outputs }: MemberScores,
  rows: Int32Array,
  parameters: Float64Array,
): Evaluated {
  const { exp, log } = Math;
  const size = parameters.length;
  const gradient = new Float64Array(size);
  const hessian = new Float64Array(size * size);
  for (let m = 0; m < size; m++) hessian[m * size + m] = 1e-9;
  const sums = new Float64Array(outputs);
  const mean = new Float64Array(size);
  let value = 0;
  for (const row of rows) {
    const base = row * outputs;
    let highest = Number.NEGATIVE_INFINITY;
    for (let product = 0; product < outputs; product++) {
      if (open?.[base + product] === 0) continue;
      let sum = 0;
      for (let m = 0; m < size; m++) sum += parameters[m] * scores[m][base + product];
      sums[product] = sum;
      if (sum > highest) highest = sum;
    }
    let total = 0;
    const wanted = sums[targets[row]];
    for (let product = 0; product < outputs; product++) {
      sums[product] = open?.[base + product] === 0 ? 0 : exp(sums[product] - highest);
      total += sums[product];
    }
    value += log(total) + highest - wanted;
    mean.fill(0);
    const negligible = 1e-12 * total;
    for (let product = 0; product < outputs; product++) {
      if (sums[product] <= negligible) continue;
      const probability = sums[product] / total;
      for (let m = 0; m < size; m++) {
        const own = scores[m][base + product];
        mean[m] += probability * own;
        for (let k = 0; k <= m; k++) hessian[m * size + k] += probability * own * scores[k][base + product];
      }
    }
    for (let m = 0; m < size; m++) {
      gradient[m] += mean[m] - scores[m][base + targets[row]];
      for (let k = 0; k <= m; k++) hessian[m * size + k] -= mean[m] * mean[k];
    }
  }
  return { value, gradient, hessian };
}

/** Of the members' mean score, over what may be the answer: what makes a penalty mean the same whatever the data. */
function varianceOf({ scores, open }: MemberScores): number {
  let [count, sum, squares] = [0, 0, 0];
  for (let place = 0; place < scores[0].length; place++) {
    if (open?.[place] === 0) continue;
    const mean = scores.reduce((total, own) => total + own[place], 0) / scores.length;
    count++;
    sum += mean;
    squares += mean ** 2;
  }
  return Math.max(1e-9, squares / count - (sum / count) ** 2);
}
