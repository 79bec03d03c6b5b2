import { randomInt } from 'node:crypto';
import { type Clock, CoordinatorAway, NodeStopped } from './ports.js';

const FIRST_MS = 250;
const LONGEST_MS = 30_000;

/** Exponential with full jitter: nodes that lost the same coordinator don't come back as one. */
export const backoffMs = (attempt: number): number => randomInt(1, Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt) + 1);

/**
 * Does the work again while the coordinator is away, until a time.
 * @param until milliseconds since 1970
 * @throws {CoordinatorAway} the last one, where the time is over; whatever else the work throws, at once
 */
export async function withRetries<T>(
  work: () => Promise<T>,
  { clock, signal, until }: { readonly clock: Clock; readonly signal: AbortSignal; readonly until: number },
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    if (signal.aborted) throw new NodeStopped();
    try {
      return await work();
    } catch (error) {
      if (signal.aborted) throw new NodeStopped();
      const wait = backoffMs(Math.min(attempt, 10));
      if (!(error instanceof CoordinatorAway) || clock.now() + wait >= until) throw error;
      await clock.sleep(wait, signal);
    }
  }
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (milliseconds, signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(new NodeStopped());
      const stop = () => {
        clearTimeout(timer);
        reject(new NodeStopped());
      };
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', stop);
        resolve();
      }, milliseconds);
      signal.addEventListener('abort', stop, { once: true });
    }),
};
