import type { Product } from '../products/product.js';
import { candidatesOf, type RecommendationFilter } from './candidates.js';
import { type Ranked, rerank } from './rerank.js';
import { type ScoredProduct, type ScoreFacts, scoreProducts } from './score.js';
import { decideSuitability, type SuitabilityDecision, type SuitabilityFacts } from './suitability.js';

export interface PipelineInput {
  readonly products: readonly Product[];
  readonly ownedIds: ReadonlySet<string>;
  readonly filter?: RecommendationFilter;
  readonly suitability: SuitabilityFacts;
  readonly scores: ScoreFacts;
  readonly now: Date;
}

export interface Decided {
  readonly product: Product;
  readonly suitability: SuitabilityDecision;
}

export type RankedProduct = Ranked<ScoredProduct>;

export interface PipelineOutput {
  /** Suitable products, best first. */
  readonly ranked: readonly RankedProduct[];
  /** Candidates that are not suitable, in the order of the catalogue. */
  readonly rejected: readonly Decided[];
}

/** So many products of one answer can be paged through. */
export const MOST_RANKED = 100;

/** Candidates → suitability → score → order. Pure. */
export function recommend(input: PipelineInput): PipelineOutput {
  const { suitable, rejected } = decideAll(input);
  return { ranked: rerank(scoreProducts(suitable, input.scores), MOST_RANKED), rejected };
}

/** Splits the candidates by suitability. */
export function decideAll(input: Omit<PipelineInput, 'scores'>): { suitable: Product[]; rejected: Decided[] } {
  const suitable: Product[] = [];
  const rejected: Decided[] = [];
  for (const product of candidatesOf(input.products, input.ownedIds, input.filter)) {
    const suitability = decideSuitability(product, input.suitability, input.now);
    if (suitability.suitable) suitable.push(product);
    else rejected.push({ product, suitability });
  }
  return { suitable, rejected };
}
