import type { FeatureContract } from '../encoders/contract.js';
import type { ModelName } from '../engine.js';
import type { Weights } from '../models/weights.js';
import type { RecommenderModel } from '../recommenders/model.js';

/**
 * Recommenders, which read the products owned, and models of a user's features, added up by what was learnt from validation users:
 * logit = Σ weight · curve(score of a recommender) + Σ weight · log-probability of another model, softmax over the products not owned. Users who own
 * nothing have weights of their own, learnt from users whose products were all hidden: popularity, and the models that read features.
 */
export interface HybridWeights {
  readonly kind: 'hybrid';
  /** Several of them with their weights; what owners there are is popularity. */
  readonly recommender: RecommenderModel;
  readonly members: readonly HybridMember[];
  /** Of log(owners + ½), for a user who owns nothing. */
  readonly popularity: number;
}

export interface HybridMember {
  readonly model: ModelName;
  /** Each member reads a user in its own way. */
  readonly contract: FeatureContract;
  readonly weights: Weights;
  readonly weight: number;
  /** The same for a user who owns nothing. */
  readonly coldWeight: number;
}
