import type { ServerOptimiser } from '../../federated/aggregation/server-optimiser.js';
import type { RoundState } from '../../federated/coordinator/round.js';
import type { RoundPlan, Strategy, TrainingSettings } from '../../federated/protocol/plan.js';
import type { PublicDeclaration } from '../engine/encoders/public-grid.js';

export interface HistogramSettings {
  /** Deviation of the noise ÷ L2 norm of what one user adds, at most. */
  readonly noiseMultiplier: number;
  /** Of a numeric column, at most. */
  readonly bins: number;
  readonly declaration: PublicDeclaration;
}

/** What an operator decides for a whole run. */
export interface RunSettings {
  readonly strategy: Strategy;
  /** The first round: histograms of users, from which the feature contract of the others is made. */
  readonly histogram?: HistogramSettings;
  readonly population: string;
  /** The shared version from which the first round starts; its contract must be public. */
  readonly baseVersion: string;
  readonly rounds: number;
  readonly nodes: readonly string[];
  readonly quorum: number;
  readonly training: TrainingSettings;
  readonly optimiser: ServerOptimiser;
  /** Undefined: what the other settings allow an honest update (honestNorm). */
  readonly normBound?: number;
  readonly weightStep: number;
  /** How long a round collects, and how long aggregation and evaluation may each take, in milliseconds. */
  readonly collectMs: number;
  readonly workMs: number;
  /** The institution on whose users versions are compared. */
  readonly reference: string;
  /** By how much the main metric may fall and the version still be published. */
  readonly tolerance: number;
}

export type RunStatus = 'running' | 'completed' | 'stopped';

export interface TrainingRun {
  readonly id: string;
  readonly status: RunStatus;
  readonly settings: RunSettings;
  readonly createdAt: Date;
  readonly endedAt: Date | null;
}

/** Whose a node is. Kept with the round: lineage must not change when a node is renamed. */
export interface Member {
  readonly institutionId: string;
  readonly code: string;
  readonly name: string;
}

export interface Round {
  readonly id: string;
  readonly runId: string;
  readonly number: number;
  readonly state: RoundState;
  readonly plan: RoundPlan;
  readonly planDigest: string;
  /** By node. */
  readonly members: Readonly<Record<string, Member>>;
  readonly baseVersionId: string;
  readonly versionId: string | null;
  readonly metrics: Readonly<Record<string, number>>;
  readonly openedAt: Date;
  readonly endedAt: Date | null;
}

export interface Contribution {
  readonly id: string;
  readonly institutionId: string;
  readonly roundId: string;
  readonly nodeId: string;
  readonly nonce: string;
  readonly reservation: string;
  readonly joinSignature: string;
  readonly digest: string | null;
  readonly bytes: number | null;
  readonly received: number;
  readonly chunks: number;
  readonly signature: string | null;
  readonly weight: number | null;
  readonly refusal: string | null;
  readonly refusalMessage: string | null;
}
