import type { LossDistribution } from './loss-distribution.js';

const { ceil, exp, expm1, floor, log, max, min } = Math;

/** A privacy loss on a grid: probabilities[i] at the loss (first + i)·step, and `infinite` beyond all. */
export interface DiscretisedLoss {
  readonly step: number;
  readonly first: number;
  readonly probabilities: Float64Array;
  readonly infinite: number;
}

/** Above this loss e^loss is not worth a number: all goes to the upper end of its interval. */
const EXPONENT_LIMIT = 600;

/**
 * Connect-the-dots (Doroshenko, Ghazi, Kamath, Kumar, Manurangsi 2022, "Connect the dots: tighter discrete approximations of privacy loss
 * distributions"): the mass of each interval goes to its two ends such that both P and Q keep theirs. The hockey-stick curve of the result
 * goes through the true one at every grid point, and is straight in e^ε between: an upper bound, close to second order in the step.
 * @param tail mass that may be rounded up at each side
 */
export function discretise(distribution: LossDistribution, step: number, tail: number): DiscretisedLoss {
  const { low, high } = distribution.range(tail);
  const first = floor((low / step) * (1 - 1e-13));
  const count = ceil((high / step) * (1 - 1e-13)) - first + 1;
  // Ends that are grid points but for rounding are taken as such: atoms lie there.
  const { p, q, above } = distribution.masses(first * step, step, count);
  const probabilities = new Float64Array(count);
  // Nothing is known of where the mass below the grid lies: it is rounded up to its lower end.
  probabilities[0] = p[0];
  const scale = 1 / -expm1(-step);
  for (let i = 1; i < count; i++) {
    const lower = (first + i - 1) * step;
    const share = lower > EXPONENT_LIMIT ? p[i] : (p[i] - exp(lower) * q[i]) * scale;
    const upper = min(p[i], max(0, share));
    probabilities[i] += upper;
    probabilities[i - 1] += p[i] - upper;
  }
  return { step, first, probabilities, infinite: max(0, above) };
}

export interface Moments {
  readonly mean: number;
  readonly variance: number;
}

/** Of the finite part. */
export function momentsOf({ step, first, probabilities }: DiscretisedLoss): Moments {
  let mass = 0;
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < probabilities.length; i++) {
    const loss = (first + i) * step;
    mass += probabilities[i];
    sum += probabilities[i] * loss;
    squares += probabilities[i] * loss * loss;
  }
  const mean = sum / mass;
  return { mean, variance: max(0, squares / mass - mean * mean) };
}

/** Below this the sum has lost terms to underflow. */
const LEAST_SUM = 1e-280;

/** ln E[e^(λ·loss)] of the finite part. */
export function cumulant(loss: DiscretisedLoss, lambda: number): number {
  const { step, first, probabilities } = loss;
  const last = first + probabilities.length - 1;
  const reference = lambda * step * (lambda > 0 ? last : first);
  let sum = 0;
  for (let i = 0; i < probabilities.length; i++)
    if (probabilities[i] > 0) sum += probabilities[i] * exp(lambda * step * (first + i) - reference);
  return sum > LEAST_SUM ? log(sum) + reference : cumulantByLogarithms(loss, lambda);
}

/** The same where the largest terms are far from the end of the grid: dearer by a logarithm a point. */
function cumulantByLogarithms({ step, first, probabilities }: DiscretisedLoss, lambda: number): number {
  const termOf = (i: number) => log(probabilities[i]) + lambda * step * (first + i);
  let most = -Infinity;
  for (let i = 0; i < probabilities.length; i++) most = max(most, termOf(i));
  let sum = 0;
  for (let i = 0; i < probabilities.length; i++) sum += exp(termOf(i) - most);
  return log(sum) + most;
}
