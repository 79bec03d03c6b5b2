import { auc } from '../binary.js';
import { type Calibration, calibrationOf, decilesOf } from './calibration.js';
import { type Grouping, SMALLEST_GROUP } from './groups.js';
import { differenceOf, type Estimate, type Rate, rateOf, ratioOf } from './intervals.js';

/** Which predictions are good news for the user: low ones (of a default), or high ones (of an offer that is wanted). */
export type Favourable = 'low' | 'high';

export interface DecisionRule {
  readonly favourable: Favourable;
  /** favourable low: the decision is favourable below it; high: from it on. One, or one a group. */
  readonly threshold: number | readonly number[];
}

/** Users side by side, in the order of the grouping's. */
export interface ScoredSample {
  readonly probabilities: ArrayLike<number>;
  /** 1 = the event, 0 = none, NaN = unknown. */
  readonly labels: ArrayLike<number>;
}

/** null: of too few users to be shown. */
export interface GroupFairness {
  readonly group: string;
  readonly users: number;
  /** Whose decision is favourable, of all. */
  readonly favourable: Rate | null;
  /** Whose decision is favourable, of those whom it turns out to be due: the event is theirs where it is good, and not theirs where it is bad. */
  readonly truePositive: Rate | null;
  /** Whose decision is favourable, of the others. */
  readonly falsePositive: Rate | null;
  /** To whom a favourable decision was due, of those who had one. */
  readonly precision: Rate | null;
  readonly auc: number | null;
  readonly calibration: Calibration | null;
  /** Share of favourable decisions ÷ that of the reference group. */
  readonly impactRatio: Estimate | null;
  /** Of truePositive, the group's − the reference group's. */
  readonly opportunityDifference: Estimate | null;
}

/** A figure between the two groups that are furthest apart. */
export interface Gap extends Estimate {
  /** The two groups: the one that fares better first. */
  readonly between: readonly [string, string];
}

export interface AttributeFairness {
  readonly attribute: string;
  /** The group with the greatest share of favourable decisions among those of 2 % of users or more. */
  readonly reference: string | null;
  readonly groups: readonly GroupFairness[];
  /** Groups that are shown together as "others": each had too few users. */
  readonly pooled: number;
  /** The least impact ratio. Below 0.8 is evidence of adverse impact by the four-fifths rule (29 CFR 1607.4 D, 1978). */
  readonly adverseImpactRatio: Gap | null;
  /** Greatest − least true positive rate: 0 is equal opportunity (Hardt et al. 2016, definition 2.2). */
  readonly equalOpportunity: Gap | null;
  /** The greater of the gaps of true and of false positive rates: 0 is equalised odds (definition 2.1). */
  readonly equalisedOdds: Gap | null;
  /** Greatest − least precision: 0 is predictive parity (Chouldechova 2017). */
  readonly predictiveParity: Gap | null;
  /** Greatest − least observed ÷ expected events: 0 is calibration within groups, on the whole. */
  readonly calibration: { readonly value: number; readonly between: readonly [string, string] } | null;
  /**
   * passes: no group's ratio is below four fifths; unclear: one is, and its interval reaches above; fails: the whole interval of one is below;
   * unknown: there are no two groups to compare.
   */
  readonly fourFifths: FourFifths;
}

export type FourFifths = 'passes' | 'unclear' | 'fails' | 'unknown';

const FOUR_FIFTHS = 0.8;
/** A reference group has this share of users at least: the question and answer 16 of 1979 on the guidelines. */
const LEAST_SHARE = 0.02;

/** Figures of one protected attribute. @param smallest rates of fewer users are left out */
export function fairnessOf(
  sample: ScoredSample,
  grouping: Grouping,
  rule: DecisionRule,
  smallest = SMALLEST_GROUP,
): AttributeFairness {
  const cuts = decilesOf(sample.probabilities);
  const measured = grouping.names.map((_, group) => measureGroup(sample, grouping, rule, group, { cuts, smallest }));
  const compared = measured.filter((_, group) => group !== grouping.others);
  const reference = best(
    compared.filter(({ users }) => users >= LEAST_SHARE * grouping.of.length),
    ({ favourable }) => favourable?.value,
  );
  const groups = measured.map((group): GroupFairness => {
    const isCompared = reference && group !== reference && compared.includes(group);
    if (!isCompared) return group;
    return {
      ...group,
      impactRatio: both(group.favourable, reference.favourable, ratioOf) ?? null,
      opportunityDifference: both(group.truePositive, reference.truePositive, differenceOf) ?? null,
    };
  });
  const adverse = leastRatio(groups, reference?.group);
  const odds = [gapOf(compared, 'truePositive'), gapOf(compared, 'falsePositive')].filter((gap) => gap !== null);
  return {
    attribute: grouping.attribute,
    reference: reference?.group ?? null,
    groups,
    pooled: grouping.pooled,
    adverseImpactRatio: adverse,
    equalOpportunity: gapOf(compared, 'truePositive'),
    equalisedOdds: odds.length === 2 ? (odds[0].value >= odds[1].value ? odds[0] : odds[1]) : null,
    predictiveParity: gapOf(compared, 'precision'),
    calibration: calibrationGap(compared),
    fourFifths: verdictOf(groups),
  };
}

