import type { EntityManager } from 'typeorm';
import type { Feedback } from './feedback.js';

const COLUMNS = `f.id, f.recommendation_id as "recommendationId", f.user_id as "userId", f.product_id as "productId", f.kind, f.rating,
  f.recorded_at as "recordedAt"`;

export class FeedbackStore {
  /**
   * One of a kind for each product of an answer: the same again changes nothing, another rating takes the place of the first.
   * @returns the feedback as it is stored, and whether this call stored or changed it
   */
  async put(
    manager: EntityManager,
    institutionId: string,
    feedback: Omit<Feedback, 'id' | 'recordedAt'>,
  ): Promise<{ feedback: Feedback; changed: boolean }> {
    const { recommendationId, userId, productId, kind, rating } = feedback;
    const written: Feedback[] = await manager.query(
      `insert into concord.feedback as f (institution_id, recommendation_id, user_id, product_id, kind, rating)
       values ($1, $2, $3, $4, $5, $6)
       on conflict (recommendation_id, product_id, kind) do update set rating = excluded.rating, recorded_at = now()
         where f.rating is distinct from excluded.rating
       returning ${COLUMNS}`,
      [institutionId, recommendationId, userId, productId, kind, rating],
    );
    if (written.length > 0) return { feedback: written[0], changed: true };
    const stored: Feedback[] = await manager.query(
      `select ${COLUMNS} from concord.feedback f
        where institution_id = $1 and recommendation_id = $2 and product_id = $3 and kind = $4`,
      [institutionId, recommendationId, productId, kind],
    );
    return { feedback: stored[0], changed: false };
  }
}
