import type { Exposure } from '../experiments/experiment.js';
import type { Reason } from '../models/reasons.js';
import type { Catalogue } from '../products/catalogue.js';
import type { Product } from '../products/product.js';
import type { ScoringView } from '../profiles/scoring-view.js';
import type { Answer, AnswerItem, Strategy } from './answer.js';
import type { RecommendationFilter } from './candidates.js';
import { reasonsOfItem } from './explain.js';
import { type Decided, decideAll } from './pipeline.js';
import type { ScoreSource } from './score.js';
import { decideSuitability, type SuitabilityDecision } from './suitability.js';
import { ownedIdsOf } from './user-facts.js';

export interface RecommendedProduct {
  readonly product: Product;
  readonly rank: number;
  readonly score: number;
  readonly source: ScoreSource;
  readonly suitability: SuitabilityDecision;
  readonly base: number | null;
  readonly reasons: readonly Reason[];
}

export interface RecommendationPage {
  readonly id: string;
  readonly userId: string;
  readonly strategy: Strategy;
  readonly modelVersionId: string | null;
  readonly exposure: Exposure | null;
  readonly createdAt: Date;
  readonly items: readonly RecommendedProduct[];
  /** Products of the whole answer. */
  readonly total: number;
  /** The rank of the last product of the page, dropped ones included; 0 for an empty answer. */
  readonly lastRank: number;
  /** Candidates that are not suitable, by code. */
  readonly rejected: readonly Decided[];
}

/** Items that are still in the catalogue, not owned and suitable, with their checks. */
export function decideItems(
  answer: Answer,
  items: readonly AnswerItem[],
  catalogue: Catalogue,
  view: ScoringView,
  now: Date,
): AnswerItem[] {
  const owned = ownedIdsOf(view);
  const facts = { questionnaire: view.questionnaire, userRisk: answer.inputs.userRisk };
  return items.flatMap((item) => {
    const product = catalogue.byId.get(item.productId);
    if (!product || owned.has(product.id)) return [];
    const { suitable, checks } = decideSuitability(product, facts, now);
    return suitable ? [{ ...item, checks }] : [];
  });
}

/** Candidates of a stored answer that are not suitable now. */
export function rejectedOf({ inputs }: Answer, catalogue: Catalogue, view: ScoringView, now: Date): Decided[] {
  return decideAll({
    products: catalogue.products,
    ownedIds: ownedIdsOf(view),
    filter: inputs.filter,
    suitability: { questionnaire: view.questionnaire, userRisk: inputs.userRisk },
    now,
  }).rejected;
}

export function present(
  answer: Answer,
  page: readonly AnswerItem[],
  catalogue: Catalogue,
  lastRank: number,
  rejected: readonly Decided[],
): RecommendationPage {
  const { id, userId, strategy, modelVersionId, exposure, createdAt } = answer;
  const items = page.map((item) => ({
    product: catalogue.byId.get(item.productId)!,
    rank: item.rank,
    score: item.score,
    source: item.source,
    suitability: { suitable: true, checks: item.checks ?? [] },
    base: item.base ?? null,
    reasons: reasonsOfItem(item),
  }));
  const total = answer.items.length;
  return { id, userId, strategy, modelVersionId, exposure, createdAt, items, total, lastRank, rejected };
}

export function sameFilter(a: RecommendationFilter, b: RecommendationFilter): boolean {
  const text = (filter: RecommendationFilter) =>
    JSON.stringify(
      Object.entries(filter)
        .filter(([, value]) => value !== undefined)
        .sort(),
    );
  return text(a) === text(b);
}
