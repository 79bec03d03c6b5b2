import type { Mechanism } from '../mechanism.js';
import { epsilon, requireDelta } from './epsilon.js';

export interface Target {
  /** More than 0. */
  readonly epsilon: number;
  readonly delta: number;
  /** What has been released already, and counts too. */
  readonly spent?: readonly Mechanism[];
}

const LEAST_NOISE = 0.05;
const MOST_NOISE = 1e5;
/** Relative precision of what is found; always on the private side. */
const PRECISION = 1e-4;

/**
 * The least noise multiplier with which DP-SGD of this rate and length stays within the target, to a relative 1e-4, rounded up.
 * @throws {RangeError} where no noise in [.05, 100000] does.
 */
export function calibrateNoise(samplingRate: number, steps: number, target: Target): number {
  const at = (noiseMultiplier: number) =>
    spending(target, { mechanism: 'subsampled-gaussian', samplingRate, noiseMultiplier, steps });
  return boundary(at, target, LEAST_NOISE, MOST_NOISE, 1);
}

/**
 * The largest sampling rate, to a relative 1e-4, rounded down.
 * @throws {RangeError} where even a rate of one in a billion passes the target.
 */
export function calibrateSamplingRate(noiseMultiplier: number, steps: number, target: Target): number {
  const at = (inverse: number) =>
    spending(target, { mechanism: 'subsampled-gaussian', samplingRate: 1 / inverse, noiseMultiplier, steps });
  return 1 / boundary(at, target, 1, 1e9, 1);
}

/** How many steps more stay within the target; 0 where none does. At most a billion. */
export function calibrateSteps(samplingRate: number, noiseMultiplier: number, target: Target): number {
  requireTarget(target);
  const at = (steps: number) =>
    steps === 0
      ? epsilon(target.spent ?? [], target.delta)
      : spending(target, { mechanism: 'subsampled-gaussian', samplingRate, noiseMultiplier, steps });
  if (at(1) > target.epsilon) return 0;
  let low = 1;
  let high = 2;
  while (high < 1e9 && at(high) <= target.epsilon) [low, high] = [high, high * 4];
  high = Math.min(high, 1e9);
  // ε grows about as the square root of the steps or faster: the secant of ln ε over ln steps finds its place in a few tries.
  while (high - low > 1) {
    const middle = Math.max(low + 1, Math.min(high - 1, Math.round(Math.sqrt(low * high))));
    if (at(middle) <= target.epsilon) low = middle;
    else high = middle;
  }
  return low;
}

const spending = ({ spent = [], delta }: Target, mechanism: Mechanism) => epsilon([...spent, mechanism], delta);

function requireTarget(target: Target): void {
  requireDelta(target.delta);
  if (!(target.epsilon > 0 && target.epsilon <= 1000)) throw new RangeError('ε must be more than 0 and at most 1,000.');
}

/**
 * The smallest x at which a falling function has come down to the target: regula falsi on ln ε over ln x (Illinois variant), for which
 * both are nearly straight lines.
 */
function boundary(at: (x: number) => number, target: Target, least: number, most: number, start: number): number {
  requireTarget(target);
  const goal = Math.log(target.epsilon);
  const above = (x: number) => {
    const value = at(x);
    return Math.log(Math.max(value, 1e-300)) - goal;
  };
  let low = start;
  let valueLow = above(low);
  let high = start;
  let valueHigh = valueLow;
  while (valueHigh > 0) {
    if (high >= most) throw new RangeError('The target cannot be reached: raise ε or δ, or take fewer steps.');
    [low, valueLow] = [high, valueHigh];
    high = Math.min(most, high * 2);
    valueHigh = above(high);
  }
  while (valueLow <= 0) {
    if (low <= least) return least;
    [high, valueHigh] = [low, valueLow];
    low = Math.max(least, low / 2);
    valueLow = above(low);
  }
  while (high / low - 1 > PRECISION) {
    const [a, b] = [Math.log(low), Math.log(high)];
    const line = Number.isFinite(valueLow) ? a + ((b - a) * valueLow) / (valueLow - valueHigh) : (a + b) / 2;
    // A hair beyond the crossing, so that the private end moves too, and the interval closes from both sides.
    const width = b - a;
    const next = Math.exp(Math.min(b - 0.01 * width, Math.max(a + 0.01 * width, line + 0.3 * PRECISION)));
    const value = above(next);
    if (value > 0) {
      [low, valueLow] = [next, value];
      valueHigh /= 2;
    } else {
      [high, valueHigh] = [next, value];
      valueLow /= 2;
    }
  }
  return high;
}
