import type { UserRow } from '../engine/data/dataset.js';
import type { Product } from '../products/product.js';
import { DAY, type EventType } from './state.js';

/** Events of a user that models of sequences read, the latest. */
export const LATEST_EVENTS = 32;

/** One of a user's latest events; trades are never among them, for they tell which products are owned. */
export interface LatestEvent {
  readonly userId: string;
  readonly type: EventType;
  readonly amount: number | null;
  readonly durationSeconds: number | null;
  readonly productId: string | null;
  /** Milliseconds since 1970. */
  readonly occurredAt: number;
}

type EventValues = NonNullable<UserRow['events']>;

/**
 * Events of several users as a model reads them: docs/sequences.md names the values.
 * @param events oldest first within a user
 * @returns by user id; users without events are absent
 */
export function eventValues(
  events: readonly LatestEvent[],
  products: ReadonlyMap<string, Pick<Product, 'type' | 'riskClass'>>,
  now: Date,
): Map<string, EventValues> {
  const values = new Map<string, EventValues[number][]>();
  const before = new Map<string, number>();
  for (const { userId, type, amount, durationSeconds, productId, occurredAt } of events) {
    const product = productId === null ? undefined : products.get(productId);
    const last = before.get(userId);
    const event = {
      type,
      amount,
      durationSeconds,
      productType: product?.type ?? null,
      riskClass: product?.riskClass ?? null,
      // A clock of the bank may be ahead of ours.
      daysBefore: Math.max(0, now.getTime() - occurredAt) / DAY,
      gapDays: last === undefined ? null : (occurredAt - last) / DAY,
    };
    const own = values.get(userId);
    if (own) own.push(event);
    else values.set(userId, [event]);
    before.set(userId, occurredAt);
  }
  return values;
}
