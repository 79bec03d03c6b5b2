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
  /** How strongly weights are held at 1 ÷ members. */
  readonly shrinkage: number;
  /** Mean log loss of the rows, each by weights that were found without it. */
  readonly loss: number;
}

const SHRINKAGES = [1, 10, 100, 1000, 10_000, 100_000];
const FOLDS = 5;

/**
 * How to add up members' scores: non-negative weights that make what was true most probable, held at the plain mean by a penalty
 * ½ · shrinkage · variance · Σ (weight − 1/members)². Its strength is chosen by cross-fitting over the rows: the strongest that is no more than a
 * standard error worse than the best, for where rows are few, differences between weights are chance. Convex, and nothing is random.
 */
export function combine(members: MemberScores, checkpoint: () => void = () => undefined): Combination {
  const all = Int32Array.from({ length: members.rows }, (_, row) => row);
  const variance = varianceOf(members);
  const found = (rows: Int32Array, shrinkage: number): Float64Array => {
    checkpoint();
    return fit(members, rows, shrinkage * variance);
  };
  const losses = SHRINKAGES.map((shrinkage) => {
    const each = new Float64Array(members.rows);
    for (let fold = 0; fold < FOLDS; fold++) {
      const parameters = found(
        all.filter((row) => row % FOLDS !== fold),
        shrinkage,
      );
      for (let row = fold; row < members.rows; row += FOLDS)
        each[row] = lossOf(members, Int32Array.of(row), parameters).value;
    }
    return each;
  });
  const chosen = strongest(losses);
  const parameters = found(all, SHRINKAGES[chosen]);
  const count = members.scores.length;
  return {
    weights: [...parameters.subarray(0, count)],
    intercept: members.task === 'risk' ? parameters[count] : 0,
    shrinkage: SHRINKAGES[chosen],
    loss: meanOf(losses[chosen]),
  };
}

/** The last of some choices whose losses are not worse than the best's by more than a standard error of the difference, row by row. */
function strongest(losses: readonly Float64Array[]): number {
  const means = losses.map(meanOf);
  const best = means.indexOf(Math.min(...means));
  const isAsGood = (choice: number): boolean => {
    const apart = losses[choice].map((loss, row) => loss - losses[best][row]);
    const mean = meanOf(apart);
    const variance = meanOf(apart.map((value) => (value - mean) ** 2));
    return mean <= Math.sqrt(variance / apart.length);
  };
  return Math.max(...[...losses.keys()].filter(isAsGood));
}

const meanOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

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
