import type { EntityManager } from 'typeorm';
import type { Database } from '../database/database.js';
import type { Holding } from './user.js';

export interface HoldingValues {
  readonly productId: string;
  /** Not given: keeps what is there. */
  readonly amount?: number | null;
  readonly acquiredAt?: Date | null;
}

export class HoldingsStore {
  constructor(private readonly database: Database) {}

  /** At most `limit` of each user, by product id. */
  async ofUsers(institutionId: string, userIds: readonly string[], limit: number): Promise<Holding[]> {
    const [rows] = await this.database.read<[Holding[]]>(institutionId, {
      text: `select h.* from unnest($2::uuid[]) as t (user_id) cross join lateral (
               select h.user_id as "userId", h.product_id as "productId", h.amount, h.acquired_at as "acquiredAt"
                 from concord.holdings h where h.institution_id = $1 and h.user_id = t.user_id
                order by h.product_id limit $3) h`,
      values: [institutionId, userIds, limit],
    });
    return rows;
  }

  /** Adds holdings, or changes amount and date of those that are there. Products are the caller's to check. */
  async put(
    manager: EntityManager,
    institutionId: string,
    userId: string,
    holdings: readonly HoldingValues[],
  ): Promise<void> {
    await manager.query(
      `insert into concord.holdings as h (institution_id, user_id, product_id, amount, acquired_at)
       select $1, $2, * from unnest($3::uuid[], $4::numeric[], $5::timestamptz[]) as t (product_id, amount, acquired_at)
        order by product_id
       on conflict (user_id, product_id) do update set
         amount = coalesce(excluded.amount, h.amount), acquired_at = coalesce(excluded.acquired_at, h.acquired_at)`,
      [
        institutionId,
        userId,
        holdings.map((holding) => holding.productId),
        holdings.map((holding) => holding.amount ?? null),
        holdings.map((holding) => holding.acquiredAt ?? null),
      ],
    );
  }

  /** @returns how many there were. */
  async remove(
    manager: EntityManager,
    institutionId: string,
    userId: string,
    productIds: readonly string[],
  ): Promise<number> {
    const [, count]: [unknown, number] = await manager.query(
      `delete from concord.holdings where institution_id = $1 and user_id = $2 and product_id = any($3::uuid[])`,
      [institutionId, userId, productIds],
    );
    return count;
  }
}
