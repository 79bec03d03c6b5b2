import { EPSILON } from './binary.js';

/**
 * Rank of the target among the candidates, 1 = best. Candidates of an equal score share the middle of their ranks.
 * @param isCandidate tells which products are ranked; the target must be one.
 */
export function midRank(
  scores: ArrayLike<number>,
  target: number,
  isCandidate: (product: number) => boolean,
  offset = 0,
  products = scores.length,
): number {
  const score = scores[offset + target];
  let better = 0;
  let equal = 0;
  for (let product = 0; product < products; product++) {
    if (product === target || !isCandidate(product)) continue;
    if (scores[offset + product] > score) better++;
    else if (scores[offset + product] === score) equal++;
  }
  return 1 + better + equal / 2;
}

/** One test user: the product that was hidden, its rank among the candidates and the probability it was given. */
export interface RankedUser {
  readonly target: number;
  readonly rank: number;
  readonly probability: number;
}

const share = (users: readonly RankedUser[], figure: (user: RankedUser) => number): number =>
  users.reduce((sum, user) => sum + figure(user), 0) / users.length;

export const recallAt = (users: readonly RankedUser[], k: number): number =>
  share(users, ({ rank }) => (rank <= k ? 1 : 0));

/** One relevant product a user: 1 / log2(1 + rank) within the first k. */
export const ndcgAt = (users: readonly RankedUser[], k: number): number =>
  share(users, ({ rank }) => (rank <= k ? 1 / Math.log2(1 + rank) : 0));

/** Mean reciprocal rank. */
export const mrr = (users: readonly RankedUser[]): number => share(users, ({ rank }) => 1 / rank);

/** Mean over products (those that are somebody's target) of recall@k among the users whose target it is. */
export function macroRecallAt(users: readonly RankedUser[], k: number): number {
  const groups = new Map<number, RankedUser[]>();
  for (const user of users) {
    const group = groups.get(user.target);
    if (group) group.push(user);
    else groups.set(user.target, [user]);
  }
  const recalls = [...groups.values()].map((group) => recallAt(group, k));
  return recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length;
}

/** @param head products that are not the tail. */
export function rankingMetrics(users: readonly RankedUser[], head: ReadonlySet<number>): Record<string, number> {
  if (users.length === 0) return { n: 0 };
  const tail = users.filter(({ target }) => !head.has(target));
  const figures: Record<string, number> = { n: users.length };
  for (const k of [1, 3, 5]) {
    figures[`recall@${k}`] = recallAt(users, k);
    figures[`ndcg@${k}`] = ndcgAt(users, k);
  }
  figures.mrr = mrr(users);
  figures.tail_n = tail.length;
  if (tail.length > 0) {
    figures['tail_recall@1'] = recallAt(tail, 1);
    figures['tail_recall@3'] = recallAt(tail, 3);
    figures['tail_ndcg@5'] = ndcgAt(tail, 5);
    figures.tail_mrr = mrr(tail);
  }
  figures['macro_recall@3'] = macroRecallAt(users, 3);
  figures.logloss = share(users, ({ probability }) => -Math.log(Math.max(EPSILON, probability)));
  return figures;
}

/** The fewest most popular products that make up more than half of all ownership. @param counts owners of each product. */
export function headOf(counts: ArrayLike<number>): Set<number> {
  const order = Array.from({ length: counts.length }, (_, product) => product).sort(
    (a, b) => counts[b] - counts[a] || a - b,
  );
  const all = order.reduce((sum, product) => sum + counts[product], 0);
  const head = new Set<number>();
  let covered = 0;
  for (const product of order) {
    if (covered * 2 > all || counts[product] === 0) break;
    head.add(product);
    covered += counts[product];
  }
  return head;
}
