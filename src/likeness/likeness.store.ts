import type { Database } from '../database/database.js';

/** Users who hold products that a user holds, most of them first; an erased or another institution's user is never among them. */
export class LikenessStore {
  constructor(private readonly database: Pick<Database, 'read'>) {}

  async sharing(institutionId: string, userId: string, limit: number): Promise<string[]> {
    const [rows] = await this.database.read<[{ id: string }[]]>(institutionId, {
      text: `select h.user_id as id from concord.holdings mine
               join concord.holdings h on h.institution_id = $1 and h.product_id = mine.product_id
              where mine.institution_id = $1 and mine.user_id = $2 and h.user_id <> $2
              group by h.user_id order by count(*) desc, h.user_id limit $3`,
      values: [institutionId, userId, limit],
    });
    return rows.map(({ id }) => id);
  }
}
