/** Bins of one feature: at most MOST_BINS, and one more for what is missing. */
export type FeatureBins = NumericBins | CategoricalBins;

export interface NumericBins {
  readonly kind: 'numeric';
  readonly bins: number;
  /** Ascending, bins − 1 of them: a value falls into the first bin whose threshold is at least as large, else into the last. */
  readonly thresholds: Float32Array;
}

export interface CategoricalBins {
  readonly kind: 'categorical';
  readonly bins: number;
  /** Of each category; those that are rare in training, when there are too many, share the last bin. */
  readonly binOf: Uint8Array;
}

/** A bin is a byte, and one value of it says missing. */
export const MOST_BINS = 255;

/**
 * Bins that hold about equally many values; a value that is more frequent than that has a bin for itself. With few distinct values each is a bin.
 * @param values of the training rows; NaN = missing, which has no part in this.
 */
export function numericBins(values: Float32Array, most = MOST_BINS): NumericBins {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort();
  const distinct: number[] = [];
  const counts: number[] = [];
  for (const value of sorted) {
    if (distinct.length > 0 && distinct[distinct.length - 1] === value) counts[counts.length - 1]++;
    else {
      distinct.push(value);
      counts.push(1);
    }
  }
  const thresholds = cutsOf(counts, sorted.length, most).map((cut) => between(distinct[cut], distinct[cut + 1]));
  return { kind: 'numeric', bins: thresholds.length + 1, thresholds: Float32Array.from(thresholds) };
}

/** Distinct values after which a bin ends. */
function cutsOf(counts: readonly number[], rows: number, most: number): number[] {
  if (counts.length <= most) return Array.from({ length: Math.max(0, counts.length - 1) }, (_, place) => place);
  const cuts: number[] = [];
  let left = rows;
  let inBin = 0;
  for (let place = 0; place < counts.length - 1 && cuts.length < most - 1; place++) {
    inBin += counts[place];
    const size = (left + inBin - counts[place]) / (most - cuts.length);
    left -= counts[place];
    // A bin ends when it is full, or before a value that fills one.
    if (inBin >= size || (counts[place + 1] >= size && inBin >= size / 2)) {
      cuts.push(place);
      inBin = 0;
    }
  }
  return cuts;
}

/** A float32 that is at least a and below b. */
function between(a: number, b: number): number {
  const middle = Math.fround(a + (b - a) / 2);
  return middle >= a && middle < b ? middle : a;
}

/** @param values indices of categories; NaN = missing. */
export function categoricalBins(values: Float32Array, categories: number, most = MOST_BINS): CategoricalBins {
  const binOf = new Uint8Array(categories);
  if (categories <= most) {
    for (let category = 0; category < categories; category++) binOf[category] = category;
    return { kind: 'categorical', bins: Math.max(1, categories), binOf };
  }
  const counts = new Int32Array(categories);
  for (const value of values) if (!Number.isNaN(value)) counts[value]++;
  const order = Int32Array.from(counts.keys()).sort((a, b) => counts[b] - counts[a] || a - b);
  order.forEach((category, place) => {
    binOf[category] = Math.min(place, most - 1);
  });
  return { kind: 'categorical', bins: most, binOf };
}

/** The bin of a value; `bins` where it is missing. */
export function binOf(feature: FeatureBins, value: number): number {
  if (Number.isNaN(value)) return feature.bins;
  if (feature.kind === 'categorical') return feature.binOf[value];
  const { thresholds } = feature;
  let low = 0;
  let high = thresholds.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value <= thresholds[middle]) high = middle;
    else low = middle + 1;
  }
  return low;
}
