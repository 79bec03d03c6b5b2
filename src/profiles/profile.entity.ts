import { Column, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm';

/** A tag and the rule that gave it. */
export interface ProfileTag {
  readonly tag: string;
  readonly rule: string;
}

@Entity({ schema: 'concord', name: 'profiles' })
export class Profile {
  @PrimaryColumn({ name: 'user_id', type: 'uuid' })
  userId: string;

  @Column({ name: 'institution_id', type: 'uuid' })
  institutionId: string;

  /** Derived from events and holdings: what models read. */
  @Column({ type: 'jsonb' })
  features: Record<string, number>;

  /** Accumulators from which the features are computed incrementally. */
  @Column({ type: 'jsonb' })
  state: Record<string, unknown>;

  @Column({ type: 'jsonb', default: [] })
  tags: ProfileTag[];

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}
