import type { EventType } from './state.js';

/** A behaviour event as a caller records it. User and product are named either by id or by the bank's own id or code. */
export interface NewEvent {
  /** The caller's id, unique in the institution: recording it again changes nothing. */
  readonly eventId: string;
  readonly userId?: string;
  readonly externalUserId?: string;
  readonly productId?: string;
  readonly productCode?: string;
  readonly type: EventType;
  readonly amount?: number;
  readonly durationSeconds?: number;
  readonly text?: string;
  readonly occurredAt: Date;
}

export const REJECTIONS = ['UNKNOWN_USER', 'UNKNOWN_PRODUCT', 'IN_THE_FUTURE', 'TOO_OLD'] as const;
/** Why one event was not taken, though its form was right. */
export type Rejection = (typeof REJECTIONS)[number];

export type EventResult =
  | { readonly eventId: string; readonly status: 'accepted' | 'duplicate' }
  | { readonly eventId: string; readonly status: 'rejected'; readonly reason: Rejection };

/** A clock of the caller may be ahead of ours by so much. */
export const CLOCK_TOLERANCE_MS = 5 * 60_000;
export const OLDEST_EVENT_YEARS = 20;

/** An event whose user and product are known. */
export interface ResolvedEvent {
  readonly eventId: string;
  readonly userId: string;
  readonly productId: string | null;
  readonly type: EventType;
  readonly amount: number | null;
  readonly durationSeconds: number | null;
  readonly text: string | null;
  readonly occurredAt: Date;
}

/** @returns why an event of this time is refused, or undefined where it is not. */
export function timeRejection(occurredAt: Date, now: Date): Rejection | undefined {
  if (occurredAt.getTime() > now.getTime() + CLOCK_TOLERANCE_MS) return 'IN_THE_FUTURE';
  const oldest = new Date(now);
  oldest.setUTCFullYear(oldest.getUTCFullYear() - OLDEST_EVENT_YEARS);
  return occurredAt < oldest ? 'TOO_OLD' : undefined;
}

/**
 * Sorts events into those that may be inserted and those that are settled already.
 * @param userIds by id and by external id
 * @param productIds by id and by code
 * @returns one entry an event, in the order of the input; of events with the same id the first that is not rejected counts
 */
export function resolveEvents(
  events: readonly NewEvent[],
  userIds: { readonly known: ReadonlySet<string>; readonly byExternalId: ReadonlyMap<string, string> },
  productIds: { readonly known: { has(id: string): boolean }; readonly byCode: ReadonlyMap<string, { id: string }> },
  now: Date,
): (ResolvedEvent | EventResult)[] {
  const seen = new Set<string>();
  return events.map((event) => {
    const rejected = (reason: Rejection): EventResult => ({ eventId: event.eventId, status: 'rejected', reason });
    const late = timeRejection(event.occurredAt, now);
    if (late) return rejected(late);
    const userId = event.userId ?? userIds.byExternalId.get(event.externalUserId ?? '');
    if (!userId || !userIds.known.has(userId)) return rejected('UNKNOWN_USER');
    const named = event.productId !== undefined || event.productCode !== undefined;
    const productId = event.productId ?? productIds.byCode.get(event.productCode ?? '')?.id;
    if (named && (!productId || !productIds.known.has(productId))) return rejected('UNKNOWN_PRODUCT');
    if (seen.has(event.eventId)) return { eventId: event.eventId, status: 'duplicate' };
    seen.add(event.eventId);
    return {
      eventId: event.eventId,
      userId,
      productId: productId ?? null,
      type: event.type,
      amount: event.amount === undefined ? null : Math.round(event.amount * 100) / 100, // as it is stored
      durationSeconds: event.durationSeconds ?? null,
      text: event.text ?? null,
      occurredAt: event.occurredAt,
    };
  });
}
