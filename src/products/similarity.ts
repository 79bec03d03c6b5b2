import type { Product } from './product.js';

/** One thing that was compared, and how alike the two are in it: 0 to 1. */
export interface SimilarityReason {
  readonly dimension: SimilarityDimension;
  readonly similarity: number;
  /** Its part of the similarity as a whole: the parts add up to it. */
  readonly contribution: number;
  readonly text: string;
}

export interface SimilarProduct {
  readonly product: Product;
  /** 0 to 1. */
  readonly similarity: number;
  /** Largest contribution first. */
  readonly reasons: readonly SimilarityReason[];
}

/** Users who hold this other product, and who hold both. */
export interface CoOwnership {
  readonly id: string;
  readonly holders: number;
  readonly both: number;
}

export type SimilarityDimension =
  | 'type'
  | 'riskClass'
  | 'expectedYield'
  | 'volatility'
  | 'termMonths'
  | 'minimumAmount'
  | 'coOwnership';

/** Weights of Gower's similarity. Type and risk class say most about what a product is for. */
const WEIGHTS = {
  type: 3,
  riskClass: 2,
  expectedYield: 1,
  volatility: 1,
  termMonths: 1,
  minimumAmount: 1,
} as const satisfies Partial<Record<SimilarityDimension, number>>;

type NumericDimension = Exclude<keyof typeof WEIGHTS, 'type'>;
const NUMERIC = ['riskClass', 'expectedYield', 'volatility', 'termMonths', 'minimumAmount'] as const;

/** Co-ownership counts half as much as content at best, and less while few users hold the products. */
const CO_OWNERSHIP_SHARE = 0.5;
const CO_OWNERSHIP_HALF = 50;

/**
 * The products most like one, best first; ties by code.
 *
 * content = Σ wₖ·sₖ / Σ wₖ over the dimensions known of both (Gower): s = 1 or 0 for the type, 1 − |a − b| / range for the others,
 * where the range is over all candidates, and term and minimum amount are taken as log(1 + x).
 * co-ownership = users who hold both / users who hold either (Jaccard), weighing α = ½ · n / (n + 50) with n the smaller number of holders.
 * similarity = (1 − α) · content + α · co-ownership.
 */
export function similarProducts(
  product: Product,
  candidates: readonly Product[],
  coOwnership: readonly CoOwnership[],
  first: number,
): SimilarProduct[] {
  const ranges = Object.fromEntries(
    NUMERIC.map((dimension) => [dimension, rangeOf(dimension, [product, ...candidates])]),
  ) as Record<NumericDimension, number>;
  const owned = new Map(coOwnership.map((row) => [row.id, row]));
  return candidates
    .filter((candidate) => candidate.id !== product.id)
    .map((candidate) => compare(product, candidate, ranges, owned))
    .sort((a, b) => b.similarity - a.similarity || (a.product.code < b.product.code ? -1 : 1))
    .slice(0, first);
}

/**
 * The content part of the similarity alone, for comparing many pairs: the same formula with its ranges taken over `products`.
 * @returns 0 to 1 for two products
 */
export function contentSimilarity(products: readonly Product[]): (a: Product, b: Product) => number {
  const ranges = NUMERIC.map((dimension) => rangeOf(dimension, products));
  return (a, b) => {
    let weight: number = WEIGHTS.type;
    let sum = a.type === b.type ? weight : 0;
    for (let index = 0; index < NUMERIC.length; index++) {
      const dimension = NUMERIC[index];
      const [x, y] = [a[dimension], b[dimension]];
      if (x === null || y === null) continue;
      const range = ranges[index];
      weight += WEIGHTS[dimension];
      const distance = range > 0 ? Math.abs(scale(dimension, x) - scale(dimension, y)) / range : 0;
      sum += WEIGHTS[dimension] * (1 - distance);
    }
    return sum / weight;
  };
}

function compare(
  product: Product,
  candidate: Product,
  ranges: Record<NumericDimension, number>,
  owned: ReadonlyMap<string, CoOwnership>,
): SimilarProduct {
  const compared: { dimension: SimilarityDimension; similarity: number; weight: number; text: string }[] = [
    {
      dimension: 'type',
      similarity: product.type === candidate.type ? 1 : 0,
      weight: WEIGHTS.type,
      text:
        product.type === candidate.type ? `both are of type ${product.type}` : `${candidate.type}, not ${product.type}`,
    },
  ];
  for (const dimension of NUMERIC) {
    const [a, b] = [product[dimension], candidate[dimension]];
    if (a === null || b === null) continue;
    const distance = Math.abs(scale(dimension, a) - scale(dimension, b));
    const similarity = ranges[dimension] > 0 ? 1 - distance / ranges[dimension] : 1;
    compared.push({
      dimension,
      similarity,
      weight: WEIGHTS[dimension],
      text: `${LABELS[dimension]} ${b} against ${a}`,
    });
  }
  const weight = compared.reduce((sum, each) => sum + each.weight, 0);
  const co = coOwnershipOf(owned.get(product.id), owned.get(candidate.id));
  const reasons = compared.map(({ dimension, similarity, weight: own, text }) => ({
    dimension,
    similarity,
    contribution: ((1 - co.weight) * own * similarity) / weight,
    text,
  }));
  if (co.weight > 0)
    reasons.push({
      dimension: 'coOwnership',
      similarity: co.similarity,
      contribution: co.weight * co.similarity,
      text: co.text,
    });
  return {
    product: candidate,
    similarity: Math.min(
      1,
      reasons.reduce((sum, reason) => sum + reason.contribution, 0),
    ),
    reasons: reasons.sort((a, b) => b.contribution - a.contribution),
  };
}

/** Nobody who holds both: no evidence, rather than evidence against. */
function coOwnershipOf(product: CoOwnership | undefined, candidate: CoOwnership | undefined) {
  if (!product || !candidate) return { similarity: 0, weight: 0, text: '' };
  const either = product.holders + candidate.holders - candidate.both;
  const support = Math.min(product.holders, candidate.holders);
  return {
    similarity: candidate.both / either,
    weight: (CO_OWNERSHIP_SHARE * support) / (support + CO_OWNERSHIP_HALF),
    text: `${candidate.both} users hold both, of ${either} who hold either`,
  };
}

const LABELS: Readonly<Record<NumericDimension, string>> = {
  riskClass: 'risk class',
  expectedYield: 'expected yield',
  volatility: 'volatility',
  termMonths: 'term in months',
  minimumAmount: 'minimum amount',
};

function scale(dimension: NumericDimension, value: number): number {
  return dimension === 'termMonths' || dimension === 'minimumAmount' ? Math.log1p(value) : value;
}

function rangeOf(dimension: NumericDimension, products: readonly Product[]): number {
  let [low, high] = [Infinity, -Infinity];
  for (const product of products) {
    const value = product[dimension];
    if (value === null) continue;
    low = Math.min(low, scale(dimension, value));
    high = Math.max(high, scale(dimension, value));
  }
  return high > low ? high - low : 0;
}
