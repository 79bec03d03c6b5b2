import type { BinnedRows } from './matrix.js';

/** Numbers of a bin: sum of gradients, sum of hessians, rows. */
export const STRIDE = 3;

export interface HistogramLayout {
  /** Where the bins of each feature begin; after its last bin follows that of missing values. */
  readonly starts: Int32Array;
  /** Where the set's members begin, a bin each: the rows that have it. */
  readonly setStart: number;
  readonly size: number;
}

export function layoutOf({ features, members }: Pick<BinnedRows, 'features' | 'members'>): HistogramLayout {
  const starts = new Int32Array(features.length);
  let size = 0;
  features.forEach(({ bins }, feature) => {
    starts[feature] = size;
    size += STRIDE * (bins + 1);
  });
  return { starts, setStart: size, size: size + STRIDE * members };
}

/** Rows of a leaf with their gradients beside them: what histograms are added up from. */
export interface OrderedRows {
  readonly rows: Int32Array;
  readonly start: number;
  readonly end: number;
  /** From 0 to end − start. */
  readonly gradients: Float32Array;
  readonly hessians: Float32Array;
}

/**
 * Adds rows up in the bins of some features (and of the set, where it has members). Four features are taken at a time: that halves the time of
 * one after the other.
 * @param histogram is zero where it is written
 * @param features which, `count` of them
 */
export function addHistogram(
  histogram: Float64Array,
  { starts, setStart }: HistogramLayout,
  matrix: BinnedRows,
  features: Int32Array,
  count: number,
  ordered: OrderedRows,
): void {
  const { bins, rows } = matrix;
  let place = 0;
  for (; place + 4 <= count; place += 4) {
    const [a, b, c, d] = [features[place], features[place + 1], features[place + 2], features[place + 3]];
    addFour(
      histogram,
      starts[a],
      starts[b],
      starts[c],
      starts[d],
      bins,
      a * rows,
      b * rows,
      c * rows,
      d * rows,
      ordered,
    );
  }
  for (; place < count; place++) addFeature(histogram, starts[features[place]], bins, features[place] * rows, ordered);
  if (matrix.members > 0) addMembers(histogram, setStart, matrix, ordered);
}

/** Adds rows up in the bins of one feature, whose bins of all rows begin at `from`. */
export function addFeature(
  histogram: Float64Array,
  start: number,
  bins: Uint8Array,
  from: number,
  { rows, start: first, end, gradients, hessians }: OrderedRows,
): void {
  for (let place = first, row = 0; place < end; place++, row++) {
    const at = start + STRIDE * bins[from + rows[place]];
    histogram[at] += gradients[row];
    histogram[at + 1] += hessians[row];
    histogram[at + 2] += 1;
  }
}

function addFour(
  histogram: Float64Array,
  startA: number,
  startB: number,
  startC: number,
  startD: number,
  bins: Uint8Array,
  fromA: number,
  fromB: number,
  fromC: number,
  fromD: number,
  { rows, start, end, gradients, hessians }: OrderedRows,
): void {
  for (let place = start, ordered = 0; place < end; place++, ordered++) {
    const row = rows[place];
    const gradient = gradients[ordered];
    const hessian = hessians[ordered];
    let at = startA + STRIDE * bins[fromA + row];
    histogram[at] += gradient;
    histogram[at + 1] += hessian;
    histogram[at + 2] += 1;
    at = startB + STRIDE * bins[fromB + row];
    histogram[at] += gradient;
    histogram[at + 1] += hessian;
    histogram[at + 2] += 1;
    at = startC + STRIDE * bins[fromC + row];
    histogram[at] += gradient;
    histogram[at + 1] += hessian;
    histogram[at + 2] += 1;
    at = startD + STRIDE * bins[fromD + row];
    histogram[at] += gradient;
    histogram[at + 1] += hessian;
    histogram[at + 2] += 1;
  }
}

/** Members that a row has are few: the rows that lack one are the rest, and are never added up. */
export function addMembers(
  histogram: Float64Array,
  setStart: number,
  { offsets, items }: BinnedRows,
  { rows, start, end, gradients, hessians }: OrderedRows,
): void {
  for (let place = start, ordered = 0; place < end; place++, ordered++) {
    const row = rows[place];
    const last = offsets[row + 1];
    for (let item = offsets[row]; item < last; item++) {
      const at = setStart + STRIDE * items[item];
      histogram[at] += gradients[ordered];
      histogram[at + 1] += hessians[ordered];
      histogram[at + 2] += 1;
    }
  }
}

/** Takes a child's histogram from its parent's: what remains is the other child's. */
export function subtract(parent: Float64Array, child: Float64Array): void {
  for (let at = 0; at < parent.length; at++) parent[at] -= child[at];
}
