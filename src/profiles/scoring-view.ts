import type { UserRow } from '../engine/data/dataset.js';
import type { Viewer } from '../graphql/viewer.js';
import type { Product } from '../products/product.js';
import type { AttributeMap, Fold } from '../users/user.js';
import { FEATURE_NAMES } from './features.js';
import { profileOf } from './profile.js';
import type { ScoringRow, TrainingRow } from './profiles.store.js';
import type { Questionnaire } from './questionnaire.js';
import type { Tag } from './tags.js';

/** Prefix of profile features among the inputs of a model: `profile.events13w`. */
export const FEATURE_PREFIX = 'profile.';

/** Names of the features as inputs, in the order of FEATURE_NAMES: made once, for making a name costs more than reading a value. */
const INPUT_NAMES = FEATURE_NAMES.map((name) => FEATURE_PREFIX + name);

/** Everything that scoring one user needs, as of now. */
export interface ScoringView {
  readonly userId: string;
  /** Attributes by name as they are, profile features by `profile.NAME`, codes of all products held. Protected attributes never. */
  readonly row: UserRow;
  readonly questionnaire?: Questionnaire;
  readonly tags: readonly Tag[];
  /** Behaviour events in the two years of the profile. 0 and no holdings: a cold user. */
  readonly eventCount: number;
  readonly holdings: readonly { readonly productId: string; readonly code: string }[];
}

/** A user as training reads it. */
export interface TrainingView extends ScoringView {
  readonly externalId: string;
  readonly riskLabel: 0 | 1 | null;
  readonly fold: Fold | null;
  /** For fairness figures only, never an input. */
  readonly protectedAttributes: AttributeMap;
}

export interface TrainingViewsOptions {
  readonly pageSize?: number;
  readonly signal?: AbortSignal;
  /** Whether rows have the users' latest events, for models that read these. */
  readonly events?: boolean;
}

/** What risk, recommendations and models need of ProfilesService. */
export interface ScoringViews {
  /**
   * The views of the users that exist, by user id, in one round trip. An unknown id, or one of another institution, is simply absent.
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope recommendations:read), LIMIT_EXCEEDED beyond 1,000 ids
   */
  scoringViews(viewer: Viewer | undefined, userIds: readonly string[]): Promise<Map<string, ScoringView>>;
  /**
   * What a model reads of the users of some views: their rows, and where the model reads events the latest of these, in one round trip.
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope recommendations:read)
   */
  rowsFor(
    viewer: Viewer | undefined,
    model: { readonly readsEvents: boolean },
    views: readonly ScoringView[],
  ): Promise<UserRow[]>;
  /**
   * All users of the institution by id, in pages (default 500), each page a transaction of its own.
   * Where interest in products is trained, leave out the features that `leaksOwnership` marks (features.ts: INTEREST_FEATURES keeps the rest).
   * @throws {ConcordError} UNAUTHENTICATED, FORBIDDEN (scope models:write), CANCELLED
   */
  trainingViews(viewer: Viewer | undefined, options?: TrainingViewsOptions): AsyncIterable<readonly TrainingView[]>;
}

/** @param products all products of the institution by id; a holding of one that is not among them is left out */
export function scoringViewOf(row: ScoringRow, products: ReadonlyMap<string, Product>, now: Date): ScoringView {
  const profile = profileOf(row, now);
  const values: Record<string, number | string | null> = { ...row.attributes };
  for (let i = 0; i < INPUT_NAMES.length; i++) values[INPUT_NAMES[i]] = profile.features[FEATURE_NAMES[i]];
  const holdings = row.productIds.flatMap((productId) => {
    const code = products.get(productId)?.code;
    return code === undefined ? [] : [{ productId, code }];
  });
  return {
    userId: row.userId,
    row: { values, owned: holdings.map((holding) => holding.code) },
    questionnaire: profile.questionnaire,
    tags: profile.tags,
    eventCount: profile.eventCount,
    holdings,
  };
}

export function trainingViewOf(row: TrainingRow, products: ReadonlyMap<string, Product>, now: Date): TrainingView {
  return {
    ...scoringViewOf(row, products, now),
    externalId: row.externalId,
    riskLabel: row.riskLabel,
    fold: row.fold,
    protectedAttributes: row.protectedAttributes,
  };
}
