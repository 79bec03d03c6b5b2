import { type DecisionRule, type Favourable, fairnessOf, type ScoredSample } from './fairness.js';
import { type Grouping, SMALLEST_GROUP } from './groups.js';

/**
 * Reweighing (Kamiran and Calders 2012, section 4.2.1): each user counts P(group) · P(label) ÷ P(group, label), so that label and group are
 * independent in the weighted training set. Users of unknown label count 1.
 * @param labels 0, 1 or NaN
 * @returns one weight a user; their mean over users of known label is 1
 */
export function reweighing(labels: ArrayLike<number>, grouping: Pick<Grouping, 'of' | 'names'>): Float32Array {
  const { of, names } = grouping;
  const ofGroup = new Float64Array(names.length);
  const ofLabel = new Float64Array(2);
  const ofBoth = new Float64Array(2 * names.length);
  let users = 0;
  of.forEach((group, user) => {
    const label = labels[user];
    if (label !== 0 && label !== 1) return;
    users++;
    ofGroup[group]++;
    ofLabel[label]++;
    ofBoth[2 * group + label]++;
  });
  return Float32Array.from(of, (group, user) => {
    const label = labels[user];
    if (label !== 0 && label !== 1) return 1;
    return (ofGroup[group] * ofLabel[label]) / (users * ofBoth[2 * group + label]);
  });
}

const FOUR_FIFTHS = 0.8;
const CANDIDATES = 200;

/**
 * The one threshold for everybody that is nearest to a given one (in the share of decisions that change) and under which no impact ratio of any grouping is
 * below four fifths.
 * @returns undefined where there is none but trivial ones, under which fewer than 1 in 100 users are decided otherwise than the rest
 */
export function blindThreshold(
  sample: ScoredSample,
  groupings: readonly Grouping[],
  rule: DecisionRule & { readonly threshold: number },
  smallest = SMALLEST_GROUP,
): number | undefined {
  const sorted = Float64Array.from(sample.probabilities).sort();
  const users = sorted.length;
  const shareBelow = (threshold: number) => countBelow(sorted, threshold) / users;
  const from = shareBelow(rule.threshold);
  const candidates = Array.from(
    { length: CANDIDATES - 1 },
    (_, place) => sorted[Math.floor((users * (place + 1)) / CANDIDATES)],
  )
    .filter((threshold) => shareBelow(threshold) >= 0.01 && shareBelow(threshold) <= 0.99)
    .sort((a, b) => Math.abs(shareBelow(a) - from) - Math.abs(shareBelow(b) - from));
  return [rule.threshold, ...candidates].find((threshold) =>
    groupings.every((grouping) => {
      const { adverseImpactRatio } = fairnessOf(sample, grouping, { ...rule, threshold }, smallest);
      return adverseImpactRatio === null || adverseImpactRatio.value >= FOUR_FIFTHS;
    }),
  );
}

/**
 * Thresholds by group under which each group's true positive rate is as near as may be to that of everybody under the given rule: equal
 * opportunity by post-processing (Hardt et al. 2016, section 4). Groups with too few users to whom a favourable decision is due keep the threshold.
 * @returns one threshold a group
 */
export function groupThresholds(
  sample: ScoredSample,
  grouping: Grouping,
  { favourable, threshold }: DecisionRule & { readonly threshold: number },
  smallest = SMALLEST_GROUP,
): number[] {
  const due = favourable === 'low' ? 0 : 1;
  const scoresOf = (isIn: (group: number) => boolean) =>
    Float64Array.from(
      [...grouping.of.keys()]
        .filter((user) => sample.labels[user] === due && isIn(grouping.of[user]))
        .map((user) => sample.probabilities[user]),
    ).sort();
  const everybody = scoresOf(() => true);
  const target = countBelow(everybody, threshold) / everybody.length;
  return grouping.names.map((_, group) => {
    const scores = scoresOf((of) => of === group);
    if (group === grouping.others || scores.length < Math.max(1, smallest)) return threshold;
    return thresholdAt(scores, target, favourable);
  });
}

/** Between the two scores where a share of them is below. */
function thresholdAt(sorted: Float64Array, share: number, favourable: Favourable): number {
  const below = Math.round(share * sorted.length);
  if (below === 0) return favourable === 'low' ? sorted[0] : 0;
  if (below >= sorted.length) return favourable === 'low' ? 1 : sorted[sorted.length - 1];
  return (sorted[below - 1] + sorted[below]) / 2;
}

/** Of sorted values, how many are below. */
function countBelow(sorted: Float64Array, threshold: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < threshold) low = middle + 1;
    else high = middle;
  }
  return low;
}
