/** How the coordinator makes a step of the mean of updates (Reddi et al. 2021, "Adaptive federated optimization", algorithm 2). */
export type ServerOptimiser =
  | { readonly kind: 'momentum'; readonly learningRate: number; readonly momentum: number }
  | {
      readonly kind: 'fedadam' | 'fedyogi' | 'fedadagrad';
      readonly learningRate: number;
      readonly beta1: number;
      /** Not used by FedAdagrad. */
      readonly beta2: number;
      /** τ: how adaptive the step is; second moments start at τ². */
      readonly adaptivity: number;
    };

/** Plain FedAvg: the mean is added as it is. */
export const FEDAVG: ServerOptimiser = { kind: 'momentum', learningRate: 1, momentum: 0 };

/** What the optimiser remembers between rounds, of the length of the parameters. */
export interface OptimiserState {
  readonly first: Float32Array;
  /** Empty for momentum. */
  readonly second: Float32Array;
}

/** Whether the optimiser's state has a part in its next step: that of plain FedAvg need not be kept. */
export const remembers = (optimiser: ServerOptimiser): boolean =>
  optimiser.kind !== 'momentum' || optimiser.momentum !== 0;

export function initialState(optimiser: ServerOptimiser, length: number): OptimiserState {
  const first = new Float32Array(length);
  if (optimiser.kind === 'momentum') return { first, second: new Float32Array(0) };
  return { first, second: new Float32Array(length).fill(optimiser.adaptivity ** 2) };
}

/**
 * Moves weights by one step, and the state with them; in place. All are slices of the same part of the parameters.
 * @param mean the weighted mean of updates: the direction to go
 */
export function serverStep(
  optimiser: ServerOptimiser,
  weights: Float32Array,
  mean: Float32Array,
  state: OptimiserState,
): void {
  const { first, second } = state;
  if (optimiser.kind === 'momentum') {
    for (let i = 0; i < weights.length; i++) {
      first[i] = optimiser.momentum * first[i] + mean[i];
      weights[i] += optimiser.learningRate * first[i];
    }
    return;
  }
  const { kind, beta1, beta2, adaptivity, learningRate } = optimiser;
  const { sign, sqrt } = Math;
  for (let i = 0; i < weights.length; i++) {
    const square = mean[i] * mean[i];
    first[i] = beta1 * first[i] + (1 - beta1) * mean[i];
    if (kind === 'fedadagrad') second[i] += square;
    else if (kind === 'fedyogi') second[i] -= (1 - beta2) * square * sign(second[i] - square);
    else second[i] = beta2 * second[i] + (1 - beta2) * square;
    weights[i] += (learningRate * first[i]) / (sqrt(second[i]) + adaptivity);
  }
}
