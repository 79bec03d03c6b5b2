import type { Mechanism } from '../mechanism.js';
import { epsilon, requireDelta } from './epsilon.js';
import { roughPrivacyLossEpsilon } from './privacy-loss.js';

const { abs, exp, floor, log, max, min, round, sqrt } = Math;

export interface Target {
  /** More than 0. */
  readonly epsilon: number;
  readonly delta: number;
  /** What has been released already, and counts too. */
  readonly spent?: readonly Mechanism[];
}

const LEAST_NOISE = 0.05;
const MOST_NOISE = 1e5;
const LEAST_RATE = 1e-9;
const MOST_STEPS = 1e9;
/** Relative precision of what is found; always on the private side. */
const PRECISION = 1e-4;
/** Of numbers of steps, which are exact up to its inverse. */
const STEPS_PRECISION = 1e-5;

/**
 * The least noise multiplier with which DP-SGD of this rate and length stays within the target, to a relative 1e-4, rounded up.
 * @throws {RangeError} where no noise in [.05, 100000] does.
 */
export function calibrateNoise(samplingRate: number, steps: number, target: Target): number {
  const found = largest(
    target,
    (inverse) => ({ mechanism: 'subsampled-gaussian', samplingRate, noiseMultiplier: 1 / inverse, steps }),
    { least: 1 / MOST_NOISE, most: 1 / LEAST_NOISE, precision: PRECISION },
  );
  return 1 / reached(found);
}

/**
 * The largest sampling rate, to a relative 1e-4, rounded down.
 * @throws {RangeError} where even a rate of one in a billion passes the target.
 */
export function calibrateSamplingRate(noiseMultiplier: number, steps: number, target: Target): number {
  const found = largest(
    target,
    (samplingRate) => ({ mechanism: 'subsampled-gaussian', samplingRate, noiseMultiplier, steps }),
    { least: LEAST_RATE, most: 1, precision: PRECISION },
  );
  return reached(found);
}

/**
 * How many steps more stay within the target; 0 where none does. At most a billion; exact up to 100,000, beyond that to a relative 1e-5,
 * rounded down.
 */
export function calibrateSteps(samplingRate: number, noiseMultiplier: number, target: Target): number {
  const found = largest(
    target,
    (steps) => ({ mechanism: 'subsampled-gaussian', samplingRate, noiseMultiplier, steps }),
    { least: 1, most: MOST_STEPS, precision: STEPS_PRECISION, whole: true },
  );
  return found ?? 0;
}

function reached(found: number | undefined): number {
  if (found === undefined) throw new RangeError('The target cannot be reached: raise ε or δ, or take fewer steps.');
  return found;
}

interface Span {
  readonly least: number;
  readonly most: number;
  readonly precision: number;
  /** Only whole numbers are asked for. */
  readonly whole?: boolean;
}

/** After so many guesses, halves: the rough answer is no guide here. */
const MOST_GUESSES = 10;
/** Then the best so far is the answer: on the private side, if not as near as elsewhere. Targets far from any use come to this. */
const MOST_QUESTIONS = 20;

/** What was asked, and by how much the rough answer is more. */
interface Asked {
  readonly x: number;
  readonly excess: number;
}

/**
 * The largest x of the span for which the release stays within the target; undefined where none does. ε rises with x. The next guess is
 * where the rough answer comes to the target, corrected by what it was off by at the nearest guesses: a few are enough.
 */
function largest(target: Target, releaseOf: (x: number) => Mechanism, span: Span): number | undefined {
  const { epsilon: goal, delta, spent = [] } = target;
  requireDelta(delta);
  if (!(goal > 0 && goal <= 1000)) throw new RangeError('ε must be more than 0 and at most 1,000.');
  const costOf = (x: number) => epsilon([...spent, releaseOf(x)], delta);
  const roughCostOf = (x: number) => roughPrivacyLossEpsilon([...spent, releaseOf(x)], delta);
  const { least, most, precision, whole = false } = span;
  const gapAt = (x: number) => (whole ? max(1, floor(x * precision)) : x * precision);
  let within: Asked | undefined;
  let beyond: Asked | undefined;
  for (let i = 0; i < MOST_QUESTIONS; i++) {
    const low = within?.x ?? least;
    const high = beyond?.x ?? most;
    if (within && beyond && low + gapAt(low) >= high) return low;
    const corrected = (x: number) => roughCostOf(x) / excessAt(x, within, beyond);
    const guess = i < MOST_GUESSES ? crossing(corrected, goal, low, high) : sqrt(low * high);
    if (!whole && within && guess <= low + gapAt(low)) return low;
    const [from, to] = [within ? low + gapAt(low) : least, beyond ? high - gapAt(high) : most];
    const x = min(to, max(from, whole ? round(guess) : guess * (1 - precision / 4)));
    const cost = costOf(x);
    if (cost <= goal && x === most) return x;
    if (cost > goal && x === least) return undefined;
    const ratio = roughCostOf(x) / cost;
    const asked = { x, excess: ratio > 0 && ratio < Infinity ? ratio : 1 };
    if (cost <= goal) within = asked;
    else beyond = asked;
  }
  if (within) return within.x;
  return costOf(least) <= goal ? least : undefined;
}

/** On the line between the guesses at both sides, in logarithms. */
function excessAt(x: number, within: Asked | undefined, beyond: Asked | undefined): number {
  if (!within || !beyond) return (within ?? beyond)?.excess ?? 1;
  const share = log(x / within.x) / log(beyond.x / within.x);
  return within.excess ** (1 - share) * beyond.excess ** share;
}

/**
 * Where a rising function comes to the goal, between low and high, to a relative 1e-6: regula falsi on its logarithm over ln x (Illinois
 * variant), for which it is nearly a straight line. The end of the span where it is beyond.
 */
function crossing(f: (x: number) => number, goal: number, low: number, high: number): number {
  const above = (t: number) => log(max(f(exp(t)), 1e-300)) - log(goal);
  let [a, b] = [log(low), log(high)];
  let [fa, fb] = [above(a), above(b)];
  if (!(fa < 0)) return low;
  if (fb <= 0) return high;
  for (let i = 0; i < 60 && b - a > 1e-6; i++) {
    const line = abs(fb) < Infinity ? a + ((b - a) * fa) / (fa - fb) : (a + b) / 2;
    const t = min(b - 0.01 * (b - a), max(a + 0.01 * (b - a), line));
    const ft = above(t);
    if (ft > 0) {
      [b, fb] = [t, ft];
      fa /= 2;
    } else {
      [a, fa] = [t, ft];
      fb /= 2;
    }
  }
  return exp((a + b) / 2);
}
