import type { Accountant } from '../../federated/privacy/accountant/epsilon.js';
import type { Spent } from '../../federated/privacy/ledger/entry.js';
import type { Mechanism } from '../../federated/privacy/mechanism.js';
import { createWorkerClient } from '../engine/workers/client.js';
import { startThread } from '../engine/workers/start.js';

export interface StepsQuestion {
  readonly samplingRate: number;
  readonly noiseMultiplier: number;
  readonly epsilon: number;
  readonly delta: number;
  readonly spent: readonly Mechanism[];
}

/** The accountant in a thread of its own: an answer takes tens of milliseconds, which the thread that serves does not have. */
export interface Accounting {
  spent(mechanisms: readonly Mechanism[], delta: number): Promise<Spent>;
  /** @throws {ConcordError} BAD_INPUT where a mechanism or δ is out of range; infinite where there is no ε */
  epsilon(mechanisms: readonly Mechanism[], delta: number, accountant: Accountant): Promise<number>;
  /** How many more steps fit. @throws {ConcordError} BAD_INPUT */
  steps(question: StepsQuestion): Promise<number>;
  close(): Promise<void>;
}

/** The thread starts with the first question. */
export function createAccounting(): Accounting {
  const client = createWorkerClient(() => startThread(import.meta.url, 'accounting-worker'));
  return {
    spent: (mechanisms, delta) => client.call('spent', { mechanisms, delta }),
    epsilon: (mechanisms, delta, accountant) => client.call('epsilon', { mechanisms, delta, accountant }),
    steps: (question) => client.call('steps', question),
    close: () => client.close(),
  };
}
