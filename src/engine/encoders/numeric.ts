import { binsOf, type NumericFeature } from './contract.js';

/**
 * A value's place among a numeric feature's inputs, as one number: from 0 to the number of bins (bin index + how far through it),
 * −1 − k for code k, −1 − codes for missing, NaN where the value says nothing (every input at its mean).
 */
export function numericPosition(feature: NumericFeature, value: number): number {
  if (!Number.isFinite(value)) return feature.missing ? -1 - feature.codes.length : Number.NaN;
  const code = feature.codes.indexOf(value);
  if (code >= 0) return -1 - code;
  const { edges } = feature;
  const bins = binsOf(feature);
  if (bins === 0) return 0;
  if (value <= edges[0]) return 0;
  if (value >= edges[bins]) return bins;
  let low = 0;
  let high = bins;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (edges[middle] <= value) low = middle;
    else high = middle;
  }
  return low + (value - edges[low]) / (edges[low + 1] - edges[low]);
}

/** Adds `amount` times the encoded value to inputs that start at `offset`. The position must not be NaN. */
export function addNumeric(
  feature: NumericFeature,
  position: number,
  amount: number,
  inputs: Float32Array | Float64Array,
  offset: number,
): void {
  const bins = binsOf(feature);
  if (position < 0) {
    inputs[offset + bins - 1 - position] += amount;
    return;
  }
  if (bins === 0) return;
  const whole = Math.min(Math.floor(position), bins - 1);
  if (feature.encoding === 'bins') {
    inputs[offset + whole] += amount;
    return;
  }
  for (let bin = 0; bin < whole; bin++) inputs[offset + bin] += amount;
  inputs[offset + whole] += amount * (position - whole);
}

/**
 * Edges of at most `bins` bins that hold about equally many of the values; distinct values where there are few.
 * @param values finite, sorted ascending.
 */
export function quantileEdges(values: Float64Array, bins: number): number[] {
  const count = values.length;
  if (count === 0) return [];
  const distinct: number[] = [values[0]];
  for (let index = 1; index < count && distinct.length <= bins + 1; index++) {
    if (values[index] > distinct[distinct.length - 1]) distinct.push(values[index]);
  }
  if (distinct.length <= bins + 1) return distinct;
  const edges: number[] = [];
  for (let cut = 0; cut <= bins; cut++) {
    const place = (cut / bins) * (count - 1);
    const below = Math.floor(place);
    const above = Math.min(count - 1, below + 1);
    const edge = values[below] + (values[above] - values[below]) * (place - below);
    // Values near the limits of a double have no number between them.
    if (Number.isFinite(edge) && (edges.length === 0 || edge > edges[edges.length - 1])) edges.push(edge);
  }
  return edges;
}
