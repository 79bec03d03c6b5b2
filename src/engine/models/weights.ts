import type { Calibration } from '../calibration/calibration.js';
import type { FeatureContract } from '../encoders/contract.js';
import type { ModelName } from '../engine.js';
import type { RecommenderModel } from '../recommenders/model.js';
import type { PointsScale } from '../scorecard/points.js';
import type { TreeEnsemble } from '../trees/ensemble.js';
import type { Architecture } from './network.js';

/** What a weights file holds; its kind stands in the file's metadata. */
export type Weights =
  | NetworkWeights
  | TreeWeights
  | PopularityWeights
  | RecommenderWeights
  | HybridWeights
  | TwoTowerWeights
  | StackWeights
  | ScorecardWeights
  | CalibratedWeights;
export type WeightsOf<Kind extends Weights['kind']> = Extract<Weights, { readonly kind: Kind }>;

/** Networks of one architecture whose probabilities are averaged. */
export interface NetworkWeights {
  readonly kind: 'network';
  readonly architecture: Architecture;
  /** Flat, in the order of the network's manifest; one vector a member. */
  readonly members: readonly Float32Array[];
}

export interface TreeWeights {
  readonly kind: 'trees';
  readonly ensemble: TreeEnsemble;
}

/**
 * Models whose scores are added up (stacking: Wolpert 1992; with non-negative weights: Breiman 1996). Risk: log-odds = intercept + Σ weight ·
 * log-odds of a member. Interest: logits = Σ weight · log-probability of a member, and their softmax over the products not owned.
 */
export interface StackWeights {
  readonly kind: 'stack';
  readonly members: readonly StackMember[];
  /** Of the log-odds; 0 for interest. */
  readonly intercept: number;
}

export interface StackMember {
  readonly model: ModelName;
  /** Each member reads a user in its own way. */
  readonly contract: FeatureContract;
  readonly weights: Weights;
  /** 0 or more. */
  readonly weight: number;
}

/** A points scorecard: log-odds of the event = intercept − Σ coefficient · weight of evidence of the user's class. */
export interface ScorecardWeights {
  readonly kind: 'scorecard';
  readonly intercept: number;
  readonly scale: PointsScale;
  readonly characteristics: readonly Characteristic[];
}

export interface Characteristic {
  /** Place in the contract. */
  readonly feature: number;
  /** 0 or more. */
  readonly coefficient: number;
  /** Of each fine class (slots.ts), its group; −1 where training saw nobody. */
  readonly groups: readonly number[];
  /** Weight of evidence of each group. */
  readonly woe: readonly number[];
  /** Of the training users in each group. */
  readonly shares: readonly number[];
}

/** A model of risk, and what is done to its log-odds. */
export interface CalibratedWeights {
  readonly kind: 'calibrated';
  readonly member: Weights;
  readonly calibration: Calibration;
}

/** Shares that know no user. */
export interface PopularityWeights {
  readonly kind: 'popularity';
  /** Interest: each product's share of ownership. Risk: the one share of users with the event. */
  readonly shares: Float32Array;
}

/** One recommender that reads the products owned. */
export interface RecommenderWeights {
  readonly kind: 'recommender';
  readonly recommender: RecommenderModel;
}

/** One network of a tower of users and one of products. */
export interface TwoTowerWeights {
  readonly kind: 'two-tower';
  readonly architecture: Architecture;
  /** Flat, in the order of the network's manifest. */
  readonly parameters: Float32Array;
}

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
