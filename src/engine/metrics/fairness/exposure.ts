import { SMALLEST_GROUP } from './groups.js';
import { differenceOf, type Estimate, type Rate, rateOf } from './intervals.js';

/** How much of a group's attention a class of products has. */
export interface ClassExposure {
  readonly class: string;
  /** By group, in the groups' order: the share of exposure; null for groups of too few users. */
  readonly shares: readonly (Estimate | null)[];
  /** The least share ÷ the greatest: 1 is equal exposure. null where fewer than two groups can be compared, or none sees the class. */
  readonly ratio: number | null;
}

export interface Exposure {
  readonly groups: readonly { readonly group: string; readonly users: number }[];
  readonly classes: readonly ClassExposure[];
}

/** A ranked list that one user saw, or would see. */
export interface RankedList {
  readonly group: number;
  /** Index of the class of each product, best rank first. */
  readonly classes: readonly number[];
}

/** Attention that a rank gets: 1 ÷ log₂(1 + rank) (Singh and Joachims 2018, section 3.1). */
export const attention = (rank: number): number => 1 / Math.log2(1 + rank);

/**
 * Shares of exposure by group and class of products. Intervals are of a ratio of sums over lists, linearised (Cochran 1977, section 6.3): lists are taken
 * for independent, so give one a user.
 * @param others index of a group that is a mixture, and is compared with none
 */
export function exposureOf(
  lists: Iterable<RankedList>,
  names: { readonly groups: readonly string[]; readonly classes: readonly string[]; readonly others?: number },
  smallest = SMALLEST_GROUP,
): Exposure {
  const { groups, classes, others } = names;
  const sums = groups.map(() => ({
    users: 0,
    total: 0,
    totalSquares: 0,
    ofClass: classes.map(() => ({ sum: 0, squares: 0, products: 0 })),
  }));
  for (const { group, classes: ranked } of lists) {
    const of = sums[group];
    const ofUser = new Float64Array(classes.length);
    let total = 0;
    ranked.forEach((place, rank) => {
      const weight = attention(rank + 1);
      ofUser[place] += weight;
      total += weight;
    });
    if (total === 0) continue;
    of.users++;
    of.total += total;
    of.totalSquares += total * total;
    ofUser.forEach((weight, place) => {
      const figures = of.ofClass[place];
      figures.sum += weight;
      figures.squares += weight * weight;
      figures.products += weight * total;
    });
  }
  return {
    groups: groups.map((group, place) => ({ group, users: sums[place].users })),
    classes: classes.map((name, place) => {
      const shares = sums.map(({ users, total, totalSquares, ofClass }) => {
        if (users < Math.max(1, smallest)) return null;
        const { sum, squares, products } = ofClass[place];
        const share = sum / total;
        const residuals = Math.max(0, squares - 2 * share * products + share * share * totalSquares);
        const spread = 1.96 * (Math.sqrt((residuals * users) / Math.max(1, users - 1)) / total);
        return { value: share, low: Math.max(0, share - spread), high: Math.min(1, share + spread) };
      });
      const compared = shares.filter((share, group) => share !== null && group !== others).map((share) => share!.value);
      const most = Math.max(...compared);
      return { class: name, shares, ratio: compared.length > 1 && most > 0 ? Math.min(...compared) / most : null };
    }),
  };
}

/** How often the product that was hidden from the model is among the first k, by group. */
export interface RecallByGroup {
  readonly k: number;
  readonly groups: readonly { readonly group: string; readonly recall: Rate | null }[];
  /** Greatest − least, between the two groups: the better one first. */
  readonly gap: (Estimate & { readonly between: readonly [string, string] }) | null;
}

/** @param ranks of the hidden product, 1 = best, one a user; `of` is the user's group */
export function recallByGroup(
  ranks: ArrayLike<number>,
  of: ArrayLike<number>,
  { groups, others }: { readonly groups: readonly string[]; readonly others?: number },
  k = 3,
  smallest = SMALLEST_GROUP,
): RecallByGroup {
  const hits = new Array<number>(groups.length).fill(0);
  const users = new Array<number>(groups.length).fill(0);
  for (let user = 0; user < ranks.length; user++) {
    users[of[user]]++;
    if (ranks[user] <= k) hits[of[user]]++;
  }
  const rated = groups.map((group, place) => ({
    group,
    recall: users[place] >= smallest ? (rateOf(hits[place], users[place]) ?? null) : null,
  }));
  const compared = rated
    .filter(({ recall }, place) => recall !== null && place !== others)
    .sort((a, b) => b.recall!.value - a.recall!.value);
  const [best, worst] = [compared[0], compared[compared.length - 1]];
  return {
    k,
    groups: rated,
    gap:
      compared.length > 1 ? { ...differenceOf(best.recall!, worst.recall!), between: [best.group, worst.group] } : null,
  };
}
