/** Bytes of a piece of weights, but for the last; the database holds every version to it. */
export const CHUNK_BYTES = 1 << 20;

export const chunksIn = (bytes: number): number => Math.ceil(bytes / CHUNK_BYTES);

/** Cuts a stream anew. The yielded buffer is used again: be done with it before asking for the next. */
export async function* cut(
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  size = CHUNK_BYTES,
): AsyncGenerator<Buffer> {
  const chunk = Buffer.allocUnsafe(size);
  let filled = 0;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; ) {
      const taken = piece.subarray(at, at + size - filled);
      chunk.set(taken, filled);
      at += taken.length;
      filled += taken.length;
      if (filled < size) continue;
      yield chunk;
      filled = 0;
    }
  }
  if (filled > 0) yield chunk.subarray(0, filled);
}
