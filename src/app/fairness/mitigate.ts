import type { Column, Dataset } from '../../engine/data/dataset.js';
import { FOLD } from '../../engine/data/dataset.js';
import { selectUsers } from '../../engine/data/split.js';
import { type DecisionRule, type Favourable, fairnessOf } from '../../engine/metrics/fairness/fairness.js';
import { groupUsers } from '../../engine/metrics/fairness/groups.js';
import { blindThreshold, groupThresholds, reweighing } from '../../engine/metrics/fairness/mitigation.js';
import { type RiskFairness, riskFairness } from '../../oversight/fairness-report.js';
import { table } from '../output.js';
import type { RiskSamples } from './offline.js';
import { fairnessText } from './render.js';

const WARNING =
  'Deciding by different thresholds for groups is treating people differently by a protected attribute. In credit it is unlawful in the United States\n(Equal Credit Opportunity Act), and may be elsewhere: ask counsel before anything like it is used. docs/oversight.md says more.';

export interface Mitigated {
  readonly before: RiskFairness;
  readonly blind: RiskFairness | null;
  readonly byGroup: readonly {
    readonly attribute: string;
    readonly thresholds: readonly { readonly group: string; readonly threshold: number }[];
    readonly after: RiskFairness;
  }[];
}

/** Thresholds are chosen on some users, and all figures are of others. */
export function mitigateThresholds(
  samples: RiskSamples,
  columns: readonly Column[],
  rule: DecisionRule & { readonly threshold: number },
  smallest: number,
): Mitigated {
  const { chosenOn, triedOn: tested } = samples;
  const before = riskFairness(tested, columns, tested.users, rule, smallest);
  const groupings = columns.map((column) => groupUsers(column, chosenOn.users, smallest));
  const threshold = blindThreshold(chosenOn, groupings, rule, smallest);
  const blind =
    threshold === undefined ? null : riskFairness(tested, columns, tested.users, { ...rule, threshold }, smallest);
  const byGroup = columns.map((column, place) => {
    const chosen = groupThresholds(chosenOn, groupings[place], rule, smallest);
    const thresholdOf = new Map(groupings[place].names.map((group, index) => [group, chosen[index]]));
    const grouping = groupUsers(column, tested.users, smallest);
    const thresholds = grouping.names.map((group) => thresholdOf.get(group) ?? rule.threshold);
    return {
      attribute: column.name,
      thresholds: grouping.names.map((group, index) => ({ group, threshold: thresholds[index] })),
      after: { ...before, attributes: [fairnessOf(tested, grouping, { ...rule, threshold: thresholds }, smallest)] },
    };
  });
  return { before, blind, byGroup };
}

export function thresholdsText({ blind, byGroup, before }: Mitigated): string {
  return [
    `THRESHOLDS, chosen on some users and tried on ${before.users} others\n\nBefore\n${fairnessText(before)}`,
    blind
      ? `One threshold for all, the nearest without a ratio below four fifths\n${fairnessText(blind)}`
      : 'There is no one threshold for all without a ratio below four fifths.',
    ...byGroup.map(
      ({ attribute, thresholds, after }) =>
        `A threshold for each group of ${attribute}: ${thresholds.map(({ group, threshold }) => `${group} ${Number(threshold.toFixed(3))}`).join(', ')}\n${fairnessText(after)}`,
    ),
    WARNING,
  ].join('\n\n');
}

/** Weights of the training users by group and label; the others count 1, and are not learned from. */
export function reweighingOf(dataset: Dataset, column: Column, smallest: number): Float32Array {
  const { fold, label, size } = dataset;
  const users = selectUsers(size, (user) => !fold || fold[user] === FOLD.train);
  const grouping = groupUsers(column, users, smallest);
  const weights = new Float32Array(size).fill(1);
  reweighing(
    Float32Array.from(users, (user) => label?.[user] ?? Number.NaN),
    grouping,
  ).forEach((weight, place) => {
    weights[users[place]] = weight;
  });
  return weights;
}

/** The threshold under which the second model decides favourably on as large a share of users as the first. */
export function atSameShare(first: RiskSamples, second: RiskSamples, favourable: Favourable): number {
  const isFavourable = (probability: number) =>
    favourable === 'low' ? probability < first.threshold : probability >= first.threshold;
  const share = first.tested.probabilities.filter(isFavourable).length / first.tested.probabilities.length;
  const sorted = second.tested.probabilities.slice().sort();
  const below = Math.round((favourable === 'low' ? share : 1 - share) * sorted.length);
  return sorted[Math.min(sorted.length - 1, below)];
}

export interface Reweighed {
  readonly attribute: string;
  readonly metrics: Readonly<Record<string, number>>;
  readonly fairness: RiskFairness;
}

export function reweighedText(
  before: Readonly<Record<string, number>>,
  { attribute, metrics, fairness }: Reweighed,
): string {
  const rows = ['auc', 'logloss', 'brier'].map((metric) => ({
    metric,
    before: Number(before[metric]?.toFixed(4)),
    after: Number(metrics[metric]?.toFixed(4)),
  }));
  return [
    `REWEIGHING by ${attribute}: the same model, trained on users weighted so that group and label are independent; decided favourably on as many`,
    table(rows),
    fairnessText(fairness),
  ].join('\n\n');
}
