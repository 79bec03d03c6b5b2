import { Column, CreateDateColumn, Entity, PrimaryGeneratedColumn, UpdateDateColumn } from 'typeorm';

/** Values by name; dates as "YYYY-MM-DD". */
export type Attributes = Record<string, number | string | null>;

export const FOLDS = ['train', 'validation', 'test'] as const;
export type Fold = (typeof FOLDS)[number];

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
  attributes: Attributes;

  /** Sex, age, …: not read by models unless a descriptor says so. */
  @Column({ name: 'protected_attributes', type: 'jsonb', default: {} })
  protectedAttributes: Attributes;

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
