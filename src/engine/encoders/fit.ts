import { badInput } from '../../errors.js';
import type { CategoricalColumn, Column, Dataset } from '../data/dataset.js';
import { categoricalPosition } from './categorical.js';
import {
  binsOf,
  type CategoricalFeature,
  channelsOf,
  type DatePart,
  type Feature,
  type FeatureContract,
  MAX_SEQUENCE_INPUTS,
  type NumericFeature,
  type SequenceContract,
} from './contract.js';
import { datePart } from './dates.js';
import { addNumeric, numericPosition, quantileEdges } from './numeric.js';
import { lastEvents, sequencesOf } from './sequence.js';

/** A category, code or missing value seen less often in training has no input of its own. */
export const MIN_SEEN = 5;
/** Categories of one column with an input of their own; the rarest of more count as unknown. */
export const MAX_CATEGORIES = 1000;

export interface FitOptions {
  /** Training users (row numbers): nothing else is looked at. */
  readonly users: Int32Array;
  /** Quantile bins of a numeric column. */
  readonly bins: number;
  readonly encoding: NumericFeature['encoding'];
  /**
   * How holdings are inputs: not at all, all that a user owns, or all but one hidden in turn (interest),
   * so that a user of n products shows each in n − 1 of n training rows.
   */
  readonly holdings: 'none' | 'owned' | 'oneHidden';
  /** Present where the model reads the data set's events, or its series: the last so many, in so many bins a numeric value. */
  readonly sequence?: { readonly steps: number; readonly bins: number };
}

/** Fits the feature contract: edges, categories, means and scale, from training users alone. */
export function fitContract(dataset: Dataset, options: FitOptions): FeatureContract {
  const fitted = dataset.columns.flatMap((column) => fitColumn(column, options));
  const holdings = options.holdings === 'none' ? undefined : fitHoldings(dataset, options);
  const variance = fitted.reduce((sum, { variance }) => sum + variance, holdings?.variance ?? 0);
  return {
    version: 1,
    features: fitted.map(({ feature }) => feature),
    products: dataset.ownership ? [...dataset.ownership.products] : [],
    ...(holdings && { holdings: { mean: holdings.mean } }),
    scale: scaleOf(variance),
    ...(options.sequence && { sequence: fitSequence(dataset, options, options.sequence) }),
  };
}

const scaleOf = (variance: number): number => (variance > 1e-12 ? 1 / Math.sqrt(variance) : 1);

/**
 * How events are encoded: fitted like a user's columns, each event of a training user counting once.
 * @throws {ConcordError} BAD_INPUT where the data set has no sequences, or an event of it too many inputs
 */
function fitSequence(
  dataset: Dataset,
  options: FitOptions,
  { steps: most, bins }: NonNullable<FitOptions['sequence']>,
): SequenceContract {
  const { sequences, from, steps: given } = sequencesOf(dataset);
  const longest = options.users.reduce(
    (sum, user) => Math.max(sum, sequences.offsets[user + 1] - sequences.offsets[user]),
    1,
  );
  const steps = Math.min(most, given, longest);
  const { offsets, columns } = lastEvents(sequences, steps);
  const counts = options.users.map((user) => offsets[user + 1] - offsets[user]);
  const events = new Int32Array(counts.reduce((sum, count) => sum + count, 0));
  let filled = 0;
  options.users.forEach((user, index) => {
    for (let event = 0; event < counts[index]; event++) events[filled++] = offsets[user] + event;
  });
  const fitted = columns.flatMap((column) => fitColumn(column, { ...options, users: events, bins }));
  const features = fitted.map(({ feature }) => feature);
  const channels = channelsOf({ features });
  const kept = Math.min(steps, Math.floor(MAX_SEQUENCE_INPUTS / channels));
  if (kept < 1 || (from && kept < steps))
    throw badInput(
      `${dataset.name}: ${steps} steps of ${channels} inputs each are too many; a sequence has ${MAX_SEQUENCE_INPUTS} at most. Declare fewer columns.`,
    );
  const present = Array.from({ length: kept }, (_, step) => {
    const having = counts.reduce((sum, count) => sum + (count >= kept - step ? 1 : 0), 0);
    return options.users.length ? having / options.users.length : 0;
  });
  return {
    steps: kept,
    features,
    present,
    scale: scaleOf(fitted.reduce((sum, { variance }) => sum + variance, 0)),
    ...(from && { from }),
  };
}

interface Fitted {
  readonly feature: Feature;
  readonly variance: number;
}

function fitColumn(column: Column, options: FitOptions): Fitted[] {
  if (column.kind === 'categorical') return [fitCategorical(column, options)];
  if (column.kind === 'numeric') {
    return [
      fitNumeric(
        { name: column.name, column: column.name },
        (user) => column.values[user],
        column.codes ?? [],
        options,
      ),
    ];
  }
  const parts: DatePart[] = ['days', 'year', 'month'];
  return parts.map((part) =>
    fitNumeric(
      { name: `${column.name}.${part}`, column: column.name, part },
      (user) => datePart(column.values[user], part),
      [],
      options,
    ),
  );
}

