import { SLICE, SliceReader } from './slices.js';

/**
 * The weighted mean of updates, slice by slice; each source may be cut as it likes, and is read in turn.
 * Sums are kept in double precision, in the order of the sources, so that the mean does not depend on who was faster.
 * @throws {RangeError} where weights don't fit the sources, or the sources are not of the same length
 */
export async function* weightedMean(
  sources: readonly AsyncIterable<Float32Array>[],
  weights: readonly number[],
): AsyncGenerator<Float32Array<ArrayBuffer>> {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (sources.length === 0 || sources.length !== weights.length || !(total > 0))
    throw new RangeError('A mean needs sources, and a positive weight for each.');
  const readers = sources.map((source) => new SliceReader(source));
  const sums = new Float64Array(SLICE);
  for (;;) {
    let size: number | undefined;
    sums.fill(0);
    for (let i = 0; i < readers.length; i++) {
      const slice = await readers[i].next();
      size ??= slice.length;
      if (slice.length !== size) throw new RangeError('The updates are not of the same length.');
      const share = weights[i] / total;
      for (let k = 0; k < size; k++) sums[k] += share * slice[k];
    }
    if (!size) return;
    yield new Float32Array(sums.subarray(0, size));
  }
}
