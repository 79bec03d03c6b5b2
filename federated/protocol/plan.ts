import { createHash } from 'node:crypto';
import { canonicalJson, type Json } from '../canonical-json.js';
import type { Mechanism } from '../privacy/mechanism.js';

/**
 * FedAvg: nodes train some private steps and send what changed, the coordinator takes the weighted mean (McMahan et al. 2017).
 * FedProx: the same, with a pull towards where the round began (Li et al. 2020).
 * FedSGD: nodes send one noisy sum of clipped gradients, the coordinator makes the step: DP-SGD over the union of all banks.
 */
export const STRATEGIES = ['fedavg', 'fedprox', 'fedsgd'] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** What a round is for: training, or before it one noisy histogram of each bank's users, from which the feature contract follows. */
export type RoundKind = Strategy | 'histogram';

/** How a user's gradient is bounded: cut at a norm, scaled to the norm whatever it is (Bu et al. 2023), or cut at a private quantile (Andrew et al. 2021). */
export type Clipping =
  | { readonly kind: 'flat'; readonly norm: number }
  | { readonly kind: 'automatic'; readonly norm: number; readonly stability: number }
  | {
      readonly kind: 'adaptive';
      readonly initialNorm: number;
      readonly quantile: number;
      readonly learningRate: number;
      /** Noise on the count of users below the norm, ÷ its sensitivity; it is charged together with the sum, whose sample it sees. */
      readonly countNoiseMultiplier: number;
    };

export interface TrainingSettings {
  readonly clipping: Clipping;
  /** Poisson sampling over users, at a public rate. */
  readonly samplingRate: number;
  /** Users that the denominator assumes: the public expected number in the population, not a count of the data. */
  readonly expectedUsers: number;
  readonly noiseMultiplier: number;
  /** Steps in a round; 1 for FedSGD. */
  readonly steps: number;
  readonly learningRate: number;
  readonly momentum: number;
  /** FedProx: μ of the proximal term. */
  readonly proximal: number;
}

/** Everything that a node must know to take part in one round, and what its part is charged. Nodes sign its digest. */
export interface RoundPlan {
  readonly run: string;
  readonly round: string;
  /** From 1 within the run. */
  readonly number: number;
  readonly strategy: RoundKind;
  readonly task: 'interest' | 'risk';
  /** Whose data: the population that is charged. */
  readonly population: string;
  readonly model: {
    readonly name: string;
    /** The public feature contract; of a histogram, the declaration that it counts by, and how many bins are wanted. */
    readonly contract: Json;
    /** Number of float32 parameters, or cells of a histogram: of values of an update. */
    readonly parameters: number;
  };
  /** The version from which the round starts, and the SHA-256 of its weights file in hexadecimal. */
  readonly base: { readonly version: string; readonly digest: string };
  readonly training: TrainingSettings;
  /** What one contribution is charged. */
  readonly mechanisms: readonly Mechanism[];
  /** L2 norm that no honest update passes. */
  readonly normBound: number;
  /** Weights are multiples of this, so that they don't tell how many customers a bank has. */
  readonly weightStep: number;
  /** ISO 8601, UTC. */
  readonly deadline: string;
}

/** SHA-256 of the canonical JSON, in hexadecimal. */
export const planDigest = (plan: RoundPlan): string => createHash('sha256').update(canonicalJson(plan)).digest('hex');
