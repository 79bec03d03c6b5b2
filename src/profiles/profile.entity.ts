import { Column, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm';
import type { Features } from './features.js';
import type { ProfileState } from './state.js';
import type { Tag } from './tags.js';

@Entity({ schema: 'concord', name: 'profiles' })
export class Profile {
  @PrimaryColumn({ name: 'user_id', type: 'uuid' })
  userId: string;

  @Column({ name: 'institution_id', type: 'uuid' })
  institutionId: string;

  /** Derived from events and holdings: what models read. */
  @Column({ type: 'jsonb' })
  features: Features;

  /** Accumulators from which the features are computed incrementally. */
  @Column({ type: 'jsonb' })
  state: ProfileState;

  @Column({ type: 'jsonb', default: [] })
  tags: Tag[];

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}
