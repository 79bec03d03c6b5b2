import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A user owns a product. */
@Entity({ schema: 'concord', name: 'holdings' })
export class Holding {
  @PrimaryColumn({ name: 'user_id', type: 'uuid' })
  userId: string;

  @PrimaryColumn({ name: 'product_id', type: 'uuid' })
  productId: string;

  @Column({ name: 'institution_id', type: 'uuid' })
  institutionId: string;

  /** In the product's currency. */
  @Column({ type: 'numeric', precision: 18, scale: 2, nullable: true })
  amount: number | null;

  @Column({ name: 'acquired_at', type: 'timestamptz', nullable: true })
  acquiredAt: Date | null;
}
