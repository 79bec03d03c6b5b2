import type { Column } from '../engine/data/dataset.js';
import type { ShiftLevel } from '../engine/metrics/drift/stability.js';
import { type Exposure, exposureOf, type RecallByGroup, recallByGroup } from '../engine/metrics/fairness/exposure.js';
import {
  type AttributeFairness,
  type DecisionRule,
  type Favourable,
  type FourFifths,
  fairnessOf,
  type ScoredSample,
} from '../engine/metrics/fairness/fairness.js';
import { type Grouping, groupUsers, SMALLEST_GROUP } from '../engine/metrics/fairness/groups.js';

export type FairnessReport = RiskFairness | InterestFairness;

/** How a risk model's decisions fall out by protected attribute. */
export interface RiskFairness {
  readonly task: 'risk';
  readonly users: number;
  /** With a known label. */
  readonly labelled: number;
  readonly favourable: Favourable;
  /** Between the two decisions. */
  readonly threshold: number;
  /** Figures of fewer users are left out. */
  readonly smallestGroup: number;
  readonly attributes: readonly AttributeFairness[];
}

/** How a recommender serves the groups of each protected attribute. */
export interface InterestFairness {
  readonly task: 'interest';
  readonly users: number;
  readonly smallestGroup: number;
  readonly attributes: readonly InterestAttribute[];
}

export interface InterestAttribute {
  readonly attribute: string;
  readonly pooled: number;
  /** How often the product that was hidden is found again. */
  readonly recall: RecallByGroup | null;
  readonly exposures: readonly (Exposure & ExposureKind)[];
}

export interface ExposureKind {
  /** What makes a class of products. */
  readonly by: 'riskClass' | 'type' | 'product';
  /** Lists that were served, or what the model ranks first. */
  readonly from: 'served' | 'model';
}

/**
 * @param columns protected attributes
 * @param users rows of the columns, in the order of the sample
 */
export function riskFairness(
  sample: ScoredSample,
  columns: readonly Column[],
  users: Int32Array,
  rule: DecisionRule & { readonly threshold: number },
  smallestGroup = SMALLEST_GROUP,
): RiskFairness {
  let labelled = 0;
  for (let user = 0; user < users.length; user++) if (!Number.isNaN(sample.labels[user])) labelled++;
  const { favourable, threshold } = rule;
  return {
    ...{ task: 'risk', users: users.length, labelled, favourable, threshold, smallestGroup },
    attributes: columns.map((column) =>
      fairnessOf(sample, groupUsers(column, users, smallestGroup), rule, smallestGroup),
    ),
  };
}

/** Ranked products of users: which of the users, and the products' classes. */
export interface RankedUsers extends ExposureKind {
  /** Row of the user in the columns, and the class of each product of their list, best first. */
  readonly lists: readonly { readonly user: number; readonly classes: readonly string[] }[];
}

export interface InterestSample {
  /** Users whose hidden product was ranked, and its rank. */
  readonly hidden?: { readonly users: Int32Array; readonly ranks: ArrayLike<number> };
  readonly ranked: readonly RankedUsers[];
}

/** Classes with the most exposure; the others count as one. */
const MOST_CLASSES = 12;
export const OTHER_CLASSES = 'all other';

/**
 * @param columns protected attributes
 * @param size rows of the columns
 */
export function interestFairness(
  { hidden, ranked }: InterestSample,
  columns: readonly Column[],
  size: number,
  smallestGroup = SMALLEST_GROUP,
): InterestFairness {
  const users = Int32Array.from({ length: size }, (_, user) => user);
  return {
    ...{ task: 'interest', users: size, smallestGroup },
    attributes: columns.map((column) => {
      const grouping = groupUsers(column, users, smallestGroup);
      const { names: groups, others, of } = grouping;
      return {
        attribute: column.name,
        pooled: grouping.pooled,
        recall: hidden
          ? recallByGroup(
              hidden.ranks,
              hidden.users.map((user) => of[user]),
              { groups, others },
              3,
              smallestGroup,
            )
          : null,
        exposures: ranked.map((each) => exposureBy(each, grouping, smallestGroup)),
      };
    }),
  };
}

function exposureBy(
  { by, from, lists }: RankedUsers,
  { names: groups, of, others }: Grouping,
  smallest: number,
): Exposure & ExposureKind {
  const seen = new Map<string, number>();
  for (const { classes } of lists)
    classes.forEach((name, rank) => {
      seen.set(name, (seen.get(name) ?? 0) + 1 / (1 + rank));
    });
  const most = [...seen.keys()].sort((a, b) => seen.get(b)! - seen.get(a)! || (a < b ? -1 : 1));
  const kept = most.slice(0, MOST_CLASSES).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const classes = most.length > MOST_CLASSES ? [...kept, OTHER_CLASSES] : kept;
  const place = new Map(kept.map((name, index) => [name, index]));
  const ranked = lists.map(({ user, classes: names }) => ({
    group: of[user],
    classes: names.map((name) => place.get(name) ?? kept.length),
  }));
  return { by, from, ...exposureOf(ranked, { groups, classes, others }, smallest) };
}

/** Recall that is below four fifths of the best group's, beyond chance, is worth an alert as the same share of decisions is. */
const FOUR_FIFTHS = 0.8;

/** alert: a ratio is below four fifths beyond chance; watch: below, and it may be chance. */
export function fairnessLevel(report: FairnessReport): ShiftLevel {
  const verdicts: readonly FourFifths[] =
    report.task === 'risk'
      ? report.attributes.map(({ fourFifths }) => fourFifths)
      : report.attributes.map(({ recall }) => recallVerdict(recall));
  if (verdicts.includes('fails')) return 'alert';
  return verdicts.includes('unclear') ? 'watch' : 'none';
}

function recallVerdict(recall: RecallByGroup | null): FourFifths {
  const gap = recall?.gap;
  if (!recall || !gap) return 'unknown';
  const best = recall.groups.find(({ group }) => group === gap.between[0])?.recall;
  if (!best || best.value === 0) return 'unknown';
  const allowed = (1 - FOUR_FIFTHS) * best.value;
  if (gap.value <= allowed) return 'passes';
  return gap.low > allowed ? 'fails' : 'unclear';
}
