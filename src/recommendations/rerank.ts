import type { Reason } from '../models/reasons.js';
import type { Product } from '../products/product.js';

export interface Scored {
  readonly product: Product;
  /** ln of a score that is not yet normalised. */
  readonly logScore: number;
}

/** Taken off ln score for each product of the same type that stands higher already, and at most this much in all. */
const PENALTY = 0.25;
const MOST = 2;

export interface Ranked<T extends Scored> {
  readonly item: T;
  readonly rank: number;
  /** Probability among all that were ranked: they sum to 1. */
  readonly score: number;
  readonly diversity?: Reason;
}

/**
 * Orders by ln score − .25 × (products of the same type above it, at most 8), greedily from the top: maximal marginal relevance
 * (Carbonell and Goldstein 1998) with "same type" as similarity. Equal values: by code.
 * @param limit so many are returned
 */
export function rerank<T extends Scored>(items: readonly T[], limit: number): Ranked<T>[] {
  const largest = items.reduce((most, { logScore }) => Math.max(most, logScore), Number.NEGATIVE_INFINITY);
  const total = items.reduce((sum, { logScore }) => sum + Math.exp(logScore - largest), 0);
  const queues = queuesByType(items);
  const ranked: Ranked<T>[] = [];
  while (ranked.length < limit) {
    const next = bestOf(queues);
    if (!next) break;
    const item = next.items[next.taken];
    ranked.push({
      item,
      rank: ranked.length + 1,
      score: Math.exp(item.logScore - largest) / total,
      ...(next.taken && { diversity: diversityReason(item.product, next.taken) }),
    });
    next.taken++;
  }
  return ranked;
}

interface Queue<T> {
  readonly items: T[];
  taken: number;
}

const penaltyOf = (above: number): number => Math.min(MOST, PENALTY * above);

/** Within a type the penalty is the same for all: each type is a queue in the order of score, and only heads compete. */
function queuesByType<T extends Scored>(items: readonly T[]): Queue<T>[] {
  const queues = new Map<string, Queue<T>>();
  for (const item of items) {
    const queue = queues.get(item.product.type);
    if (queue) queue.items.push(item);
    else queues.set(item.product.type, { items: [item], taken: 0 });
  }
  for (const { items: queue } of queues.values()) queue.sort((a, b) => b.logScore - a.logScore || byCode(a, b));
  return [...queues.values()];
}

function bestOf<T extends Scored>(queues: readonly Queue<T>[]): Queue<T> | undefined {
  let best: Queue<T> | undefined;
  for (const queue of queues) if (queue.taken < queue.items.length && (!best || before(queue, best))) best = queue;
  return best;
}

function before<T extends Scored>(a: Queue<T>, b: Queue<T>): boolean {
  const [x, y] = [a.items[a.taken], b.items[b.taken]];
  const difference = x.logScore - penaltyOf(a.taken) - (y.logScore - penaltyOf(b.taken));
  return difference > 0 || (difference === 0 && byCode(x, y) < 0);
}

const byCode = (a: Scored, b: Scored): number => (a.product.code < b.product.code ? -1 : 1);

function diversityReason({ type }: Product, above: number): Reason {
  return {
    feature: 'diversity',
    value: above,
    contribution: -penaltyOf(above),
    text: `${above} of type ${type} above it ${above === 1 ? 'moves' : 'move'} it down`,
  };
}
