export const SIMILARITIES = ['cosine', 'pearson'] as const;
export type Similarity = (typeof SIMILARITIES)[number];

export interface NeighbourSettings {
  readonly similarity: Similarity;
  /** Added to the denominator, in the unit of counts: pairs that have little in common are drawn towards 0. */
  readonly shrinkage: number;
  /** The most similar ones that count. */
  readonly neighbours: number;
}

/**
 * How alike two sets are (owners of two products, products of two users), of `a` and `b` elements out of `all`, `both` in common.
 * cosine: both / (√(a·b) + shrinkage). pearson: the correlation of their indicators, (both − a·b/all) / (√(a(1 − a/all)·b(1 − b/all)) + shrinkage).
 * Both are (both − expected(a)·expected(b)) / (spread(a)·spread(b) + shrinkage).
 */
export interface Measure {
  expected(size: number): number;
  spread(size: number): number;
  /** Without a denominator there is no similarity: 0. */
  similarity(both: number, a: number, b: number): number;
}

export function measureOf({ similarity, shrinkage }: NeighbourSettings, all: number): Measure {
  const isCosine = similarity === 'cosine';
  const expected = (size: number) => (isCosine ? 0 : size / Math.sqrt(all));
  const spread = (size: number) => Math.sqrt(Math.max(0, isCosine ? size : size * (1 - size / all)));
  return {
    expected,
    spread,
    similarity(both, a, b) {
      const denominator = spread(a) * spread(b) + shrinkage;
      return denominator > 0 ? (both - expected(a) * expected(b)) / denominator : 0;
    },
  };
}
