import { type MessagePort, parentPort, type Transferable } from 'node:worker_threads';
import type { Progress } from '../engine.js';
import { type Call, cancelledError, END, type Reply, storeError } from './messages.js';

/** What a method of a worker thread may do beside computing. */
export interface CallContext {
  /** Throws CANCELLED once the caller has given up. */
  checkpoint(): void;
  onProgress(progress: Progress): void;
  /** The caller's sign of giving up, to be handed on to further threads. */
  readonly cancelled: Int32Array;
}

export interface Answer<T> {
  readonly result: T;
  /** Buffers that are handed over rather than copied. */
  readonly transfer?: readonly Transferable[];
}

export type Methods = Readonly<Record<string, (argument: never, context: CallContext) => Promise<Answer<unknown>>>>;

/** Answers the calls that the thread which started this one sends. */
export function serveCalls(methods: Methods): void {
  const port = parentPort as MessagePort;
  const running = new Set<Promise<void>>();
  port.on('message', (call: Call | typeof END) => {
    if (call === END) {
      void Promise.all(running).then(() => process.exit());
      return;
    }
    const answered: Promise<void> = answer(methods, call, port).finally(() => running.delete(answered));
    running.add(answered);
  });
}

async function answer(methods: Methods, { id, method, argument, cancelled }: Call, port: MessagePort): Promise<void> {
  const context: CallContext = {
    cancelled,
    checkpoint() {
      if (Atomics.load(cancelled, 0) === 1) throw cancelledError();
    },
    onProgress: (progress) => port.postMessage({ id, kind: 'progress', progress } satisfies Reply),
  };
  try {
    const { result, transfer = [] } = await methods[method](argument as never, context);
    port.postMessage({ id, kind: 'result', result } satisfies Reply, transfer);
  } catch (error) {
    port.postMessage({ id, kind: 'error', error: storeError(error) } satisfies Reply);
  }
}