function fitNumeric(
  names: Pick<NumericFeature, 'name' | 'column' | 'part'>,
  read: (user: number) => number,
  candidates: readonly number[],
  { users, bins, encoding }: FitOptions,
): Fitted {
  const seen = new Map(candidates.map((code) => [code, 0]));
  const values = new Float64Array(users.length);
  let count = 0;
  let missing = 0;
  for (const user of users) {
    const value = read(user);
    const times = seen.get(value);
    if (!Number.isFinite(value)) missing++;
    else if (times !== undefined) seen.set(value, times + 1);
    if (Number.isFinite(value) && !(seen.get(value)! >= 0)) values[count++] = value;
  }
  const codes = candidates.filter((code) => seen.get(code)! >= MIN_SEEN);
  const base = {
    kind: 'numeric' as const,
    ...names,
    encoding,
    edges: quantileEdges(values.subarray(0, count).sort(), bins),
    codes,
    missing: missing >= MIN_SEEN,
  };
  const width = binsOf(base) + codes.length + (base.missing ? 1 : 0);
  const draft: NumericFeature = { ...base, mean: new Array<number>(width).fill(0) };
  const { mean, variance } = moments(width, users, (user, inputs) => {
    const position = numericPosition(draft, read(user));
    if (Number.isNaN(position)) return false;
    addNumeric(draft, position, 1, inputs, 0);
    return true;
  });
  return { feature: { ...draft, mean }, variance };
}

function fitCategorical(column: CategoricalColumn, { users }: FitOptions): Fitted {
  const counts = new Int32Array(column.categories.length);
  let missing = 0;
  for (const user of users) {
    if (column.values[user] < 0) missing++;
    else counts[column.values[user]]++;
  }
  const frequent = [...counts.keys()]
    .filter((category) => counts[category] >= MIN_SEEN)
    .sort((a, b) => counts[b] - counts[a] || a - b)
    .slice(0, MAX_CATEGORIES)
    .sort((a, b) => a - b);
  const known = frequent.reduce((sum, category) => sum + counts[category], 0);
  const base = {
    kind: 'categorical' as const,
    name: column.name,
    column: column.name,
    categories: frequent.map((category) => column.categories[category]),
    unknown: users.length - missing - known >= MIN_SEEN,
    missing: missing >= MIN_SEEN,
  };
  const draft: CategoricalFeature = { ...base, mean: [] };
  const places = new Int32Array(column.categories.length).fill(-1);
  frequent.forEach((category, place) => {
    places[category] = place;
  });
  const width = frequent.length + (base.unknown ? 1 : 0) + (base.missing ? 1 : 0);
  const times = new Float64Array(width);
  let total = 0;
  for (const user of users) {
    const value = column.values[user];
    const position = categoricalPosition(draft, value < 0 ? -2 : places[value]);
    if (Number.isNaN(position)) continue;
    times[position]++;
    total++;
  }
  const mean = Array.from(times, (count) => (total ? count / total : 0));
  return { feature: { ...base, mean }, variance: mean.reduce((sum, share) => sum + share * (1 - share), 0) };
}

/** Mean of each input and the sum of their variances, over the users that `add` encodes into the zeroed inputs. */
function moments(width: number, users: Int32Array, add: (user: number, inputs: Float64Array) => boolean) {
  const inputs = new Float64Array(width);
  const sums = new Float64Array(width);
  const squares = new Float64Array(width);
  let count = 0;
  for (const user of users) {
    inputs.fill(0);
    if (!add(user, inputs)) continue;
    count++;
    for (let input = 0; input < width; input++) {
      sums[input] += inputs[input];
      squares[input] += inputs[input] ** 2;
    }
  }
  const mean = Array.from(sums, (sum) => (count ? sum / count : 0));
  const variance = mean.reduce(
    (sum, value, input) => sum + (count ? Math.max(0, squares[input] / count - value ** 2) : 0),
    0,
  );
  return { mean, variance };
}

function fitHoldings(dataset: Dataset, { users, holdings }: FitOptions) {
  const { ownership } = dataset;
  if (!ownership) return undefined;
  const sums = new Float64Array(ownership.products.length);
  for (const user of users) {
    const owned = ownership.offsets[user + 1] - ownership.offsets[user];
    const share = holdings === 'oneHidden' ? (owned - 1) / owned : 1;
    for (let item = ownership.offsets[user]; item < ownership.offsets[user + 1]; item++) {
      sums[ownership.items[item]] += share;
    }
  }
  const mean = Array.from(sums, (sum) => (users.length ? sum / users.length : 0));
  return { mean, variance: mean.reduce((sum, share) => sum + share * (1 - share), 0) };
}
