import type { RoundPlan } from '../protocol/plan.js';
import type { BeginStatement, ContributionStatement, JoinStatement } from '../protocol/statement.js';

/** A round that this node may take part in, as the coordinator tells of it. */
export interface OfferedRound {
  readonly plan: RoundPlan;
  /** Where the base version's weights file is: absolute, or relative to the coordinator. */
  readonly weightsUrl: string;
}

/** A place for the bytes of an update. */
export interface Upload {
  readonly contributionId: string;
  readonly uploadUrl: string;
  /** Bytes that the coordinator has already. */
  readonly offset: number;
}

/** Bytes of a file from an offset to its end. */
export type BytesFrom = (offset: number) => AsyncIterable<Uint8Array>;

/**
 * The coordinator as a node sees it. Every method may be called again: after a crash or a lost answer a node says the same again, and the
 * coordinator answers as it did.
 * @throws {Refusal} where the coordinator refuses for good; {CoordinatorAway} where trying again may help
 */
export interface CoordinatorClient {
  openRound(signal: AbortSignal): Promise<OfferedRound | undefined>;
  join(statement: JoinStatement, jws: string, signal: AbortSignal): Promise<{ readonly nonce: string }>;
  weights(round: OfferedRound, signal: AbortSignal): AsyncIterable<Uint8Array>;
  begin(statement: BeginStatement, jws: string, signal: AbortSignal): Promise<Upload>;
  /** Sends what is missing; returns when the coordinator has all of it. */
  upload(upload: Upload, bytes: number, read: BytesFrom, signal: AbortSignal): Promise<void>;
  commit(contributionId: string, statement: ContributionStatement, jws: string, signal: AbortSignal): Promise<void>;
}

/** What computes an update from the bank's own data; noise is in it already. */
export interface LocalTrainer {
  /** @param weights the base version's weights file, of which the digest was checked */
  train(plan: RoundPlan, weights: Uint8Array, signal: AbortSignal): Promise<Float32Array>;
}

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** @throws {NodeStopped} as soon as the signal fires */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

/** The coordinator cannot be reached, or is not able to answer at the moment. */
export class CoordinatorAway extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CoordinatorAway';
  }
}

/** The signal that the loop was given fired. */
export class NodeStopped extends Error {
  constructor() {
    super('The node was stopped.');
    this.name = 'NodeStopped';
  }
}

/** Why a node takes no part in a round, of its own accord. */
export class PlanDeclined extends Error {
  readonly code:
    | 'BAD_PLAN'
    | 'MECHANISM_MISMATCH'
    | 'WRONG_WEIGHTS'
    | 'BUDGET_EXHAUSTED'
    | 'NO_BUDGET'
    | 'TRAINING_FAILED';

  constructor(code: PlanDeclined['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PlanDeclined';
    this.code = code;
  }
}
