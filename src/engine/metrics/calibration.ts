import type { Interval } from './bootstrap.js';

/** Users of neighbouring probabilities: what was predicted of them, and what happened. */
export interface ReliabilityBin {
  readonly users: number;
  /** Mean probability. */
  readonly predicted: number;
  /** Share of those with the event. */
  readonly observed: number;
  /** Of the observed share: Wilson's interval, 95 %. */
  readonly interval: Interval;
}

/**
 * Users by rising probability in bins of equal size (equal probabilities stay together, so there may be fewer bins).
 * @param happened 1 = what was predicted came about
 */
export function reliability(
  happened: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  bins = 10,
): ReliabilityBin[] {
  const order = Uint32Array.from({ length: probabilities.length }, (_, user) => user).sort(
    (a, b) => probabilities[a] - probabilities[b],
  );
  const result: ReliabilityBin[] = [];
  const size = order.length / bins;
  let due = size;
  let [users, sum, events] = [0, 0, 0];
  order.forEach((user, place) => {
    users++;
    sum += probabilities[user];
    events += happened[user];
    const isLast = place === order.length - 1;
    if (!isLast && (place + 1 < due || probabilities[user] === probabilities[order[place + 1]])) return;
    result.push({ users, predicted: sum / users, observed: events / users, interval: wilson(events, users) });
    [users, sum, events] = [0, 0, 0];
    while (due <= place + 1) due += size;
  });
  return result;
}

/** Expected calibration error: mean distance of predicted and observed over the bins, weighted by their users. */
export function calibrationError(bins: readonly ReliabilityBin[]): number {
  const all = bins.reduce((sum, { users }) => sum + users, 0);
  return bins.reduce((sum, { users, predicted, observed }) => sum + (users / all) * Math.abs(predicted - observed), 0);
}

/**
 * What the error would be on average for probabilities that are perfectly right: with few users chance alone parts predicted and observed
 * (mean absolute deviation of a binomial share, by its normal approximation).
 */
export function errorByChance(bins: readonly ReliabilityBin[]): number {
  const all = bins.reduce((sum, { users }) => sum + users, 0);
  return bins.reduce(
    (sum, { users, predicted }) =>
      sum + (users / all) * Math.sqrt((2 / Math.PI) * ((predicted * (1 - predicted)) / users)),
    0,
  );
}

/** Normal quantile of a two-sided interval of 95 %. */
const Z = 1.959963984540054;

/** Interval of a share (Wilson 1927): sensible for few users and for shares near 0 and 1. */
export function wilson(events: number, users: number, z = Z): Interval {
  if (users === 0) return [0, 1];
  const share = events / users;
  const spread = z * Math.sqrt((share * (1 - share)) / users + (z * z) / (4 * users * users));
  const middle = share + (z * z) / (2 * users);
  const scale = 1 + (z * z) / users;
  return [Math.max(0, (middle - spread) / scale), Math.min(1, (middle + spread) / scale)];
}
