import type { EntityManager } from 'typeorm';
import type { PricePoint } from '../risk/market/history.js';
import type { PriceFigures } from '../risk/market/price-figures.js';

/** A price of one day, or null: that day has none any more. */
export interface NewPrice {
  readonly productId: string;
  /** "YYYY-MM-DD". */
  readonly day: string;
  readonly price: number | null;
}

/** What a call changed. */
export interface PriceChanges {
  readonly created: number;
  readonly updated: number;
  readonly removed: number;
}

export class PricesStore {
  /** Nobody else writes prices of these products until the transaction ends. */
  async lock(manager: EntityManager, institutionId: string, productIds: readonly string[]): Promise<void> {
    await manager.query(
      'select from concord.products where institution_id = $1 and id = any($2::uuid[]) order by id for no key update',
      [institutionId, productIds],
    );
  }

  /** Writes prices by product and day; what is there already is left as it is. Days of one product must differ. */
  async write(manager: EntityManager, institutionId: string, prices: readonly NewPrice[]): Promise<PriceChanges> {
    const [{ created, updated, removed }] = await manager.query(
      `with input as (
         select * from unnest($2::uuid[], $3::date[], $4::double precision[]) as t (product_id, day, price)
       ), removed as (
         delete from concord.product_prices p using input i
          where p.institution_id = $1 and p.product_id = i.product_id and p.day = i.day and i.price is null
         returning 1
       ), written as (
         insert into concord.product_prices as p (institution_id, product_id, day, price)
         select $1, product_id, day, price from input where price is not null order by product_id, day
         on conflict (product_id, day) do update set price = excluded.price where p.price <> excluded.price
         returning xmax = 0 as is_new
       )
       select (select count(*) from written where is_new)::int as created,
              (select count(*) from written where not is_new)::int as updated,
              (select count(*) from removed)::int as removed`,
      [
        institutionId,
        prices.map(({ productId }) => productId),
        prices.map(({ day }) => day),
        prices.map(({ price }) => price),
      ],
    );
    return { created, updated, removed };
  }

  /** All prices of some products, by product, ascending by day. */
  async of(
    manager: EntityManager,
    institutionId: string,
    productIds: readonly string[],
  ): Promise<ReadonlyMap<string, readonly PricePoint[]>> {
    const rows: { id: string; days: string[]; prices: number[] }[] = await manager.query(
      `select product_id as id, array_agg(day::text order by day) as days, array_agg(price order by day) as prices
         from concord.product_prices where institution_id = $1 and product_id = any($2::uuid[]) group by product_id`,
      [institutionId, productIds],
    );
    return new Map(rows.map(({ id, days, prices }) => [id, days.map((day, index) => ({ day, price: prices[index] }))]));
  }

  async setFigures(
    manager: EntityManager,
    institutionId: string,
    figures: ReadonlyMap<string, PriceFigures | undefined>,
  ): Promise<void> {
    await manager.query(
      `update concord.products p set price_figures = i.figures
         from unnest($2::uuid[], $3::jsonb[]) as i (id, figures)
        where p.institution_id = $1 and p.id = i.id and p.price_figures is distinct from i.figures`,
      [
        institutionId,
        [...figures.keys()],
        [...figures.values()].map((each) => (each === undefined ? null : JSON.stringify(each))),
      ],
    );
  }
}
