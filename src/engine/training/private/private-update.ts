import { MOST_POPULATION, mechanismsOf } from '../../../../federated/privacy/dp-sgd.js';
import type { Mechanism } from '../../../../federated/privacy/mechanism.js';
import { poissonSample } from '../../../../federated/privacy/poisson.js';
import { badInput } from '../../../errors.js';
import type { Backend } from '../../backends/backend.js';
import { type Dataset, FOLD } from '../../data/dataset.js';
import { parseContract } from '../../encoders/contract.js';
import type { PrivateRequest, PrivateUpdate } from '../../engine.js';
import { usersOf } from '../../evaluation/evaluate.js';
import { checkParameters, federatedArchitecture } from '../../models/federated.js';
import type { MemberHooks } from '../member.js';
import { clippedSums } from './clipped-sums.js';
import type { NoiseThread } from './noise-thread.js';
import { noisyCount, noisySum } from './release.js';

export interface PrivateHooks {
  /** Called before each micro-batch. Throws to stop. */
  checkpoint: MemberHooks['checkpoint'];
  /** Steps done, of all. */
  onStep?(done: number): void;
  /** Draws noise while steps are computed. */
  readonly noise?: NoiseThread;
}

/**
 * DP-SGD on the users of a data set that the task can learn from (of a stored split, its training users). In each step every user takes part with the sampling rate; their gradients
 * (a user's is the mean over their rows) are clipped and summed, rounded to a grid, and noise is added; nothing else leaves this function.
 * There is no cap on a batch: it is computed in micro-batches, however large it is.
 * @throws {ConcordError} BAD_INPUT where settings, contract, parameters and data don't fit, or training diverges.
 */
export async function privateUpdate(
  dataset: Dataset,
  request: PrivateRequest,
  backend: Backend,
  { checkpoint, onStep, noise }: PrivateHooks,
): Promise<PrivateUpdate> {
  const { task, model, parameters, strategy, training } = request;
  const mechanisms = chargeOf(request);
  const contract = parseContract(request.contract);
  const architecture = federatedArchitecture(task, model, contract);
  checkParameters(architecture, parameters);
  const users = usersOf({ dataset, task }).filter((user) => !dataset.fold || dataset.fold[user] === FOLD.train);
  const { samplingRate, expectedUsers, noiseMultiplier, clipping, steps } = training;
  if (users.length > MOST_POPULATION * expectedUsers)
    throw badInput(`Here are more than ${MOST_POPULATION} times the users that the plan expects.`, { expectedUsers });
  const size = parameters.length;
  const sum = noisySumOf(noiseMultiplier, size, noise);
  const count = clipping.kind === 'adaptive' ? noisyCount(clipping.countNoiseMultiplier) : undefined;
  const sums = await clippedSums({ dataset, task, contract, architecture, clipping, users }, backend, checkpoint);
  const { weights, total } = sum;
  weights.set(parameters);
  const { learningRate, momentum, proximal } = training;
  const scale = 1 / (samplingRate * expectedUsers);
  let bound = clipping.kind === 'adaptive' ? clipping.initialNorm : clipping.norm;
  try {
    for (let step = 0; step < steps; step++) {
      const sample = poissonSample(users.length, samplingRate);
      const aboveHalf = await sums.of(weights, bound, sample, sum);
      sum.release(bound);
      if (clipping.kind === 'adaptive' && count) bound = nextBound(bound, 0.5 + count(aboveHalf) * scale, clipping);
      if (strategy === 'fedsgd') break;
      // FedProx adds the pull of its proximal term, which knows only released values.
      if (proximal !== 0)
        for (let index = 0; index < size; index++)
          total[index] += (proximal * (weights[index] - parameters[index])) / scale;
      sum.descend({ momentum, scale, rate: learningRate });
      checkParameters(architecture, weights);
      onStep?.(step + 1);
    }
  } finally {
    await sums.dispose();
  }
  const update =
    strategy === 'fedsgd'
      ? Float32Array.from(total, (value) => -value * scale)
      : weights.map((value, index) => value - parameters[index]);
  return { update, mechanisms };
}

function chargeOf({ strategy, training }: PrivateRequest): Mechanism[] {
  if (strategy === 'fedsgd' && training.steps !== 1) throw badInput('FedSGD makes one step a round.');
  if (strategy === 'fedsgd' && training.clipping.kind === 'adaptive')
    throw badInput('With FedSGD the clip norm belongs to the plan: it cannot adapt at a node.');
  try {
    return mechanismsOf(training);
  } catch (error) {
    if (error instanceof RangeError) throw badInput(error.message);
    throw error;
  }
}

function noisySumOf(noiseMultiplier: number, size: number, thread: NoiseThread | undefined) {
  try {
    return noisySum(noiseMultiplier, size, thread);
  } catch (error) {
    if (error instanceof RangeError) throw badInput(error.message);
    throw error;
  }
}

/** However wrong a noisy share is, the norm moves by no more than this factor a step, and stays where numbers are safe. */
const BOUNDS = { least: 1e-6, most: 1e6 };

const nextBound = (
  bound: number,
  share: number,
  { quantile, learningRate }: { readonly quantile: number; readonly learningRate: number },
): number => {
  const off = Math.min(1, Math.max(0, share)) - quantile;
  return Math.min(BOUNDS.most, Math.max(BOUNDS.least, bound * Math.exp(-learningRate * off)));
};
