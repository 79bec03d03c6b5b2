import type { Estimate, Rate } from './intervals.js';
import { rateOf } from './intervals.js';

/** Predicted against what happened, among the users of a group whose label is known. */
export interface Calibration {
  /** Mean of the predicted probabilities. */
  readonly expected: number;
  /** Share of users with the event. */
  readonly observed: Rate;
  /** observed ÷ expected: above 1 the model takes the group for safer than it is. */
  readonly ratio: Estimate | null;
  /** Of a logistic regression of the event on the log-odds of the prediction (Cox 1958): 1 is right, below 1 predictions are too extreme. */
  readonly slope: Estimate | null;
  /** By tenths of all users' predictions; those with too few users of the group are left out. */
  readonly deciles: readonly { readonly expected: number; readonly observed: number; readonly users: number }[];
}

/** A slope is not computed from fewer users with the event, or without it. */
const LEAST_OF_A_LABEL = 10;
const EDGE = 1e-9;

/**
 * @param cuts the nine deciles of all users' predictions
 * @param smallest tenths with fewer users of the group are left out
 */
export function calibrationOf(
  labels: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  cuts: readonly number[],
  smallest: number,
): Calibration | undefined {
  const users = probabilities.length;
  if (users === 0) return undefined;
  const sums = Array.from({ length: cuts.length + 1 }, () => ({ users: 0, expected: 0, observed: 0 }));
  let expected = 0;
  let events = 0;
  for (let user = 0; user < users; user++) {
    const tenth = sums[tenthOf(probabilities[user], cuts)];
    tenth.users++;
    tenth.expected += probabilities[user];
    tenth.observed += labels[user];
    expected += probabilities[user];
    events += labels[user];
  }
  const observed = rateOf(events, users)!;
  const mean = expected / users;
  return {
    expected: mean,
    observed,
    ratio: mean > 0 ? { value: observed.value / mean, low: observed.low / mean, high: observed.high / mean } : null,
    slope: slopeOf(labels, probabilities) ?? null,
    deciles: sums
      .filter((tenth) => tenth.users >= Math.max(1, smallest))
      .map((tenth) => ({
        users: tenth.users,
        expected: tenth.expected / tenth.users,
        observed: tenth.observed / tenth.users,
      })),
  };
}

/** The nine values that cut predictions into tenths, equal ones once. */
export function decilesOf(probabilities: ArrayLike<number>): number[] {
  const sorted = Float64Array.from(probabilities).sort();
  const cuts = Array.from({ length: 9 }, (_, tenth) => sorted[Math.floor((sorted.length * (tenth + 1)) / 10)]);
  return cuts.filter((cut, place) => cut !== undefined && (place === 0 || cut > cuts[place - 1]));
}

export function tenthOf(probability: number, cuts: readonly number[]): number {
  let tenth = 0;
  while (tenth < cuts.length && probability >= cuts[tenth]) tenth++;
  return tenth;
}

/** Newton's method on the two parameters; undefined where there are too few of a label, or the two are parted completely. */
function slopeOf(labels: ArrayLike<number>, probabilities: ArrayLike<number>): Estimate | undefined {
  const { abs, exp, log, max, min, sqrt } = Math;
  const users = labels.length;
  let events = 0;
  for (let user = 0; user < users; user++) events += labels[user];
  if (min(events, users - events) < LEAST_OF_A_LABEL) return undefined;
  const logits = Float64Array.from({ length: users }, (_, user) => {
    const p = min(1 - EDGE, max(EDGE, probabilities[user]));
    return log(p / (1 - p));
  });
  let intercept = 0;
  let slope = 1;
  for (let step = 0; step < 50; step++) {
    let [g0, g1, h00, h01, h11] = [0, 0, 0, 0, 0];
    for (let user = 0; user < users; user++) {
      const x = logits[user];
      const p = 1 / (1 + exp(-(intercept + slope * x)));
      const w = p * (1 - p);
      g0 += labels[user] - p;
      g1 += (labels[user] - p) * x;
      h00 += w;
      h01 += w * x;
      h11 += w * x * x;
    }
    const determinant = h00 * h11 - h01 * h01;
    if (!(determinant > 1e-9 * h00 * h11)) return undefined;
    const change = (h00 * g1 - h01 * g0) / determinant;
    intercept += (h11 * g0 - h01 * g1) / determinant;
    slope += change;
    if (!(abs(slope) < 1e3)) return undefined;
    if (abs(change) < 1e-9) {
      const spread = 1.96 * sqrt(h00 / determinant);
      return { value: slope, low: slope - spread, high: slope + spread };
    }
  }
  return undefined;
}
