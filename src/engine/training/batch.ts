import type { EncodedUsers } from '../encoders/encode.js';
import type { Expander } from '../encoders/expand.js';
import type { Task } from '../engine.js';
import type { Examples } from './examples.js';

/** Input arrays of one micro-batch, written anew for each: rows beyond the examples are zeros of weight 0. */
export interface Batch {
  readonly rows: number;
  readonly inputs: Float32Array;
  /** Interest: 1 for each product that is not shown; empty for risk. */
  readonly candidates: Float32Array;
  readonly targets: Float32Array | Int32Array;
  readonly weights: Float32Array;
}

export function createBatch(task: Task, rows: number, width: number, products: number): Batch {
  const interest = task === 'interest';
  return {
    rows,
    inputs: new Float32Array(rows * width),
    candidates: new Float32Array(interest ? rows * products : 0),
    targets: interest ? new Int32Array(rows) : new Float32Array(rows),
    weights: new Float32Array(rows),
  };
}

/** Arrays in the order of candidateSpecs: what scoring reads beside the inputs. */
export const candidatesOf = (batch: Batch): Float32Array[] => (batch.candidates.length > 0 ? [batch.candidates] : []);

/** Arrays in the order of labelSpecs. */
export const labelsOf = (batch: Batch) => [...candidatesOf(batch), batch.targets, batch.weights];

/** Writes encoded rows and their candidates, and no labels. @returns rows written */
export function fillRows(
  batch: Batch,
  expander: Expander,
  encoded: EncodedUsers,
  rows: Pick<Examples, 'users' | 'hidden'>,
  start: number,
): number {
  const count = Math.min(batch.rows, rows.users.length - start);
  const products = batch.candidates.length / batch.rows;
  if (products > 0) batch.candidates.fill(1);
  for (let row = 0; row < count; row++) {
    const user = rows.users[start + row];
    const hidden = rows.hidden[start + row];
    expander.write(encoded, user, hidden, batch.inputs, row);
    if (products > 0) closeOwned(batch.candidates, row * products, encoded, user, hidden);
  }
  return count;
}

function closeOwned(candidates: Float32Array, base: number, encoded: EncodedUsers, user: number, hidden: number): void {
  for (let item = encoded.offsets[user]; item < encoded.offsets[user + 1]; item++) {
    if (encoded.items[item] !== hidden) candidates[base + encoded.items[item]] = 0;
  }
}

/**
 * Writes examples from `start` to at most `end`, weighted so that the sum over the batch is a mean over `divisor` rows.
 * @returns rows written
 */
export function fillExamples(
  batch: Batch,
  expander: Expander,
  encoded: EncodedUsers,
  examples: Examples,
  range: { readonly start: number; readonly end: number; readonly divisor: number },
): number {
  const rows = { users: examples.users.subarray(0, range.end), hidden: examples.hidden };
  const count = fillRows(batch, expander, encoded, rows, range.start);
  batch.targets.fill(0);
  batch.weights.fill(0);
  for (let row = 0; row < count; row++) {
    batch.targets[row] = examples.targets[range.start + row];
    batch.weights[row] = examples.weights[range.start + row] / range.divisor;
  }
  return count;
}

const BUDGET = 16 * 2 ** 20;

/** Rows of a micro-batch: as many as wanted, while its arrays stay within a bound (64 MiB) however wide the catalogue. */
export function microBatchRows(wanted: number, width: number, outputs: number): number {
  return Math.max(1, Math.min(wanted, 1024, Math.floor(BUDGET / (width + 4 * outputs + 1))));
}
