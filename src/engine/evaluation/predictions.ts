/**
 * What a model said of users that it has not seen: what plots, intervals and figures of groups are made from. Users are rows of the
 * dataset, so that whatever stands beside them there (ids, protected columns) can be joined to them; the engine itself sees none of it.
 */
export type Predictions = RiskPredictions | InterestPredictions;

export interface RiskPredictions {
  readonly task: 'risk';
  /** The stored split's test users; without a split all users, each by the model of the fold that it was set aside in. */
  readonly test: ScoredUsers;
  /** The stored split's validation users, who decide thresholds. */
  readonly validation?: ScoredUsers;
  /** Beside a split, where it was asked for or the set is small: all users by cross-validation. */
  readonly crossValidated?: ScoredUsers;
}

export interface InterestPredictions {
  readonly task: 'interest';
  /** Codes, in the order of the indices. */
  readonly products: readonly string[];
  readonly test: RankedProducts;
  /** The stored split's validation users. */
  readonly validation?: RankedProducts;
  readonly crossValidated?: RankedProducts;
}

/** Users with their label and the probability of the event: arrays side by side. */
export interface ScoredUsers {
  readonly users: Int32Array;
  /** 0 or 1. */
  readonly labels: Uint8Array;
  readonly probabilities: Float32Array;
  /** By cross-validation: in which fold the user was set aside. */
  readonly fold?: Uint8Array;
}

/** Users with the product that was hidden and where it was ranked among those that they don't show: arrays side by side. */
export interface RankedProducts {
  readonly users: Int32Array;
  /** Index of the hidden product. */
  readonly targets: Int32Array;
  /** 1 = best; equal scores share the middle of their ranks. */
  readonly ranks: Float64Array;
  /** Of the hidden product. */
  readonly probabilities: Float32Array;
  /** 1 where the hidden product is in the tail. */
  readonly tail: Uint8Array;
  /** How many products a user has in `top`. */
  readonly topSize: number;
  /** (users × topSize) the products ranked first, best first; −1 where a user has fewer candidates. */
  readonly top: Int32Array;
  /** (users × topSize) their probabilities. */
  readonly topProbabilities: Float32Array;
  readonly fold?: Uint8Array;
}

export type TestedUsers = ScoredUsers | RankedProducts;

/** Users of several folds as one, in the order of the folds. */
export const joinScored = (folds: readonly ScoredUsers[]): ScoredUsers => ({
  users: concat(folds.map(({ users }) => users)),
  labels: concat(folds.map(({ labels }) => labels)),
  probabilities: concat(folds.map(({ probabilities }) => probabilities)),
  fold: foldOf(folds),
});

/** Users of several folds as one, in the order of the folds. */
export const joinRanked = (folds: readonly RankedProducts[]): RankedProducts => ({
  users: concat(folds.map(({ users }) => users)),
  targets: concat(folds.map(({ targets }) => targets)),
  ranks: concat(folds.map(({ ranks }) => ranks)),
  probabilities: concat(folds.map(({ probabilities }) => probabilities)),
  tail: concat(folds.map(({ tail }) => tail)),
  topSize: folds[0].topSize,
  top: concat(folds.map(({ top }) => top)),
  topProbabilities: concat(folds.map(({ topProbabilities }) => topProbabilities)),
  fold: foldOf(folds),
});

const foldOf = (folds: readonly { readonly users: Int32Array }[]): Uint8Array =>
  concat(folds.map(({ users }, fold) => new Uint8Array(users.length).fill(fold)));

function concat<T extends Uint8Array | Int32Array | Float32Array | Float64Array>(parts: readonly T[]): T {
  const TypedArray = parts[0].constructor as new (length: number) => T;
  const all = new TypedArray(parts.reduce((sum, { length }) => sum + length, 0));
  let from = 0;
  for (const part of parts) {
    all.set(part, from);
    from += part.length;
  }
  return all;
}
