import { calibrateSteps } from '../../federated/privacy/accountant/calibrate.js';
import { type Accountant, epsilon } from '../../federated/privacy/accountant/epsilon.js';
import { rememberingMeasure } from '../../federated/privacy/ledger/budget.js';
import type { Mechanism } from '../../federated/privacy/mechanism.js';
import { type Answer, serveCalls } from '../engine/workers/serve.js';
import { badInput } from '../errors.js';
import type { StepsQuestion } from './accounting.js';

/** The accountant's RangeErrors name what is out of range: the caller's input. */
async function answer<T>(work: () => T): Promise<Answer<T>> {
  try {
    return { result: work() };
  } catch (error) {
    if (error instanceof RangeError) throw badInput(error.message);
    throw error;
  }
}

interface Question {
  readonly mechanisms: readonly Mechanism[];
  readonly delta: number;
}

const measure = rememberingMeasure();

serveCalls({
  spent: ({ mechanisms, delta }: Question) => answer(() => measure(mechanisms, delta)),
  epsilon: ({ mechanisms, delta, accountant }: Question & { accountant: Accountant }) =>
    answer(() => epsilon(mechanisms, delta, accountant)),
  steps: ({ samplingRate, noiseMultiplier, ...target }: StepsQuestion) =>
    answer(() => calibrateSteps(samplingRate, noiseMultiplier, target)),
});
