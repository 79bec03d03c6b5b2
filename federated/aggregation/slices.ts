/** Values that are worked on at once: 1 MiB of float32. Whatever the size of a model, no more of it is held. */
export const SLICE = 1 << 18;

/** Takes values from a stream of pieces, however it is cut. */
export class SliceReader {
  private readonly iterator: AsyncIterator<Float32Array>;
  private piece = new Float32Array(0);

  constructor(source: AsyncIterable<Float32Array>) {
    this.iterator = source[Symbol.asyncIterator]();
  }

  /** @returns the next values, the caller's own: SLICE of them, fewer at the end, none after it */
  async next(): Promise<Float32Array<ArrayBuffer>> {
    const slice = new Float32Array(SLICE);
    let filled = 0;
    while (filled < SLICE) {
      if (this.piece.length === 0) {
        const { done, value } = await this.iterator.next();
        if (done) break;
        this.piece = value as Float32Array<ArrayBuffer>;
        continue;
      }
      const taken = this.piece.subarray(0, SLICE - filled);
      slice.set(taken, filled);
      this.piece = this.piece.subarray(taken.length);
      filled += taken.length;
    }
    return slice.subarray(0, filled);
  }
}
