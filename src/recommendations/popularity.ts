/** How many users own each product, in the institution and in each segment of it. */
export interface OwnerCounts {
  /** By product id. */
  readonly owners: ReadonlyMap<string, number>;
  readonly users: number;
}

export interface Popularity {
  readonly all: OwnerCounts;
  /** By risk tolerance of the questionnaire, 1 to 5. */
  readonly byTolerance: ReadonlyMap<number, OwnerCounts>;
}

/** So many users' worth of the institution's own share stand behind the share in a segment. */
const PRIOR_USERS = 50;

export interface Share {
  /** 0 to 1, never 0. */
  readonly share: number;
  /** Whether the segment had a say. */
  readonly ofSegment: boolean;
}

/**
 * The share of users who own a product: in the user's segment, drawn towards the share in the institution by 50 users' weight.
 * (owners_s + 50 (owners + .5)/(users + 1)) / (users_s + 50)
 * @param tolerance the segment; undefined: the whole institution
 */
export function shareOf(popularity: Popularity, productId: string, tolerance: number | undefined): Share {
  const { all } = popularity;
  const overall = ((all.owners.get(productId) ?? 0) + 0.5) / (all.users + 1);
  const segment = tolerance === undefined ? undefined : popularity.byTolerance.get(tolerance);
  if (!segment) return { share: overall, ofSegment: false };
  const owners = segment.owners.get(productId) ?? 0;
  return { share: (owners + PRIOR_USERS * overall) / (segment.users + PRIOR_USERS), ofSegment: true };
}
