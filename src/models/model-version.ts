import type { Feature } from '../engine/encoders/contract.js';
import type { ModelName, Task } from '../engine/engine.js';
import { ConcordError } from '../errors.js';

export const MODEL_TASKS = ['interest', 'risk'] as const satisfies readonly Task[];

export const MODEL_STATUSES = ['candidate', 'active', 'retired'] as const;
export type ModelStatus = (typeof MODEL_STATUSES)[number];

/** A trained model as others see it: without contract and weights. */
export interface ModelVersionInfo {
  readonly id: string;
  /** null: the consortium's shared model. */
  readonly institutionId: string | null;
  readonly task: Task;
  readonly model: ModelName;
  /** 1, 2, 3, … within institution and task. */
  readonly number: number;
  readonly status: ModelStatus;
  readonly metrics: Readonly<Record<string, number>>;
  /** Settings, seed, users, institutions, duration. */
  readonly training: Readonly<Record<string, unknown>>;
  readonly createdAt: Date;
  readonly activatedAt: Date | null;
  /** When a rollback took it out of service. */
  readonly rolledBackAt: Date | null;
  /** When it was found to have learnt from a user who was erased: it never serves again, and its weights are deleted. */
  readonly withdrawnAt: Date | null;
}

export const versionWithdrawn = (): ConcordError =>
  new ConcordError('CONFLICT', 'The version was withdrawn: it had learnt from a user who was erased.');

/** A version that is loaded for scoring. */
export interface ActiveModel {
  readonly id: string;
  /** Under which ScoringService knows it. */
  readonly handle: string;
  readonly institutionId: string | null;
  readonly task: Task;
  readonly model: ModelName;
  readonly number: number;
  /** Position of each product code in what scoreInterest returns. */
  readonly positions: ReadonlyMap<string, number>;
  /** Columns of users that the model reads. */
  readonly columns: ReadonlySet<string>;
  /** How it reads them: edges of bins, categories. */
  readonly features: readonly Feature[];
  /** Whether it reads users' events, which ScoringViews.rowsFor adds to their rows. */
  readonly readsEvents: boolean;
}
