import type { Actions } from '../report.js';

/** Why a row is rejected, set by the first rule that rejects it. */
export interface Fault {
  reason?: string;
}

/** The rules of one column, in the order: map, read, impossible values, outliers; then, after series rules, missing values. */
export interface Cleaner<V> {
  /** Whether `observe` must see the training rows, and `settle` be called, before `clean`. */
  readonly needsStatistics: boolean;
  /** @param text trimmed. */
  observe(text: string): void;
  settle(): void;
  clean(text: string, actions: Actions, fault: Fault): V;
  fill(value: V, actions: Actions, fault: Fault): V;
}
