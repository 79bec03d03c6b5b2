import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The latest answers of a user to the suitability questionnaire. */
@Entity({ schema: 'concord', name: 'questionnaires' })
export class Questionnaire {
  @PrimaryColumn({ name: 'user_id', type: 'uuid' })
  userId: string;

  @Column({ name: 'institution_id', type: 'uuid' })
  institutionId: string;

  /** 1 (lowest) to 5. */
  @Column({ name: 'risk_tolerance', type: 'smallint' })
  riskTolerance: number;

  /** 0 none, 1 basic, 2 informed, 3 expert. */
  @Column({ type: 'smallint' })
  knowledge: number;

  @Column({ name: 'horizon_months', type: 'integer' })
  horizonMonths: number;

  @Column({ name: 'investable_amount', type: 'numeric', precision: 18, scale: 2, nullable: true })
  investableAmount: number | null;

  @Column({ name: 'completed_at', type: 'timestamptz' })
  completedAt: Date;

  @Column({ name: 'expires_at', type: 'timestamptz' })
  expiresAt: Date;
}
