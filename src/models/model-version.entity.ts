import { Column, CreateDateColumn, Entity, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';
import type { Task } from '../engine/engine.js';
import type { ModelStatus } from './model-version.js';

@Entity({ schema: 'concord', name: 'model_versions' })
export class ModelVersion {
  @PrimaryGeneratedColumn('uuid')
  id: string;

  /** null: the consortium's shared model. */
  @Column({ name: 'institution_id', type: 'uuid', nullable: true })
  institutionId: string | null;

  @Column({ type: 'text' })
  task: Task;

  /** linear, logistic, dnn, popularity, … */
  @Column({ type: 'text' })
  model: string;

  /** 1, 2, 3, … within institution and task. */
  @Column({ type: 'integer' })
  number: number;

  @Column({ type: 'text' })
  status: ModelStatus;

  /** The fitted feature contract. */
  @Column({ type: 'jsonb' })
  contract: Record<string, unknown>;

  @Column({ type: 'jsonb' })
  metrics: Record<string, number>;

  /** Settings, seed, rows, duration. */
  @Column({ type: 'jsonb' })
  training: Record<string, unknown>;

  /** SHA-256 of the weights file, in hexadecimal. */
  @Column({ type: 'text' })
  digest: string;

  /** Length of the weights file. */
  @Column({ type: 'bigint' })
  bytes: number;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @Column({ name: 'activated_at', type: 'timestamptz', nullable: true })
  activatedAt: Date | null;

  /** When a rollback took it out of service: no later rollback goes back to it. */
  @Column({ name: 'rolled_back_at', type: 'timestamptz', nullable: true })
  rolledBackAt: Date | null;

  /** It had learnt from a user who was erased: its weights are deleted. */
  @Column({ name: 'withdrawn_at', type: 'timestamptz', nullable: true })
  withdrawnAt: Date | null;
}

/** A piece of a version's weights file: 1 MiB, but for the last. Apart, so that listing versions does not read them. */
@Entity({ schema: 'concord', name: 'model_weights' })
export class ModelWeights {
  @PrimaryColumn({ name: 'model_version_id', type: 'uuid' })
  modelVersionId: string;

  @PrimaryColumn({ type: 'integer' })
  sequence: number;

  @Column({ name: 'institution_id', type: 'uuid', nullable: true })
  institutionId: string | null;

  /** Of a safetensors file. */
  @Column({ type: 'bytea' })
  bytes: Buffer;
}
