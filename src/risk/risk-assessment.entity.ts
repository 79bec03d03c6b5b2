import { Column, CreateDateColumn, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { RiskSubject } from './assessment.js';
import type { RiskClass } from './risk-class.js';

@Entity({ schema: 'concord', name: 'risk_assessments' })
export class RiskAssessment {
  @PrimaryGeneratedColumn('uuid')
  id: string;

  @Column({ name: 'institution_id', type: 'uuid' })
  institutionId: string;

  @Column({ type: 'text' })
  subject: RiskSubject;

  /** null where the subject is a product alone. */
  @Column({ name: 'user_id', type: 'uuid', nullable: true })
  userId: string | null;

  /** null where the subject is a user alone. */
  @Column({ name: 'product_id', type: 'uuid', nullable: true })
  productId: string | null;

  @Column({ type: 'double precision' })
  probability: number;

  @Column({ type: 'text' })
  class: RiskClass;

  @Column({ type: 'text' })
  method: string;

  @Column({ name: 'model_version_id', type: 'uuid', nullable: true })
  modelVersionId: string | null;

  /** Log-odds; base + the contributions of the reasons = the log-odds of probability. */
  @Column({ type: 'double precision' })
  base: number;

  @Column({ type: 'jsonb' })
  reasons: unknown[];

  /** null: assessed before there were any. */
  @Column({ name: 'principal_reasons', type: 'jsonb', nullable: true })
  principalReasons: unknown[] | null;

  @CreateDateColumn({ name: 'assessed_at', type: 'timestamptz' })
  assessedAt: Date;
}
