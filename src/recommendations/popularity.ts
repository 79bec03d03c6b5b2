/** How many users own each product, in the institution and in each segment of it. */
export interface OwnerCounts {
  /** By product id. */
  readonly owners: ReadonlyMap<string, number>;
  readonly users: number;
}

/** Users who are alike: by where the profile model places them, or by the risk tolerance of their questionnaire, 1 to 5. */
export type PopularityGroup = { readonly kind: 'segment' | 'tolerance'; readonly value: number };

export interface Popularity {
  readonly all: OwnerCounts;
  readonly bySegment: ReadonlyMap<number, OwnerCounts>;
  readonly byTolerance: ReadonlyMap<number, OwnerCounts>;
}

/** So many users' worth of the institution's own share stand behind the share in a group. */
const PRIOR_USERS = 50;

export interface Share {
  /** 0 to 1, never 0. */
  readonly share: number;
  /** The users who had a say beside all of the institution. */
  readonly group: PopularityGroup['kind'] | null;
}

/**
 * The share of users who own a product: in the user's group, drawn towards the share in the institution by 50 users' weight.
 * (owners_g + 50 (owners + .5)/(users + 1)) / (users_g + 50)
 * @param group undefined: the whole institution
 */
export function shareOf(popularity: Popularity, productId: string, group: PopularityGroup | undefined): Share {
  const { all } = popularity;
  const overall = ((all.owners.get(productId) ?? 0) + 0.5) / (all.users + 1);
  const counts = group && (group.kind === 'segment' ? popularity.bySegment : popularity.byTolerance).get(group.value);
  if (!group || !counts) return { share: overall, group: null };
  const owners = counts.owners.get(productId) ?? 0;
  return { share: (owners + PRIOR_USERS * overall) / (counts.users + PRIOR_USERS), group: group.kind };
}
