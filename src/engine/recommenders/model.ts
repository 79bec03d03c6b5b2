import type { AlsSettings } from './als/fit.js';
import type { ContentModel } from './content/content.js';
import type { EaseSettings } from './ease.js';
import type { CoCounts } from './matrix/co-counts.js';
import type { SparseRows, WeightedRows } from './matrix/sparse.js';
import type { NaiveBayesSettings, NaiveBayesWeights } from './naive-bayes.js';
import type { NeighbourSettings } from './neighbours/similarity.js';
import type { MemberName, RecommenderName } from './recommender.js';
import type { VaeSettings } from './vae/settings.js';

export interface MemberSettings {
  readonly popularity: Readonly<Record<string, never>>;
  readonly 'item-knn': NeighbourSettings;
  readonly 'user-knn': NeighbourSettings;
  readonly ease: EaseSettings;
  readonly 'naive-bayes': NaiveBayesSettings;
  readonly als: AlsSettings;
  readonly vae: VaeSettings;
  readonly content: Readonly<Record<string, never>>;
}

/** What each of them has learnt. */
export interface MemberData {
  /** Owners of each product. */
  readonly popularity: Float64Array;
  /** For each product its neighbours with their similarity. */
  readonly 'item-knn': WeightedRows;
  readonly 'user-knn': UserRows;
  /** (products × products). */
  readonly ease: Float32Array;
  readonly 'naive-bayes': NaiveBayesWeights;
  /** (products × factors). */
  readonly als: Float32Array;
  readonly vae: VaeParameters;
  readonly content: ContentModel;
}

/** By the network's manifest, flat. */
export interface VaeParameters {
  readonly products: number;
  readonly parameters: Float32Array;
}

/** Training users with what they own: personal data, unlike everything else in a model. */
export interface UserRows {
  readonly rows: SparseRows;
  readonly ids: readonly string[];
}

/** A recommender to be fitted. */
export type MemberPlan = {
  readonly [Name in MemberName]: { readonly name: Name; readonly settings: MemberSettings[Name] };
}[MemberName];

/** One recommender with its settings and what it has learnt. */
export type Member = {
  readonly [Name in MemberName]: {
    readonly name: Name;
    readonly settings: MemberSettings[Name];
    readonly data: MemberData[Name];
  };
}[MemberName];

/** A member and its part in the logit: weight · curve(score). */
export interface WeightedMember {
  readonly member: Member;
  readonly weight: number;
  /** Where the curve turns from a line into a logarithm, in the unit of the scores; 0: it is a line. */
  readonly bend: number;
}

/** A fitted recommender, as plain data. */
export interface RecommenderModel {
  readonly name: RecommenderName;
  readonly products: number;
  /** Training users. */
  readonly users: number;
  /** Owners of each product among them: what a user who owns nothing is recommended by. */
  readonly owners: Float64Array;
  /** Kept where a member is a function of them, so that users can be taken out of it. */
  readonly counts?: CoCounts;
  readonly members: readonly WeightedMember[];
}

/** Whether the model holds what single users own: then it never leaves the institution. */
export const holdsUsers = ({ members }: Pick<RecommenderModel, 'members'>): boolean =>
  members.some(({ member }) => member.name === 'user-knn');
