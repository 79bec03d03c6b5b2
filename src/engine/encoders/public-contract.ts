import { badInput } from '../../errors.js';
import {
  binsOf,
  type CategoricalFeature,
  channelsOf,
  type Feature,
  type FeatureContract,
  MAX_SEQUENCE_INPUTS,
  type NumericFeature,
  type SequenceContract,
} from './contract.js';
import { addNumeric, numericPosition } from './numeric.js';
import { type FeatureGrid, POPULATION_WEIGHT, type PublicGrid } from './public-grid.js';

/** The population that a noisy histogram tells, at least 1. */
export const populationOf = (noisy: Float64Array): number => Math.max(1, noisy[0] / POPULATION_WEIGHT);

export interface PublicContractOptions {
  readonly bins: number;
  /** Standard deviation of the noise of a cell of the histogram. */
  readonly deviation: number;
}

/** Cells below this many deviations of their noise are taken for empty. */
const SIGNIFICANT = 3;

/**
 * A feature contract from a declaration and a noisy histogram, which is all that it reads: whoever has these can compute it, and it tells no
 * more of anyone than they do. Edges are bounds of public cells; categories and codes are those declared; means and scale are those of users
 * who stand in the middle of their cells.
 * @throws {ConcordError} BAD_INPUT where declared series make too many inputs
 * @param noisy sum of the banks' releases
 */
export function publicContract(grid: PublicGrid, noisy: Float64Array, options: PublicContractOptions): FeatureContract {
  const fitted = grid.features.map((feature) => {
    const counts = noisy.slice(feature.start, feature.start + feature.cells);
    return feature.kind === 'numeric' ? numeric(feature, counts, options) : categorical(feature, counts, options);
  });
  const population = populationOf(noisy);
  const mean = grid.holdings
    ? Array.from(noisy.subarray(grid.size - grid.products.length), (sum) => Math.min(1, Math.max(0, sum / population)))
    : undefined;
  const variance =
    fitted.reduce((sum, each) => sum + each.variance, 0) +
    (mean ?? []).reduce((sum, share) => sum + share * (1 - share), 0);
  return {
    version: 1,
    features: fitted.map(({ feature }) => feature),
    products: [...grid.products],
    ...(mean && { holdings: { mean } }),
    scale: scaleOf(variance),
    ...(grid.series.length > 0 && { sequence: sequenceOf(grid, noisy, options) }),
  };
}

const scaleOf = (variance: number): number => (variance > 1e-12 ? 1 / Math.sqrt(variance) : 1);

/**
 * Series of columns as a sequence: each is encoded as one column would be whose users are those of all its columns, so that nothing is counted
 * but the columns.
 */
function sequenceOf(
  { features, series }: PublicGrid,
  noisy: Float64Array,
  { bins, deviation }: PublicContractOptions,
): SequenceContract {
  const steps = series[0].columns.length;
  const fitted = series.map(({ name, columns }) => {
    const grids = columns.map((column) => features.find((feature) => feature.column === column) as FeatureGrid);
    const [first] = grids;
    const counts = new Float64Array(first.cells);
    for (const { start } of grids) for (let cell = 0; cell < counts.length; cell++) counts[cell] += noisy[start + cell];
    const grid = { ...first, name, column: name };
    const own = { bins, deviation: deviation * Math.sqrt(steps) };
    return first.kind === 'numeric' ? numeric(grid, counts, own) : categorical(grid, counts, own);
  });
  const sequence = {
    steps,
    features: fitted.map(({ feature }) => feature),
    present: new Array<number>(steps).fill(1),
    scale: scaleOf(fitted.reduce((sum, { variance }) => sum + variance, 0)),
    from: Object.fromEntries(series.map(({ name, columns }) => [name, columns])),
  };
  if (steps * channelsOf(sequence) > MAX_SEQUENCE_INPUTS)
    throw badInput(
      `${steps} steps of ${channelsOf(sequence)} inputs each are too many; a sequence has ${MAX_SEQUENCE_INPUTS} at most. Declare fewer series, or take fewer bins.`,
    );
  return sequence;
}

/**
 * A feature contract from a declaration alone, where nothing was released: the same, as if users were spread evenly over the cells.
 * Edges are then evenly spaced over a declared range, and by factors of ten without one.
 */
