import type { ActiveModel } from '../models/model-version.js';
import { FEATURE_PREFIX, type ScoringView } from '../profiles/scoring-view.js';
import type { Strategy } from './answer.js';
import type { PopularityGroup } from './popularity.js';
import type { Signals } from './recommendations.store.js';

/**
 * A user is cold where the model reads nothing of theirs: no attribute and no product that it knows, and no event, or none that it reads.
 * Recommenders read products alone: without one, popularity among users of the same kind says more than they do.
 */
export function strategyOf(model: ActiveModel | undefined, { row, eventCount }: ScoringView): Strategy {
  if (!model) return 'no_model';
  const { columns, positions, readsEvents } = model;
  const readsBehaviour = readsEvents || [...columns].some((name) => name.startsWith(FEATURE_PREFIX));
  const known =
    row.owned.some((code) => positions.has(code)) ||
    (eventCount > 0 && readsBehaviour) ||
    Object.entries(row.values).some(
      ([name, value]) => value !== null && !name.startsWith(FEATURE_PREFIX) && columns.has(name),
    );
  return known ? 'model' : 'cold_user';
}

export const ownedIdsOf = (view: ScoringView): ReadonlySet<string> =>
  new Set(view.holdings.map(({ productId }) => productId));

const DISMISSAL_HALF_LIFE_MS = 30 * 86_400_000;

/** By product id: 1 for dismissed now, halved every 30 days. */
export function dismissedOf({ dismissals }: Signals, now: Date): Map<string, number> {
  return new Map(
    dismissals.map(({ productId, at }) => [
      productId,
      2 ** (-Math.max(0, now.getTime() - at.getTime()) / DISMISSAL_HALF_LIFE_MS),
    ]),
  );
}

/** Users like this one: of the same segment, else of the same risk tolerance. */
export function groupOf(segment: number | undefined, tolerance: number | undefined): PopularityGroup | undefined {
  if (segment !== undefined) return { kind: 'segment', value: segment };
  return tolerance === undefined ? undefined : { kind: 'tolerance', value: tolerance };
}
