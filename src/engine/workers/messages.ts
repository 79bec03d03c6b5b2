import { ConcordError, type ErrorCode } from '../../errors.js';
import type { Progress } from '../engine.js';

/** A call to a worker thread. */
export interface Call {
  readonly id: number;
  readonly method: string;
  readonly argument: unknown;
  /** Shared memory: its first value becomes 1 when the caller has given up. */
  readonly cancelled: Int32Array;
}

/** Asks a worker thread to end once what it runs has ended. A thread that is ended from outside inside native code takes the process along. */
export const END = 'end';

export type Reply =
  | { readonly id: number; readonly kind: 'progress'; readonly progress: Progress }
  | { readonly id: number; readonly kind: 'result'; readonly result: unknown }
  | { readonly id: number; readonly kind: 'error'; readonly error: StoredError };

/** An error in a form that crosses threads with its code. */
export interface StoredError {
  readonly code: ErrorCode | undefined;
  readonly message: string;
  readonly details: Record<string, unknown>;
  readonly stack: string | undefined;
}

export function storeError(error: unknown): StoredError {
  if (error instanceof ConcordError) {
    return { code: error.code, message: error.message, details: { ...error.details }, stack: error.stack };
  }
  const known = error instanceof Error ? error : new Error(String(error));
  return { code: undefined, message: known.message, details: {}, stack: known.stack };
}

export function restoreError({ code, message, details, stack }: StoredError): Error {
  const error = code ? new ConcordError(code, message, details) : new Error(message);
  if (stack) error.stack = stack;
  return error;
}

export const cancelledError = () => new ConcordError('CANCELLED', 'The work was cancelled.');
