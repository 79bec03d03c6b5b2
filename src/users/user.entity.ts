import { Column, CreateDateColumn, Entity, PrimaryGeneratedColumn, UpdateDateColumn } from 'typeorm';
import type { AttributeMap, Fold } from './user.js';

@Entity({ schema: 'concord', name: 'users' })
export class User {
  @PrimaryGeneratedColumn('uuid')
  id: string;

  @Column({ name: 'institution_id', type: 'uuid' })
  institutionId: string;

  /** The institution's own id, unique within it. */
  @Column({ name: 'external_id', type: 'text' })
  externalId: string;

  @Column({ type: 'jsonb', default: {} })
  attributes: AttributeMap;

  /** Sex, age, …: not read by models unless a descriptor says so. */
  @Column({ name: 'protected_attributes', type: 'jsonb', default: {} })
  protectedAttributes: AttributeMap;

  /** What happened, where it is known: 1 = the event (a default, say), 0 = not. */
  @Column({ name: 'risk_label', type: 'smallint', nullable: true })
  riskLabel: 0 | 1 | null;

  @Column({ type: 'text', nullable: true })
  fold: Fold | null;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}
