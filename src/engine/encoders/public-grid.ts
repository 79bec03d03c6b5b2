import type { Column, Dataset, Series } from '../data/dataset.js';
import type { DatePart } from './contract.js';
import { datePart } from './dates.js';

/** What is declared of a column in public, beside its name and kind: nothing of it is taken from data. */
export interface ColumnDeclaration {
  readonly name: string;
  readonly kind: Column['kind'];
  readonly min?: number;
  readonly max?: number;
  readonly codes?: readonly number[];
  /** All categories that may occur. */
  readonly categories?: readonly string[];
}

export interface PublicDeclaration {
  readonly columns: readonly ColumnDeclaration[];
  /** Which of the columns are steps of a sequence, for models of sequences: columns of one kind and of equal ranges. */
  readonly series?: readonly Series[];
  readonly products: readonly string[];
  /** Whether holdings are inputs (interest). */
  readonly holdings: boolean;
}

/** The cells that users of one feature are counted in: ranges or categories, then codes, then missing. Fixed by the declaration alone. */
export interface FeatureGrid {
  readonly name: string;
  readonly column: string;
  readonly kind: 'numeric' | 'categorical';
  readonly part?: DatePart;
  /** Boundaries of a numeric feature's cells; what lies beyond counts in the first or last. */
  readonly bounds: readonly number[];
  readonly codes: readonly number[];
  readonly categories: readonly string[];
  /** Where its cells begin in a histogram. */
  readonly start: number;
  readonly cells: number;
}

/** A histogram of one bank: population size · POPULATION_WEIGHT, cells of each feature, holdings. */
export interface PublicGrid {
  readonly features: readonly FeatureGrid[];
  /** Of columns that are counted: a series has no cells of its own. */
  readonly series: readonly Series[];
  readonly products: readonly string[];
  readonly holdings: boolean;
  readonly size: number;
  /** L2 norm of what one user adds, at most. */
  readonly sensitivity: number;
}

/** The population size is counted this many times as exactly as a cell. */
export const POPULATION_WEIGHT = 4;
/** What a user adds to the holdings is scaled down to this norm. */
const HOLDINGS_NORM = 1.5;
/** Where the range is narrow, cells of width 1; else this many. */
const MOST_CELLS = 128;
/** Without a declared range: cells to a factor of 10, from 1 to 10⁹, on both sides of zero. */
const PER_DECADE = 8;
const DECADES = 9;

const LOGARITHMIC: readonly number[] = (() => {
  const ups = Array.from({ length: PER_DECADE * DECADES + 1 }, (_, step) => 10 ** (step / PER_DECADE));
  return [...ups.map((bound) => -bound).reverse(), 0, ...ups];
})();

function uniform(low: number, high: number, most = MOST_CELLS): number[] {
  const cells = Number.isInteger(low) && Number.isInteger(high) && high - low <= most ? high - low : most;
  return Array.from({ length: cells + 1 }, (_, cell) => low + ((high - low) * cell) / cells);
}

/** Dates are counted by years and by eighths of a decade, from 1900 to 2100. */
const PARTS: readonly { part: DatePart; bounds: readonly number[] }[] = [
  { part: 'days', bounds: uniform(-25_567, 47_482, 160) },
  { part: 'year', bounds: uniform(1900, 2100, 200) },
  { part: 'month', bounds: uniform(1, 13) },
];

export function publicGrid({ columns, series = [], products, holdings }: PublicDeclaration): PublicGrid {
  let start = 1;
  const place = (feature: Omit<FeatureGrid, 'start' | 'cells'>): FeatureGrid => {
    const values = feature.kind === 'numeric' ? feature.bounds.length - 1 : feature.categories.length + 1;
    const placed = { ...feature, start, cells: values + feature.codes.length + 1 };
    start += placed.cells;
    return placed;
  };
  const features = columns.flatMap(({ name, kind, min, max, codes = [], categories = [] }) => {
    const base = { name, column: name, codes, categories, bounds: [] };
    if (kind === 'categorical') return [place({ ...base, kind })];
    if (kind === 'date')
      return PARTS.map((part) => place({ ...base, ...part, kind: 'numeric', name: `${name}.${part.part}` }));
    const declared = min !== undefined && max !== undefined && max > min;
    return [place({ ...base, kind, bounds: declared ? uniform(min, max) : LOGARITHMIC })];
  });
  const size = start + (holdings ? products.length : 0);
  const squares = POPULATION_WEIGHT ** 2 + features.length + (holdings ? HOLDINGS_NORM ** 2 : 0);
  return { features, series, products, holdings, size, sensitivity: Math.sqrt(squares) };
}

/** Exact counts of some users in the cells of a grid: not private before noise is added. */
export function countInGrid(grid: PublicGrid, dataset: Dataset, users: Int32Array): Float64Array {
  const counts = new Float64Array(grid.size);
  counts[0] = users.length * POPULATION_WEIGHT;
  for (const feature of grid.features) {
    const cellOf = cellReader(
      feature,
      dataset.columns.find(({ name }) => name === feature.column),
    );
    for (const user of users) counts[feature.start + cellOf(user)]++;
  }
  if (grid.holdings) addHoldings(counts, grid, dataset, users);
  return counts;
}

function cellReader(feature: FeatureGrid, column: Column | undefined): (user: number) => number {
  const missing = feature.cells - 1;
  if (!column) return () => missing;
  const { values } = column;
  if (column.kind === 'categorical') {
    const known = new Map(feature.categories.map((category, place) => [category, place]));
    const places = column.categories.map((category) => known.get(category) ?? feature.categories.length);
    return (user) => (values[user] < 0 ? missing : places[values[user]]);
  }
  const { bounds, codes, part } = feature;
  return (user) => {
    const value = part ? datePart(values[user], part) : values[user];
    if (!Number.isFinite(value)) return missing;
    const code = codes.indexOf(value);
    return code >= 0 ? bounds.length - 1 + code : cellAt(bounds, value);
  };
}

function cellAt(bounds: readonly number[], value: number): number {
  let low = 0;
  let high = bounds.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (bounds[middle] <= value) low = middle;
    else high = middle;
  }
  return low;
}

/** A user of n products shows each in n − 1 of n training rows. */
function addHoldings(counts: Float64Array, { products, size }: PublicGrid, { ownership }: Dataset, users: Int32Array) {
  if (!ownership) return;
  const index = new Map(products.map((code, place) => [code, size - products.length + place]));
  const places = ownership.products.map((code) => index.get(code));
  for (const user of users) {
    const [from, end] = [ownership.offsets[user], ownership.offsets[user + 1]];
    const owned = end - from;
    if (owned < 2) continue;
    const share = (owned - 1) / owned;
    const amount = Math.min(share, HOLDINGS_NORM / Math.sqrt(owned));
    for (let item = from; item < end; item++) {
      const place = places[ownership.items[item]];
      if (place !== undefined) counts[place] += amount;
    }
  }
}
