import type { UserRow } from '../engine/data/dataset.js';
import type { Exposure } from '../experiments/experiment.js';
import type { Reason } from '../models/reasons.js';
import type { RiskClass } from '../risk/risk-class.js';
import type { RecommendationFilter } from './candidates.js';
import type { ScoreSource } from './score.js';
import type { SuitabilityCheck } from './suitability.js';

/**
 * model: the shared or own model scored; cold_user: the model knows nothing about this user, popularity stands in;
 * no_model: none is active, popularity stands in.
 */
export const STRATEGIES = ['model', 'cold_user', 'no_model'] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** One product of a stored answer. What explains it is there once it has been shown. */
export interface AnswerItem {
  readonly productId: string;
  readonly code: string;
  readonly rank: number;
  readonly score: number;
  readonly source: ScoreSource;
  /** Terms of the score that are not the model's. */
  readonly terms: readonly Reason[];
  /** Of the model's part, log-odds; where it was asked for. */
  readonly base?: number;
  /** The model's contributions, where they were asked for. */
  readonly contributions?: readonly Reason[];
  readonly checks?: readonly SuitabilityCheck[];
}

/** What an answer was computed from, so that its later pages are explained and decided as the first. */
export interface AnswerInputs {
  readonly row: UserRow;
  readonly filter: RecommendationFilter;
  readonly userRisk?: { readonly probability: number; readonly class: RiskClass };
}

/** A recommendation as it is stored: the whole ranked list, of which the first `shown` have been delivered. */
export interface Answer {
  readonly id: string;
  readonly userId: string;
  readonly modelVersionId: string | null;
  readonly strategy: Strategy;
  /** Under which variant of which experiment it was given; null where none was running. */
  readonly exposure: Exposure | null;
  readonly items: readonly AnswerItem[];
  readonly shown: number;
  readonly inputs: AnswerInputs;
  readonly createdAt: Date;
}