function measureGroup(
  { probabilities, labels }: ScoredSample,
  grouping: Grouping,
  rule: DecisionRule,
  group: number,
  { cuts, smallest }: { readonly cuts: readonly number[]; readonly smallest: number },
): GroupFairness {
  const threshold = typeof rule.threshold === 'number' ? rule.threshold : rule.threshold[group];
  const low = rule.favourable === 'low';
  const due = low ? 0 : 1;
  const known: { label: number[]; probability: number[] } = { label: [], probability: [] };
  const counts = { favourable: 0, due: 0, dueFavourable: 0, knownFavourable: 0 };
  grouping.of.forEach((of, user) => {
    if (of !== group) return;
    const probability = probabilities[user];
    const isFavourable = low ? probability < threshold : probability >= threshold;
    if (isFavourable) counts.favourable++;
    const label = labels[user];
    if (Number.isNaN(label)) return;
    known.label.push(label);
    known.probability.push(probability);
    if (label === due) counts.due++;
    if (isFavourable) counts.knownFavourable++;
    if (isFavourable && label === due) counts.dueFavourable++;
  });
  const rate = (count: number, of: number) => (of >= smallest ? (rateOf(count, of) ?? null) : null);
  const enough = known.label.length >= Math.max(1, smallest);
  const area = enough ? auc(known.label, known.probability) : Number.NaN;
  return {
    group: grouping.names[group],
    users: grouping.sizes[group],
    favourable: rate(counts.favourable, grouping.sizes[group]),
    truePositive: rate(counts.dueFavourable, counts.due),
    falsePositive: rate(counts.knownFavourable - counts.dueFavourable, known.label.length - counts.due),
    precision: rate(counts.dueFavourable, counts.knownFavourable),
    auc: Number.isNaN(area) ? null : area,
    calibration: (enough && calibrationOf(known.label, known.probability, cuts, smallest)) || null,
    impactRatio: null,
    opportunityDifference: null,
  };
}

const both = <T>(a: Rate | null, b: Rate | null, of: (a: Rate, b: Rate) => T): T | undefined =>
  a && b ? of(a, b) : undefined;

/** The item of the greatest value, the first of several; items without one are passed over. */
function best<T>(items: readonly T[], value: (item: T) => number | null | undefined): T | undefined {
  let found: T | undefined;
  let greatest = Number.NEGATIVE_INFINITY;
  for (const item of items) {
    const candidate = value(item);
    if (candidate == null || candidate <= greatest) continue;
    found = item;
    greatest = candidate;
  }
  return found;
}

function leastRatio(groups: readonly GroupFairness[], reference: string | undefined): Gap | null {
  const found = best(groups, ({ impactRatio }) => impactRatio && -impactRatio.value);
  return found?.impactRatio && reference !== undefined
    ? { ...found.impactRatio, between: [reference, found.group] }
    : null;
}

function gapOf(groups: readonly GroupFairness[], of: 'truePositive' | 'falsePositive' | 'precision'): Gap | null {
  const most = best(groups, (group) => group[of]?.value);
  const least = best(groups, (group) => group[of] && -group[of].value);
  if (!most || !least || most === least) return null;
  return { ...differenceOf(most[of]!, least[of]!), between: [most.group, least.group] };
}

function calibrationGap(groups: readonly GroupFairness[]): AttributeFairness['calibration'] {
  const ratio = ({ calibration }: GroupFairness) => calibration?.ratio?.value;
  const most = best(groups, ratio);
  const least = best(groups, (group) => {
    const value = ratio(group);
    return value === undefined ? undefined : -value;
  });
  if (!most || !least || most === least) return null;
  return { value: ratio(most)! - ratio(least)!, between: [most.group, least.group] };
}

function verdictOf(groups: readonly GroupFairness[]): FourFifths {
  const ratios = groups.map(({ impactRatio }) => impactRatio).filter((ratio) => ratio !== null);
  if (ratios.length === 0) return 'unknown';
  if (ratios.every(({ value }) => value >= FOUR_FIFTHS)) return 'passes';
  return ratios.some(({ high }) => high !== null && high < FOUR_FIFTHS) ? 'fails' : 'unclear';
}