export function declaredContract(grid: PublicGrid, bins: number): FeatureContract {
  const even = new Float64Array(grid.size).fill(1);
  even[0] = POPULATION_WEIGHT * Math.max(1, grid.products.length);
  return publicContract(grid, even, { bins, deviation: 0 });
}

interface Fitted {
  readonly feature: Feature;
  readonly variance: number;
}

function numeric(grid: FeatureGrid, counts: Float64Array, { bins, deviation }: PublicContractOptions): Fitted {
  const { name, column, part, bounds } = grid;
  const least = SIGNIFICANT * deviation;
  const cells = bounds.length - 1;
  const kept = counts.map((count) => (count >= least ? count : 0));
  const codes = grid.codes.filter((_, place) => kept[cells + place] > 0);
  const base = {
    kind: 'numeric' as const,
    name,
    column,
    ...(part && { part }),
    encoding: 'piecewise' as const,
    edges: edgesOf(bounds, kept.subarray(0, cells), bins),
    codes,
    missing: kept[cells + grid.codes.length] > 0,
  };
  const width = binsOf(base) + codes.length + (base.missing ? 1 : 0);
  const draft: NumericFeature = { ...base, mean: new Array<number>(width).fill(0) };
  const readings = Array.from(kept.subarray(0, cells), (count, cell) => ({
    count,
    value: (bounds[cell] + bounds[cell + 1]) / 2,
  }));
  grid.codes.forEach((value, place) => {
    readings.push({ value, count: kept[cells + place] });
  });
  readings.push({ value: Number.NaN, count: kept[cells + grid.codes.length] });
  const sums = new Float64Array(width);
  const squares = new Float64Array(width);
  const inputs = new Float64Array(width);
  let total = 0;
  for (const { value, count } of readings) {
    const position = numericPosition(draft, value);
    if (count === 0 || Number.isNaN(position)) continue;
    inputs.fill(0);
    addNumeric(draft, position, 1, inputs, 0);
    total += count;
    for (let input = 0; input < width; input++) {
      sums[input] += count * inputs[input];
      squares[input] += count * inputs[input] ** 2;
    }
  }
  const mean = Array.from(sums, (sum) => (total > 0 ? sum / total : 0));
  const variance = mean.reduce(
    (sum, m, input) => sum + (total > 0 ? Math.max(0, squares[input] / total - m * m) : 0),
    0,
  );
  return { feature: { ...draft, mean }, variance };
}

/** Bounds of cells that part the users into bins of about equal numbers, the ends being those of the outermost cells with users. */
function edgesOf(bounds: readonly number[], counts: Float64Array, bins: number): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return [];
  const edges: number[] = [];
  let waiting = 0;
  counts.forEach((count, cell) => {
    if (count === 0) return;
    if (edges.length === 0) edges.push(bounds[cell]);
    // A gap before a cell with users belongs to the bin before it, which ends where they begin.
    waiting += count;
    if (waiting >= total / bins) {
      edges.push(bounds[cell + 1]);
      waiting = 0;
    }
  });
  const last = counts.findLastIndex((count) => count > 0);
  if (edges[edges.length - 1] < bounds[last + 1]) edges.push(bounds[last + 1]);
  return edges;
}

function categorical(grid: FeatureGrid, counts: Float64Array, { deviation }: PublicContractOptions): Fitted {
  const known = grid.categories.length;
  const unknown = counts[known] >= SIGNIFICANT * deviation;
  const missing = counts[known + 1] >= SIGNIFICANT * deviation;
  const inputs = [
    ...counts.subarray(0, known),
    ...(unknown ? [counts[known]] : []),
    ...(missing ? [counts[known + 1]] : []),
  ].map((count) => Math.max(0, count));
  const total = inputs.reduce((sum, count) => sum + count, 0);
  const mean = inputs.map((count) => (total > 0 ? count / total : 0));
  const { name, column, categories } = grid;
  const feature: CategoricalFeature = { kind: 'categorical', name, column, categories, unknown, missing, mean };
  return { feature, variance: mean.reduce((sum, share) => sum + share * (1 - share), 0) };
}
