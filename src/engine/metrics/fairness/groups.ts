import type { Column } from '../../data/dataset.js';

/** Groups with fewer users than these are not shown by themselves: their figures would be about persons. */
export const SMALLEST_GROUP = 20;
/** The regulation of the Equal Credit Opportunity Act names those of 62 and more (12 CFR 1002.2(o)). */
const ELDERLY = 62;
/** Numbers of more different values than these are cut into ranges. */
const MOST_VALUES = 6;
const MOST_GROUPS = 20;
const RANGES = 4;
/** What is grouped without a value. */
export const UNKNOWN = 'unknown';
export const OTHERS = 'others';

/** Users of one protected attribute in groups, of which each has as many users as may be shown. */
export interface Grouping {
  readonly attribute: string;
  /** In the order of size, `others` last. */
  readonly names: readonly string[];
  readonly sizes: readonly number[];
  /** For each of the users that were given: which group. */
  readonly of: Int32Array;
  /** Index of the group of all who are in no group that may be shown, where there are any. It is compared with none: it is a mixture. */
  readonly others: number | undefined;
  /** How many groups are in it. */
  readonly pooled: number;
}

/**
 * Puts users into groups by a protected attribute: a category each; numbers by value where there are few, else by quartile, and of an age those of 62
 * and more by themselves. Groups of fewer than `smallest` users go together as `others`; where these are too few still, the smallest
 * other group joins them, so that nobody can be reckoned out of the difference between all users and the groups that are shown.
 * @param users rows of the column
 */
export function groupUsers(column: Column, users: Int32Array, smallest = SMALLEST_GROUP): Grouping {
  const { names, of } = column.kind === 'categorical' ? byCategory(column, users) : byNumber(column, users);
  const counts = new Array<number>(names.length).fill(0);
  for (const group of of) counts[group]++;
  const present = [...names.keys()].filter((group) => counts[group] > 0).sort((a, b) => counts[b] - counts[a] || a - b);
  const shown = present.filter((group, place) => counts[group] >= smallest && place < MOST_GROUPS);
  const pooled = present.filter((group) => !shown.includes(group));
  const others = () => pooled.reduce((sum, group) => sum + counts[group], 0);
  while (pooled.length > 0 && others() < smallest && shown.length > 0) pooled.push(shown.pop()!);
  const place = new Int32Array(names.length).fill(shown.length);
  shown.forEach((group, index) => {
    place[group] = index;
  });
  const hasOthers = pooled.length > 0;
  return {
    attribute: column.name,
    names: [...shown.map((group) => names[group]), ...(hasOthers ? [OTHERS] : [])],
    sizes: [...shown.map((group) => counts[group]), ...(hasOthers ? [others()] : [])],
    of: of.map((group) => place[group]),
    others: hasOthers ? shown.length : undefined,
    pooled: pooled.length,
  };
}

interface Named {
  readonly names: readonly string[];
  readonly of: Int32Array;
}

function byCategory(column: Column & { kind: 'categorical' }, users: Int32Array): Named {
  const { categories, values } = column;
  return {
    names: [...categories, UNKNOWN],
    of: Int32Array.from(users, (user) => (values[user] < 0 ? categories.length : values[user])),
  };
}

function byNumber(column: Exclude<Column, { kind: 'categorical' }>, users: Int32Array): Named {
  // Ranges are of the whole column: any two sets of its users have the same ones.
  const known = column.values.filter((value) => Number.isFinite(value)).sort();
  const text = (value: number) =>
    column.kind === 'date' ? new Date(value * 86_400_000).toISOString().slice(0, 10) : String(Number(value.toFixed(4)));
  const distinct = [...new Set(known)];
  const starts = distinct.length <= MOST_VALUES ? distinct : rangesOf(known, isAge(column, known));
  const names =
    distinct.length <= MOST_VALUES
      ? distinct.map(text)
      : starts.map((start, range) => {
          if (range === 0) return `under ${text(starts[1])}`;
          const next = starts[range + 1];
          return next === undefined ? `${text(start)} and more` : `${text(start)} to under ${text(next)}`;
        });
  return {
    names: [...names, UNKNOWN],
    of: Int32Array.from(users, (user) => {
      const value = column.values[user];
      if (!Number.isFinite(value)) return names.length;
      let range = starts.length - 1;
      while (range > 0 && value < starts[range]) range--;
      return range;
    }),
  };
}

/** Where each range begins: quartiles; of an age, quartiles of those under 62, and 62. */
function rangesOf(sorted: Float64Array, age: boolean): number[] {
  const cut = age ? sorted.filter((value) => value < ELDERLY) : sorted;
  const quartiles = Array.from({ length: RANGES - 1 }, (_, quarter) =>
    cut.length > 0 ? cut[Math.floor((cut.length * (quarter + 1)) / RANGES)] : Number.NaN,
  );
  const starts = [sorted[0], ...quartiles, ...(age ? [ELDERLY] : [])];
  return starts.filter((start, place) => Number.isFinite(start) && (place === 0 || start > starts[place - 1]));
}

/** An attribute called age, in years. */
const isAge = ({ name, kind }: Column, sorted: Float64Array): boolean =>
  kind === 'numeric' &&
  /(^|[^a-z])age([^a-z]|$)/i.test(name) &&
  sorted[sorted.length - 1] >= ELDERLY &&
  sorted[0] < ELDERLY;
