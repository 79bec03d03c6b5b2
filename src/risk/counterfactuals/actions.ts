import type { UserRow } from '../../engine/data/dataset.js';
import type { CategoricalFeature, Feature, NumericFeature } from '../../engine/encoders/contract.js';
import type { Actionable, AttributeDescription } from '../../users/attribute-description.js';
import { quantileOf } from '../quantiles.js';

/** One value that a column could have instead, and how far that is from the value it has. */
export interface Candidate {
  readonly value: number | string;
  readonly distance: number;
}

/** A column that the user can change, and what it could be changed to: nearest first. */
export interface Action {
  readonly column: string;
  readonly from: number | string;
  readonly direction: Exclude<Actionable, 'no'>;
  /** Whether the institution said so; otherwise it is only that nothing speaks against it. */
  readonly declared: boolean;
  readonly candidates: readonly Candidate[];
  /** Of a number: what counts as a distance of 1, and whether it is a whole one. Absent: a category. */
  readonly scale?: number;
  readonly whole?: boolean;
}

/** Candidates of one column at most: quantiles as fine as that are as good as any. */
const MOST_CANDIDATES = 16;

/** Names of what nobody can change, or must not be asked to: word by word, since "age" is in "mortgage". */
const IMMUTABLE = new Set(
  (
    'age ages aged birth born birthday birthdate birthyear dob yob sex gender race racial ethnicity ethnic religion religious nationality national ' +
    'citizen citizenship foreign foreigner native immigrant marital married marriage civil disability disabled pregnant orientation language veteran ' +
    'household dependants dependents children family education school region country province state city district area postcode zip id code key number ' +
    'since tenure seniority date day days month months year years time history past previous prior earlier first last'
  ).split(' '),
);

/** customerSince → customer, since. */
const wordsOf = (name: string): string[] =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}]+/u);

/**
 * How a column can be changed where the institution has not said: any way; not at all where its name says that nobody can, and profile features, which
 * tell what was done and cannot be undone.
 */
export function assumedActionable(column: string): Actionable {
  return column.startsWith('profile.') || wordsOf(column).some((word) => IMMUTABLE.has(word)) ? 'no' : 'any';
}

/**
 * What the user could change of what the model reads. Left out: what is not actionable, dates, what is not known of the user, values that are codes,
 * and columns that did not vary in training. Numbers stay within the range of the training users, categories are those that training saw.
 */
export function actionsOf(
  features: readonly Feature[],
  row: UserRow,
  descriptions: readonly AttributeDescription[],
): Action[] {
  const declared = new Map(descriptions.map(({ name, actionable }) => [name, actionable]));
  const actions: Action[] = [];
  for (const feature of features) {
    const { column } = feature;
    const said = declared.get(column) ?? null;
    const direction = said ?? assumedActionable(column);
    const from = row.values[column];
    if (direction === 'no' || from === null || from === undefined || from === '') continue;
    const change =
      feature.kind === 'numeric'
        ? numericChange(feature, from, direction)
        : categoricalChange(feature, from, direction);
    if (change && change.candidates.length > 0) actions.push({ column, direction, declared: said !== null, ...change });
  }
  return actions;
}

type Change = Pick<Action, 'from' | 'candidates' | 'scale' | 'whole'>;

function numericChange(
  feature: NumericFeature,
  given: number | string,
  direction: Action['direction'],
): Change | undefined {
  const { edges, codes, part } = feature;
  const from = Number(given);
  if (part || edges.length < 2 || !Number.isFinite(from) || codes.includes(from)) return undefined;
  const whole = Number.isInteger(from) && edges.every(Number.isInteger);
  const scale = spreadOf(feature);
  const [low, high] = [edges[0], edges[edges.length - 1]];
  const values = new Set<number>();
  for (let index = 0; index < edges.length; index++) {
    const between = index > 0 ? [(edges[index - 1] + edges[index]) / 2] : [];
    for (const value of [...between, edges[index]]) values.add(roundWithin(value, whole, low, high));
  }
  const candidates = [...values]
    .filter((value) => value !== from && !codes.includes(value) && allows(direction, from, value))
    .map((value) => ({ value, distance: Math.abs(value - from) / scale }))
    .sort((a, b) => a.distance - b.distance);
  return { from, scale, whole, candidates: thinned(candidates) };
}

/** A category has no direction: it can be changed where "any" way is meant. */
function categoricalChange(
  { categories }: CategoricalFeature,
  given: number | string,
  direction: Action['direction'],
): Change | undefined {
  if (direction !== 'any') return undefined;
  const from = String(given);
  const candidates = categories.filter((category) => category !== from).map((value) => ({ value, distance: 1 }));
  return { from, candidates: thinned(candidates) };
}

export const allows = (direction: Action['direction'], from: number, to: number): boolean =>
  direction === 'any' || (direction === 'increase' ? to > from : to < from);

/**
 * A distance of 1: half of the way between the quarters of the training users, which for most columns is about their median absolute deviation, by which
 * Wachter et al. (2018, eq. 4) divide. Where half of the users have one value, half of the whole range.
 */
function spreadOf(feature: NumericFeature): number {
  const { edges } = feature;
  return (quantileOf(feature, 0.75) - quantileOf(feature, 0.25)) / 2 || (edges[edges.length - 1] - edges[0]) / 2;
}

/** Three significant digits are enough for anybody who is to act, more where the range is narrower; whole numbers stay whole. Never beyond the range. */
export function roundWithin(value: number, whole: boolean, low: number, high: number): number {
  const fits = (rounded: number) => rounded >= low && rounded <= high;
  if (whole) return fits(Math.round(value)) ? Math.round(value) : value;
  for (let digits = 3; digits < 12; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (fits(rounded)) return rounded;
  }
  return value;
}

/** As many as may be, evenly over all. */
function thinned(candidates: readonly Candidate[]): readonly Candidate[] {
  if (candidates.length <= MOST_CANDIDATES) return candidates;
  const step = (candidates.length - 1) / (MOST_CANDIDATES - 1);
  return Array.from({ length: MOST_CANDIDATES }, (_, index) => candidates[Math.round(index * step)]);
}
