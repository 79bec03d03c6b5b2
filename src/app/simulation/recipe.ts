import type { ServerOptimiser } from '../../../federated/aggregation/server-optimiser.js';
import type { Strategy, TrainingSettings } from '../../../federated/protocol/plan.js';
import type { Task } from '../../engine/engine.js';

/** Settings of a simulated run; they follow from task, strategy and ε alone and are not chosen on the data at hand. */
export interface Recipe {
  readonly rounds: number;
  /** All but what the data and the budget decide. */
  readonly training: Omit<TrainingSettings, 'expectedUsers' | 'noiseMultiplier'>;
  readonly server: ServerOptimiser;
  readonly bins: number;
}

/** Share of ε that the histograms of the feature contract may cost by themselves. */
export const HISTOGRAM_SHARE = 0.15;

const SAMPLING_RATE = 0.2;
const MOMENTUM = 0.9;
/** A local epoch at that rate. */
const EPOCH = Math.round(1 / SAMPLING_RATE);
const LOCAL_ROUNDS = 40;
/**
 * Of this ε or less, interest takes smaller steps: its noise is spread over more parameters. Banks that each add their full noise have
 * √banks times as much of it as one that holds all their users: their ε counts divided by that.
 */
const SCARCE = 1;
const PROXIMAL = 0.01;

export function recipeOf(task: Task, strategy: Strategy, epsilon: number, banks: number): Recipe {
  const interest = task === 'interest';
  const rate = interest ? (epsilon / Math.sqrt(banks) <= SCARCE ? 3 : 10) : 3;
  const base = {
    clipping: { kind: 'flat' as const, norm: interest ? 0.5 : 1 },
    samplingRate: SAMPLING_RATE,
    proximal: strategy === 'fedprox' ? PROXIMAL : 0,
  };
  const bins = interest ? 24 : 20;
  if (strategy === 'fedsgd') {
    return {
      rounds: interest ? 200 : 100,
      training: { ...base, steps: 1, learningRate: rate, momentum: 0 },
      server: { kind: 'momentum', learningRate: rate, momentum: MOMENTUM },
      bins,
    };
  }
  return {
    rounds: LOCAL_ROUNDS,
    training: { ...base, steps: EPOCH, learningRate: rate, momentum: 0 },
    server: { kind: 'momentum', learningRate: 1, momentum: interest ? MOMENTUM : 0 },
    bins,
  };
}
