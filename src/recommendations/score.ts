import type { Reason } from '../models/reasons.js';
import type { Product } from '../products/product.js';
import { behaviourBonus, type Interest } from './behaviour.js';
import type { NeighboursOf } from './neighbours.js';
import { type Popularity, type PopularityGroup, shareOf } from './popularity.js';

/** Where the first part of a score comes from: the model; products like a product that the model does not know; how many own it. */
export const SCORE_SOURCES = ['model', 'similarity', 'popularity'] as const;
export type ScoreSource = (typeof SCORE_SOURCES)[number];

export interface ScoredProduct {
  readonly product: Product;
  readonly source: ScoreSource;
  /** ln of the first part + the contributions of the terms, as far as they are not that part. */
  readonly logScore: number;
  /** What is known without asking the model for an explanation. */
  readonly terms: readonly Reason[];
}

/** Probabilities of the model for one user. */
export interface ModelScores {
  /** Position of a product code among the probabilities. */
  readonly positions: ReadonlyMap<string, number>;
  readonly probabilities: Float32Array;
  /** Stand in for a product that the model does not know. */
  readonly neighboursOf: NeighboursOf;
}

export interface ScoreFacts {
  /** Absent: no model is active, or it knows nothing about the user; popularity is taken. */
  readonly model?: ModelScores;
  readonly popularity: Popularity;
  /** Users like this one. */
  readonly group?: PopularityGroup;
  readonly interest: Interest;
  /** By product id: 1 for dismissed now, halved every 30 days. */
  readonly dismissed: ReadonlyMap<string, number>;
  readonly ownedIds: ReadonlySet<string>;
}

const NEIGHBOURS = 5;
/** A product that nobody owned when the model was trained has to prove itself: half of what its like have. */
const UNPROVEN = 0.5;
const DISMISSED = 2;
const LEAST = 1e-9;

/**
 * ln score of each product = ln first part + ln(1 + w) of recent behaviour − 2 × dismissal.
 * The first part is the model's probability; for a product that the model does not know half of the mean probability of the five most
 * similar products, weighted by similarity; without a model the share of users who own it.
 */
export function scoreProducts(products: readonly Product[], facts: ScoreFacts): ScoredProduct[] {
  const { model } = facts;
  return products.map((product) => {
    const first = model ? byModel(product, model, facts) : byPopularity(product, facts);
    const terms = [...first.terms, ...behaviourTerms(product, facts)];
    const added = terms.slice(first.terms.length).reduce((sum, { contribution }) => sum + contribution, 0);
    return { product, source: first.source, logScore: Math.log(Math.max(first.score, LEAST)) + added, terms };
  });
}

interface FirstPart {
  readonly source: ScoreSource;
  readonly score: number;
  readonly terms: readonly Reason[];
}

function byModel(product: Product, model: ModelScores, facts: ScoreFacts): FirstPart {
  const probability = (code: string) => model.probabilities[model.positions.get(code)!];
  if (model.positions.has(product.code)) return { source: 'model', score: probability(product.code), terms: [] };
  const neighbours = model
    .neighboursOf(product)
    .filter(
      ({ product: like, similarity }) =>
        // Of a very large catalogue the model has not scored all that it knows.
        similarity > 0 && !facts.ownedIds.has(like.id) && model.positions.has(like.code),
    )
    .slice(0, NEIGHBOURS);
  if (neighbours.length === 0) return byPopularity(product, facts);
  const total = neighbours.reduce((sum, { similarity }) => sum + similarity, 0);
  const mean = neighbours.reduce((sum, n) => sum + (n.similarity / total) * probability(n.product.code), 0);
  const score = Math.max(UNPROVEN * mean, LEAST);
  const names = neighbours.slice(0, 3).map((neighbour) => neighbour.product.name);
  const text = `new to the model: scored as ${names.join(', ')}, which are like it`;
  return {
    source: 'similarity',
    score,
    terms: [{ feature: 'similarity', value: neighbours[0].similarity, contribution: Math.log(score), text }],
  };
}

const OF_GROUP = { segment: ' of the same segment', tolerance: ' of the same risk tolerance' } as const;

function byPopularity(product: Product, facts: ScoreFacts): FirstPart {
  const { share, group } = shareOf(facts.popularity, product.id, facts.group);
  const percent = share < 0.001 ? 'less than 0.1' : Number((share * 100).toPrecision(2));
  const text = `owned by ${percent} % of users${group ? OF_GROUP[group] : ''}`;
  return {
    source: 'popularity',
    score: share,
    terms: [{ feature: 'popularity', value: share, contribution: Math.log(share), text }],
  };
}

function behaviourTerms(product: Product, facts: ScoreFacts): Reason[] {
  const terms: Reason[] = [];
  const { bonus, own } = behaviourBonus(facts.interest, product);
  if (bonus > 0) {
    const what = own > 0 ? product.name : `products of type ${product.type}`;
    const text = `interest in ${what} in the last 30 days raises the interest`;
    terms.push({ feature: own > 0 ? 'behaviour.product' : 'behaviour.type', value: null, contribution: bonus, text });
  }
  const dismissed = facts.dismissed.get(product.id) ?? 0;
  if (dismissed > 0) {
    const text = 'having been dismissed lowers the interest';
    terms.push({ feature: 'feedback.dismissed', value: null, contribution: -DISMISSED * dismissed, text });
  }
  return terms;
}
