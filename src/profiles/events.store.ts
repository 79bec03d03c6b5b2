import type { EntityManager } from 'typeorm';
import type { ProductType } from '../products/product.js';
import type { ResolvedEvent } from './behaviour-event.js';
import type { EventType, ProfileEvent } from './state.js';

/** An event with what its product was, as rebuilding reads it. */
export interface StoredEvent extends ProfileEvent {
  readonly userId: string;
}

const STREAM_ROWS = 20_000;

export class EventsStore {
  /**
   * Locks users in the order of their ids, so that two batches over the same users wait for each other and never in a circle.
   * What is read of these users by a later statement stays true until the transaction ends.
   */
  async lockUsers(
    manager: EntityManager,
    institutionId: string,
    ids: readonly string[],
    externalIds: readonly string[] = [],
  ): Promise<{ id: string; externalId: string }[]> {
    return manager.query(
      `select u.id, u.external_id as "externalId" from concord.users u
        where u.institution_id = $1 and (u.id = any($2::uuid[]) or u.external_id = any($3::text[]))
        order by u.id for no key update`,
      [institutionId, ids, externalIds],
    );
  }

  /** @returns the ids of the events that are new; the others are there already. */
  async insert(manager: EntityManager, institutionId: string, events: readonly ResolvedEvent[]): Promise<Set<string>> {
    const rows: { eventId: string }[] = await manager.query(
      `insert into concord.behaviour_events
         (institution_id, event_id, user_id, product_id, type, amount, duration_seconds, text, occurred_at)
       select $1, * from unnest($2::text[], $3::uuid[], $4::uuid[], $5::text[], $6::numeric[], $7::double precision[], $8::text[],
                                $9::timestamptz[]) as t (event_id)
        order by event_id
       on conflict (institution_id, event_id) do nothing
       returning event_id as "eventId"`,
      [
        institutionId,
        events.map((event) => event.eventId),
        events.map((event) => event.userId),
        events.map((event) => event.productId),
        events.map((event) => event.type),
        events.map((event) => event.amount),
        events.map((event) => event.durationSeconds),
        events.map((event) => event.text),
        events.map((event) => event.occurredAt),
      ],
    );
    return new Set(rows.map((row) => row.eventId));
  }

  /**
   * Holdings follow trades: of each user and product the latest purchase or sale on record, whenever it was recorded, says whether
   * the user holds the product. A sale does not end a holding that was acquired after it.
   */
  async followTrades(
    manager: EntityManager,
    institutionId: string,
    pairs: readonly { readonly userId: string; readonly productId: string }[],
  ): Promise<void> {
    await manager.query(
      `with latest as (
         select distinct on (e.user_id, e.product_id) e.*
           from (select distinct * from unnest($2::uuid[], $3::uuid[]) as t (user_id, product_id)) pair
           join concord.behaviour_events e on e.user_id = pair.user_id and e.product_id = pair.product_id
          where e.institution_id = $1 and e.type in ('purchase', 'sale')
          order by e.user_id, e.product_id, e.occurred_at desc, e.event_id desc
       ), bought as (
         insert into concord.holdings (institution_id, user_id, product_id, amount, acquired_at)
         select institution_id, user_id, product_id, abs(amount), occurred_at from latest where type = 'purchase'
          order by user_id, product_id
         on conflict (user_id, product_id) do nothing
       )
       delete from concord.holdings h using latest l
        where l.type = 'sale' and h.user_id = l.user_id and h.product_id = l.product_id and h.institution_id = $1
          and (h.acquired_at is null or h.acquired_at <= l.occurred_at)`,
      [institutionId, pairs.map((pair) => pair.userId), pairs.map((pair) => pair.productId)],
    );
  }

  /** All events of these users, in chunks; those of one user come together. Holds one cursor open in the transaction. */
  async *stream(
    manager: EntityManager,
    institutionId: string,
    userIds: readonly string[],
  ): AsyncGenerator<StoredEvent[]> {
    await manager.query(
      `declare profile_events no scroll cursor for
       select e.user_id as "userId", e.type, e.amount, e.duration_seconds as "durationSeconds",
              extract(epoch from e.occurred_at) * 1000 as "occurredAt", p.type as "productType", p.risk_class as "riskClass"
         from concord.behaviour_events e left join concord.products p on p.id = e.product_id
        where e.institution_id = $1 and e.user_id = any($2::uuid[])
        order by e.user_id`,
      [institutionId, userIds],
    );
    for (;;) {
      const rows: EventRow[] = await manager.query(`fetch ${STREAM_ROWS} from profile_events`);
      if (rows.length === 0) break;
      yield rows.map(eventOf);
    }
    await manager.query('close profile_events');
  }
}

interface EventRow {
  readonly userId: string;
  readonly type: EventType;
  readonly amount: number | null;
  readonly durationSeconds: number | null;
  readonly occurredAt: number;
  readonly productType: ProductType | null;
  readonly riskClass: number;
}

function eventOf({ productType, riskClass, ...event }: EventRow): StoredEvent {
  return { ...event, product: productType === null ? null : { type: productType, riskClass } };
}
