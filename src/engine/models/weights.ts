import type { RecommenderModel } from '../recommenders/model.js';
import type { TreeEnsemble } from '../trees/ensemble.js';
import type { Architecture } from './network.js';

/** What a weights file holds; its kind stands in the file's metadata. */
export type Weights = NetworkWeights | TreeWeights | PopularityWeights | RecommenderWeights;
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
