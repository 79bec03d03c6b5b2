import type { Worker } from 'node:worker_threads';

/** A thread that draws noise while another one computes, so that noise is there when it is needed. */
export interface NoiseThread {
  /** From now on noise of this deviation, in grid units, for so many values; what it drew before for another is gone. */
  source(sigma: number, values: number): NoiseAhead;
  stop(): Promise<void>;
}

export interface NoiseAhead {
  /**
   * Moves noise into the target that nobody has seen, where the thread has some.
   * @returns false where it has none, or has died: then the noise must be drawn here
   */
  take(target: Int32Array): boolean;
}

/** What the thread is told to draw into: a ring of slots, which it fills one after the other. */
export interface NoiseJob {
  readonly sigma: number;
  /** Of a slot. */
  readonly values: number;
  readonly slots: number;
  /** Control (int32: how often it was woken, stop, state of each slot), then the slots (int32). */
  readonly shared: SharedArrayBuffer;
}

/** Places in the control. */
export const WAKE = 0;
export const STOP = 1;
const STATES = 2;
/** States of a slot. It is full only once all of it has been drawn, and empty again before any of it is forgotten. */
export const EMPTY = 0;
export const FULL = 1;

/** Waking a thread costs as much as a few thousand values: small models have many slots, and wake it once for half of them. */
const RING_VALUES = 2 ** 18;
const MOST_SLOTS = 64;
/** Larger models compute so long that drawing in their own thread is nothing beside it; two slots would be much memory. */
const MOST_VALUES = 2 ** 22;

function jobOf(sigma: number, values: number): NoiseJob {
  const slots = Math.min(MOST_SLOTS, Math.max(2, Math.floor(RING_VALUES / values)));
  return { sigma, values, slots, shared: new SharedArrayBuffer(4 * (STATES + slots + slots * values)) };
}

export function viewOf({ shared, values, slots }: NoiseJob) {
  const first = STATES + slots;
  return {
    control: new Int32Array(shared, 0, STATES),
    states: new Int32Array(shared, 4 * STATES, slots),
    ring: Array.from({ length: slots }, (_, slot) => new Int32Array(shared, 4 * (first + slot * values), values)),
  };
}

/** @param start starts noise-worker */
export function createNoiseThread(start: () => Worker): NoiseThread {
  let worker: Worker | undefined;
  let current: { readonly job: NoiseJob; readonly ahead: NoiseAhead } | undefined;

  function endJob(): void {
    if (!current) return;
    const { control } = viewOf(current.job);
    Atomics.store(control, STOP, 1);
    wake(control);
    current = undefined;
  }

  function post(job: NoiseJob): void {
    if (!worker) {
      worker = start();
      worker.unref();
      // Noise is drawn by whoever needs it then.
      worker.on('error', () => undefined);
    }
    worker.postMessage(job);
  }

  return {
    source(sigma, values) {
      if (current?.job.sigma === sigma && current.job.values === values) return current.ahead;
      endJob();
      if (values > MOST_VALUES) return { take: () => false };
      const job = jobOf(sigma, values);
      const ahead = takingFrom(job);
      current = { job, ahead };
      post(job);
      return ahead;
    },
    async stop() {
      endJob();
      await worker?.terminate();
      worker = undefined;
    },
  };
}

function wake(control: Int32Array): void {
  Atomics.add(control, WAKE, 1);
  Atomics.notify(control, WAKE);
}

function takingFrom(job: NoiseJob): NoiseAhead {
  const { control, states, ring } = viewOf(job);
  let next = 0;
  let emptied = 0;
  return {
    take(target) {
      if (Atomics.load(control, STOP) === 1 || Atomics.load(states, next) !== FULL) return false;
      target.set(ring[next]);
      // What was used as noise must not stay in memory for a later reader.
      ring[next].fill(0);
      Atomics.store(states, next, EMPTY);
      next = (next + 1) % job.slots;
      if (++emptied < job.slots / 2) return true;
      emptied = 0;
      wake(control);
      return true;
    },
  };
}
