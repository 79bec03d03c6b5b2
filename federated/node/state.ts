import type { ContributionStatement, JoinStatement } from '../protocol/statement.js';
import type { OfferedRound } from './ports.js';

/**
 * Where a node stands in its round, as its folder keeps it. Each step is written before the next begins: after a crash the node repeats
 * the step at which it stopped, with the same statements, the same charge and the same update file.
 *
 *   reserved ─▶ joined ─▶ trained ─▶ charged ─▶ signed ─▶ (none)
 */
export type RoundProgress =
  | Reserved
  | (With<'joined'> & Joined)
  | (With<'trained'> & Joined & Trained)
  | (With<'charged'> & Joined & Trained)
  | (With<'signed'> & Joined & Trained & Signed);

interface With<Step extends string> {
  readonly step: Step;
  readonly offer: OfferedRound;
  readonly join: JoinStatement;
}
type Reserved = With<'reserved'>;
interface Joined {
  readonly nonce: string;
}
interface Trained {
  /** SHA-256 of the update file and its length. */
  readonly digest: string;
  readonly bytes: number;
}
interface Signed {
  readonly contribution: string;
  readonly statement: ContributionStatement;
}

/** How a round ended for this node. */
export interface Outcome {
  readonly run: string;
  readonly round: string;
  readonly number: number;
  /** accepted, or the code of who would not: the coordinator's refusal, or this node's. */
  readonly outcome: string;
  readonly message?: string;
  readonly digest?: string;
  readonly at: string;
}

export interface NodeState {
  readonly current?: RoundProgress;
  /** The last rounds, newest last. */
  readonly past: readonly Outcome[];
}

export const PAST_KEPT = 200;
