/**
 * The weighted mean of updates, piece by piece: pieces come in the order of the file, and may be cut differently by each source.
 * Sums are kept in double precision, in the order of the sources, so that the mean does not depend on who was faster.
 */
export async function* weightedMean(
  sources: readonly AsyncIterable<Float32Array>[],
  weights: readonly number[],
): AsyncGenerator<Float32Array> {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (sources.length === 0 || sources.length !== weights.length || !(total > 0))
    throw new RangeError('A mean needs sources, and a positive weight for each.');
  const readers = sources.map((source) => new PieceReader(source));
  for (;;) {
    const available = await Promise.all(readers.map((reader) => reader.available()));
    const size = Math.min(...available);
    if (size === 0) {
      if (available.some((rest) => rest > 0)) throw new RangeError('The updates are not of the same length.');
      return;
    }
    const sum = new Float64Array(size);
    readers.forEach((reader, i) => {
      const piece = reader.take(size);
      const share = weights[i] / total;
      for (let k = 0; k < size; k++) sum[k] += share * piece[k];
    });
    yield Float32Array.from(sum);
  }
}

class PieceReader {
  private readonly iterator: AsyncIterator<Float32Array>;
  private piece = new Float32Array(0);

  constructor(source: AsyncIterable<Float32Array>) {
    this.iterator = source[Symbol.asyncIterator]();
  }

  /** How many values can be taken; 0 at the end. */
  async available(): Promise<number> {
    while (this.piece.length === 0) {
      const { done, value } = await this.iterator.next();
      if (done) return 0;
      this.piece = value as Float32Array<ArrayBuffer>;
    }
    return this.piece.length;
  }

  take(size: number): Float32Array {
    const taken = this.piece.subarray(0, size);
    this.piece = this.piece.subarray(size);
    return taken;
  }
}
