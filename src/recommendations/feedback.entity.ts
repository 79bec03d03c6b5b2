import { Column, CreateDateColumn, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { FeedbackKind } from './feedback.js';

/** What a user did with a product of a recommendation; one of a kind for each product shown. */
@Entity({ schema: 'concord', name: 'feedback' })
export class Feedback {
  @PrimaryGeneratedColumn('uuid')
  id: string;

  @Column({ name: 'institution_id', type: 'uuid' })
  institutionId: string;

  @Column({ name: 'recommendation_id', type: 'uuid' })
  recommendationId: string;

  /** The user to whom the recommendation was shown. */
  @Column({ name: 'user_id', type: 'uuid' })
  userId: string;

  @Column({ name: 'product_id', type: 'uuid' })
  productId: string;

  @Column({ type: 'text' })
  kind: FeedbackKind;

  /** 1 to 5. */
  @Column({ type: 'smallint', nullable: true })
  rating: number | null;

  @CreateDateColumn({ name: 'recorded_at', type: 'timestamptz' })
  recordedAt: Date;
}
