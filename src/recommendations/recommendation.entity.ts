import { Column, CreateDateColumn, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** A ranked list as it was shown. */
@Entity({ schema: 'concord', name: 'recommendations' })
export class Recommendation {
  @PrimaryGeneratedColumn('uuid')
  id: string;

  @Column({ name: 'institution_id', type: 'uuid' })
  institutionId: string;

  @Column({ name: 'user_id', type: 'uuid' })
  userId: string;

  @Column({ name: 'model_version_id', type: 'uuid', nullable: true })
  modelVersionId: string | null;

  /** model, cold-user, … */
  @Column({ type: 'text' })
  strategy: string;

  /** The whole ranked answer: product, score, rank, terms of the score and the suitability decision. */
  @Column({ type: 'jsonb' })
  items: unknown[];

  /** The first so many items have been delivered; feedback refers to these only. */
  @Column({ type: 'integer' })
  shown: number;

  /** The row that was scored, so that a later page is explained as the first. */
  @Column({ type: 'jsonb' })
  inputs: unknown;

  @Column({ name: 'experiment_id', type: 'uuid', nullable: true })
  experimentId: string | null;

  /** Of the experiment. */
  @Column({ type: 'text', nullable: true })
  variant: string | null;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
