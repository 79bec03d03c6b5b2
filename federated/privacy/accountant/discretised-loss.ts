import type { LossDistribution } from './loss-distribution.js';

const { ceil, exp, expm1, floor, log, max, min } = Math;

/** A privacy loss on a grid: probabilities[i] at the loss (first + i)·step, and `infinite` beyond all. */
export interface DiscretisedLoss {
  readonly step: number;
  readonly first: number;
  readonly probabilities: Float64Array;
  readonly infinite: number;
}

/**
 * Connect-the-dots (Doroshenko, Ghazi, Kamath, Kumar, Manurangsi 2022, "Connect the dots: tighter discrete approximations of privacy loss
 * distributions"): the mass of each interval goes to its two ends such that both P and Q keep theirs. The hockey-stick curve of the result
 * goes through the true one at every grid point, and is straight in e^ε between: an upper bound, close to second order in the step.
 * @param low, high the part of the line that is kept: what is below goes up to its lower end, what is above is infinite
 */
export function discretise(
  distribution: LossDistribution,
  { low, high }: { readonly low: number; readonly high: number },
  step: number,
): DiscretisedLoss {
  const first = floor(low / step);
  // One point more than needed: rounding must not push an atom at the upper end beyond the grid.
  const count = ceil(high / step) - first + 2;
  const { p, q, above } = distribution.masses(first * step, step, count);
  const probabilities = new Float64Array(count);
  probabilities[0] = p[0];
  const scale = 1 / -expm1(-step);
  for (let i = 1; i < count; i++) {
    const upper = min(p[i], max(0, (p[i] - q[i]) * scale));
    probabilities[i] += upper;
    probabilities[i - 1] += p[i] - upper;
  }
  return { step, first, probabilities, infinite: max(0, above) };
}

/** Below this the sum has lost terms to underflow. */
const LEAST_SUM = 1e-280;

/**
 * The finite part as a distribution of its own, each mass times e^(λ·loss − cumulant): "exponential tilting" puts the mass where the loss
 * is about ε, so that what matters is large beside the rounding errors of a transform, however small δ is.
 * @returns the masses, and the cumulant ln E[e^(λ·loss)] of the finite part
 */
export function tilted(
  { step, first, probabilities }: DiscretisedLoss,
  lambda: number,
): { readonly masses: Float64Array; readonly cumulant: number } {
  const masses = new Float64Array(probabilities.length);
  const top = probabilities.length - 1;
  const rate = lambda * step;
  let reference = rate * (first + top);
  let sum = 0;
  for (let i = 0; i <= top; i++) {
    masses[i] = probabilities[i] * exp(rate * (i - top));
    sum += masses[i];
  }
  if (!(sum > LEAST_SUM)) {
    // The largest terms are far from the upper end: by logarithms, then.
    reference = -Infinity;
    for (let i = 0; i <= top; i++) {
      masses[i] = log(probabilities[i]) + rate * (first + i);
      reference = max(reference, masses[i]);
    }
    sum = 0;
    for (let i = 0; i <= top; i++) {
      masses[i] = exp(masses[i] - reference);
      sum += masses[i];
    }
  }
  for (let i = 0; i <= top; i++) masses[i] /= sum;
  return { masses, cumulant: log(sum) + reference };
}
