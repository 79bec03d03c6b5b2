/**
 * Walker's alias method with whole numbers: index i is drawn with probability weights[i] / Σ exactly, from one uniform 32-bit word.
 * Vose 1991, "A linear algorithm for generating random numbers with a given distribution".
 */
export interface AliasTable {
  /** Of each column, how many of its 2³² / n words stay in it. */
  readonly threshold: Uint32Array;
  readonly alias: Uint16Array;
}

/**
 * @param weights n whole numbers that sum to 2³², n a power of two of at most 65,536
 * @throws {RangeError} where they don't
 */
export function aliasTable(weights: readonly number[]): AliasTable {
  const n = weights.length;
  const share = 2 ** 32 / n;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (!Number.isInteger(Math.log2(n)) || n > 65_536 || total !== 2 ** 32)
    throw new RangeError('Weights must be 2^k whole numbers that sum to 2^32.');
  const threshold = new Uint32Array(n);
  const alias = Uint16Array.from({ length: n }, (_, i) => i);
  const rest = [...weights];
  const small = rest.flatMap((weight, i) => (weight < share ? [i] : []));
  const large = rest.flatMap((weight, i) => (weight >= share ? [i] : []));
  while (small.length > 0) {
    const less = small.pop() as number;
    const more = large.pop() as number;
    threshold[less] = rest[less];
    alias[less] = more;
    rest[more] -= share - rest[less];
    (rest[more] < share ? small : large).push(more);
  }
  // A full column keeps all of its words: the alias is itself, whatever the threshold.
  for (const i of large) threshold[i] = share - 1;
  return { threshold, alias };
}
