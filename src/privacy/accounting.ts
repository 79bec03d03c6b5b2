import type { Accountant } from '../../federated/privacy/accountant/epsilon.js';
import type { Spent } from '../../federated/privacy/ledger/entry.js';
import type { Mechanism } from '../../federated/privacy/mechanism.js';
import { createWorkerClient, type WorkerClient } from '../engine/workers/client.js';
import { startThread } from '../engine/workers/start.js';
import { ConcordError } from '../errors.js';

export interface StepsQuestion {
  readonly samplingRate: number;
  readonly noiseMultiplier: number;
  readonly epsilon: number;
  readonly delta: number;
  readonly spent: readonly Mechanism[];
}

/** The accountant in threads of its own: an answer takes tens of milliseconds, which the thread that serves does not have. */
export interface Accounting {
  /** For the ledger, which waits for nobody's questions. */
  spent(mechanisms: readonly Mechanism[], delta: number): Promise<Spent>;
  /**
   * Infinite where there is no ε.
   * @throws {ConcordError} BAD_INPUT where a mechanism or δ is out of range; UNAVAILABLE where too many wait; LIMIT_EXCEEDED where it
   *   takes too long
   */
  epsilon(mechanisms: readonly Mechanism[], delta: number, accountant: Accountant): Promise<number>;
  /** How many more steps fit. @throws {ConcordError} as epsilon */
  steps(question: StepsQuestion): Promise<number>;
  close(): Promise<void>;
}

export interface AccountingOptions {
  /** Callers' questions that wait at most. */
  readonly mostWaiting?: number;
  /** How long one may take, in milliseconds. */
  readonly patienceMs?: number;
}

/** Threads start with the first question. */
export function createAccounting({ mostWaiting = 16, patienceMs = 5000 }: AccountingOptions = {}): Accounting {
  const start = () => createWorkerClient(() => startThread(import.meta.url, 'accounting-worker'));
  const ledger = start();
  const questions = oneByOne(start, mostWaiting, patienceMs);
  return {
    spent: (mechanisms, delta) => ledger.call('spent', { mechanisms, delta }),
    epsilon: (mechanisms, delta, accountant) => questions.ask('epsilon', { mechanisms, delta, accountant }),
    steps: (question) => questions.ask('steps', question),
    async close() {
      await Promise.all([ledger.close(), questions.close()]);
    },
  };
}

/** One question at a time, in a thread that is ended when one takes too long: whatever is asked, it costs no more than that. */
function oneByOne(start: () => WorkerClient, mostWaiting: number, patienceMs: number) {
  const ending = new Set<Promise<void>>();
  let client = start();
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();

  function giveUp(): ConcordError {
    const end = client.close().finally(() => ending.delete(end));
    ending.add(end);
    client = start();
    return new ConcordError(
      'LIMIT_EXCEEDED',
      'This takes too long to compute: name fewer mechanisms, or less extreme ones.',
    );
  }

  async function inTime<T>(method: string, question: unknown): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(giveUp()), patienceMs);
    });
    try {
      return await Promise.race([client.call<T>(method, question), tooLong]);
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    async ask<T>(method: string, question: unknown): Promise<T> {
      if (waiting >= mostWaiting)
        throw new ConcordError(
          'UNAVAILABLE',
          'The accountant has too many questions to answer: try again in a moment.',
        );
      waiting++;
      const answer = last.then(() => inTime<T>(method, question)).finally(() => waiting--);
      last = answer.catch(() => undefined); // the caller is told; the next in turn is not concerned
      return answer;
    },
    async close() {
      await Promise.all([client.close(), ...ending]);
    },
  };
}
