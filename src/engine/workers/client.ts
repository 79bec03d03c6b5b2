import type { Transferable, Worker } from 'node:worker_threads';
import { ConcordError } from '../../errors.js';
import type { Progress } from '../engine.js';
import { type Call, cancelledError, END, type Reply, restoreError } from './messages.js';

export interface CallOptions {
  /** Buffers of the argument that are handed over rather than copied. */
  readonly transfer?: readonly Transferable[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** A sign of giving up that the worker reads; made where there is none. */
  readonly cancelled?: Int32Array;
}

/** A worker thread that answers calls. It starts with the first call, and again with the next one after a crash. */
export interface WorkerClient {
  /**
   * @throws {ConcordError} CANCELLED when the signal fires; UNAVAILABLE when the thread dies or the client is closed; else what the
   *   method threw.
   */
  call<T>(method: string, argument: unknown, options?: CallOptions): Promise<T>;
  /** Refuses calls that wait, tells those that run to give up, and ends the thread. */
  close(): Promise<void>;
}

/** How long a thread that closes may take to come to a checkpoint, in milliseconds; then it is ended whatever it does. */
const PATIENCE = 10_000;

interface Waiting {
  readonly cancelled: Int32Array;
  resolve(value: unknown): void;
  reject(error: Error): void;
  onProgress?: (progress: Progress) => void;
}

/**
 * @param startThread starts a thread that answers calls (serveCalls).
 * @param onStart called after each start, before the call that caused it: calls made here come first.
 */
export function createWorkerClient(startThread: () => Worker, onStart?: () => void): WorkerClient {
  const waiting = new Map<number, Waiting>();
  let worker: Worker | undefined;
  let calls = 0;
  let closed = false;

  const fail = (dead: Worker, error: Error): void => {
    if (worker !== dead) return;
    worker = undefined;
    const refused = [...waiting.values()];
    waiting.clear();
    for (const { reject } of refused) reject(error);
  };
  const receive = (source: Worker, reply: Reply): void => {
    const call = waiting.get(reply.id);
    if (!call) return;
    if (reply.kind === 'progress') {
      call.onProgress?.(reply.progress);
      return;
    }
    waiting.delete(reply.id);
    // An idle thread does not keep the process alive.
    if (waiting.size === 0) source.unref();
    if (reply.kind === 'result') call.resolve(reply.result);
    else call.reject(restoreError(reply.error));
  };
  const start = (): Worker => {
    const started = startThread();
    started.on('message', (reply: Reply) => receive(started, reply));
    started.on('messageerror', (cause) => {
      fail(started, died(cause));
      void started.terminate();
    });
    started.on('error', (cause) => fail(started, died(cause)));
    started.on('exit', () => fail(started, died()));
    worker = started;
    onStart?.();
    return started;
  };

  return {
    call<T>(method: string, argument: unknown, options: CallOptions = {}) {
      const { signal, transfer = [], onProgress } = options;
      if (closed) return Promise.reject(new ConcordError('UNAVAILABLE', 'The engine is closed.'));
      if (signal?.aborted) return Promise.reject(cancelledError());
      const target = worker ?? start();
      const id = calls++;
      const cancelled = options.cancelled ?? new Int32Array(new SharedArrayBuffer(4));
      const giveUp = () => Atomics.store(cancelled, 0, 1);
      signal?.addEventListener('abort', giveUp, { once: true });
      return new Promise<unknown>((resolve, reject) => {
        waiting.set(id, { resolve, reject, onProgress, cancelled });
        try {
          target.postMessage({ id, method, argument, cancelled } satisfies Call, transfer);
          target.ref();
        } catch (error) {
          waiting.delete(id);
          reject(error as Error);
        }
      }).finally(() => signal?.removeEventListener('abort', giveUp)) as Promise<T>;
    },
    async close() {
      closed = true;
      const ending = worker;
      if (!ending) return;
      for (const { cancelled } of waiting.values()) Atomics.store(cancelled, 0, 1);
      fail(ending, new ConcordError('UNAVAILABLE', 'The engine was closed.'));
      const exited = new Promise((resolve) => ending.once('exit', resolve));
      ending.ref();
      ending.postMessage(END);
      const late = setTimeout(() => void ending.terminate(), PATIENCE);
      await exited;
      clearTimeout(late);
    },
  };
}

const died = (cause?: unknown) =>
  new ConcordError('UNAVAILABLE', 'The worker thread of the engine stopped unexpectedly. Try again.', {}, { cause });
