import type { Link } from './ensemble.js';
import type { RowSets } from './matrix.js';

/** What trees are boosted for. Raw scores are outputs × rows, as derivatives are: one output's lie together. */
export interface Objective {
  readonly link: Link;
  readonly outputs: number;
  /** Sum of the rows' weights. */
  readonly weight: number;
  /** Raw scores of a model that knows no row: what lowers the loss most. */
  base(): Float32Array;
  /** First and second derivatives of the loss by the raw scores. A row of weight or hessian 0 teaches nothing. */
  derive(scores: Float64Array, gradients: Float32Array, hessians: Float32Array): void;
  /** Weighted mean of the loss. */
  loss(scores: Float64Array): number;
}

/** Keeps a certain prediction that is wrong from costing infinity. */
const EPSILON = 1e-12;

const sumOf = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0);

/** Log loss of a yes or no. @param targets 0 or 1 */
export function logistic(targets: Float32Array, weights: Float32Array): Objective {
  const { exp, log, max } = Math;
  const weight = sumOf(weights);
  return {
    link: 'logistic',
    outputs: 1,
    weight,
    base() {
      const events = targets.reduce((sum, target, row) => sum + target * weights[row], 0);
      const share = Math.min(1 - 1e-6, max(1e-6, events / weight));
      return Float32Array.of(log(share / (1 - share)));
    },
    derive(scores, gradients, hessians) {
      for (let row = 0; row < targets.length; row++) {
        const probability = 1 / (1 + exp(-scores[row]));
        gradients[row] = weights[row] * (probability - targets[row]);
        hessians[row] = weights[row] * max(1e-16, probability * (1 - probability));
      }
    },
    loss(scores) {
      let sum = 0;
      for (let row = 0; row < targets.length; row++) {
        const probability = 1 / (1 + exp(-scores[row]));
        sum -= weights[row] * log(max(EPSILON, targets[row] === 1 ? probability : 1 - probability));
      }
      return sum / weight;
    },
  };
}

/** Half the squared error. */
export function squared(targets: Float32Array, weights: Float32Array): Objective {
  const weight = sumOf(weights);
  return {
    link: 'identity',
    outputs: 1,
    weight,
    base: () => Float32Array.of(targets.reduce((sum, target, row) => sum + target * weights[row], 0) / weight),
    derive(scores, gradients, hessians) {
      for (let row = 0; row < targets.length; row++) {
        gradients[row] = weights[row] * (scores[row] - targets[row]);
        hessians[row] = weights[row];
      }
    },
    loss(scores) {
      let sum = 0;
      for (let row = 0; row < targets.length; row++) sum += (weights[row] * (scores[row] - targets[row]) ** 2) / 2;
      return sum / weight;
    },
  };
}

export interface Classes {
  /** Class of each row. */
  readonly targets: Int32Array;
  readonly weights: Float32Array;
  readonly classes: number;
  /** Classes that cannot be a row's answer: its members. */
  readonly closed: RowSets;
}

/**
 * Log loss of one class of several, by one tree a class and round. Classes that are closed to a row have no share in its softmax, and their trees
 * don't learn from it. Hessians are the diagonal times K / (K − 1) (Friedman 2001).
 */
export function softmax({ targets, weights, classes, closed }: Classes): Objective {
  const { exp, log, max } = Math;
  const rows = targets.length;
  const weight = sumOf(weights);
  const factor = classes / (classes - 1);
  const shares = new Float64Array(classes);
  const isClosed = new Uint8Array(classes);
  const mark = (row: number, value: number) => {
    for (let item = closed.offsets[row]; item < closed.offsets[row + 1]; item++) isClosed[closed.items[item]] = value;
  };
  /** Puts the probabilities of a row into shares. */
  const fill = (scores: Float64Array, row: number) => {
    let highest = Number.NEGATIVE_INFINITY;
    for (let each = 0, at = row; each < classes; each++, at += rows) {
      shares[each] = isClosed[each] === 0 ? scores[at] : Number.NEGATIVE_INFINITY;
      if (shares[each] > highest) highest = shares[each];
    }
    let sum = 0;
    for (let each = 0; each < classes; each++) {
      shares[each] = exp(shares[each] - highest);
      sum += shares[each];
    }
    for (let each = 0; each < classes; each++) shares[each] /= sum;
  };
  return {
    link: 'softmax',
    outputs: classes,
    weight,
    base() {
      const counts = new Float64Array(classes).fill(0.5);
      for (let row = 0; row < rows; row++) counts[targets[row]] += weights[row];
      return Float32Array.from(counts, (count) => log(count / (weight + classes / 2)));
    },
    derive(scores, gradients, hessians) {
      for (let row = 0; row < rows; row++) {
        mark(row, 1);
        fill(scores, row);
        for (let each = 0; each < classes; each++) {
          const share = shares[each];
          gradients[each * rows + row] = weights[row] * share;
          hessians[each * rows + row] =
            isClosed[each] === 1 ? 0 : factor * weights[row] * max(1e-16, share * (1 - share));
        }
        mark(row, 0);
        gradients[targets[row] * rows + row] -= weights[row];
      }
    },
    loss(scores) {
      let sum = 0;
      for (let row = 0; row < rows; row++) {
        mark(row, 1);
        fill(scores, row);
        mark(row, 0);
        sum -= weights[row] * log(max(EPSILON, shares[targets[row]]));
      }
      return sum / weight;
    },
  };
}
