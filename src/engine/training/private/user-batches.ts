import { randomInt } from 'node:crypto';
import { SUMMATION } from '../../../../federated/privacy/dp-sgd.js';
import type { Backend } from '../../backends/backend.js';
import type { EncodedUsers } from '../../encoders/encode.js';
import type { Expander } from '../../encoders/expand.js';
import type { Layer } from '../../layers/layer.js';
import type { Architecture } from '../../models/network.js';
import { type Batch, fillExamples, microBatchRows } from '../batch.js';
import type { Examples } from '../examples.js';

/** Users of a micro-batch: all have the same number of rows, of which the last may be fillers of weight 0. */
export interface MicroBatch extends Shape {
  readonly users: readonly number[];
  /** Rows of each user, a power of two. */
  readonly unitRows: number;
}

/** What a graph is compiled for. */
interface Shape {
  readonly rows: number;
  /** Blocks that its rows are summed in. */
  readonly blocks: number;
}

/** Rows of a user at most: of more products, so many are drawn anew each time. */
const MOST_ROWS = 64;
/** Values that a graph reads, about: of wide models smaller ones are no slower, and as many as there are sizes are held in memory. */
const VALUES = 2 ** 21;

export interface UserRows {
  /** Rows of a user: 1, or for interest one for each product owned. */
  rowsOf(user: number): number;
  /** Rows of a micro-batch at most, a power of two. */
  readonly most: number;
}

/** Values of the largest tensor of a graph over sequences, at most: what is in a core's cache is soon read again. */
const CACHED_VALUES = 2 ** 19;

/** Of one row a product is added up in another order: the smallest graph, a sixteenth of this, has two. */
const LEAST_ROWS = 32;

/** Rows of a graph on a backend, at most; a power of two. */
export function graphRows({ name }: Pick<Backend, 'name'>, { rowValues = 1 }: Pick<Layer, 'rowValues'>): number {
  // A product of rows in several blocks costs these a transposed copy of all rows.
  if (name === 'wasm' || name === 'cpu') return SUMMATION.onlyBlockRows;
  const cached = name === 'onnxruntime' ? 2 ** Math.floor(Math.log2(CACHED_VALUES / rowValues)) : Infinity;
  return Math.max(LEAST_ROWS, Math.min(SUMMATION.graphRows, cached));
}

/** @param largest rows of a graph at most */
export function userRows(
  encoded: EncodedUsers,
  interest: boolean,
  { inputs, outputs }: Pick<Architecture, 'inputs' | 'outputs'>,
  largest: number,
): UserRows {
  const wanted = Math.max(SUMMATION.onlyBlockRows, Math.min(largest, VALUES / (inputs + 4 * outputs)));
  const limit = 2 ** Math.floor(Math.log2(microBatchRows(wanted, inputs, outputs)));
  const most = Math.min(MOST_ROWS, limit);
  return {
    most: limit,
    rowsOf: (user) => (interest ? Math.min(most, encoded.offsets[user + 1] - encoded.offsets[user]) : 1),
  };
}

/**
 * Graphs for so many rows: full ones, and for what is left over smaller ones, so that little is computed for nothing.
 * @param least rows of the smallest at least
 * @param most rows of the largest; both powers of two
 */
export function graphsFor(rows: number, least: number, most: number): Shape[] {
  const sizes = [1, 2, 4, 16].map((share) => most / share).filter((size) => size >= least);
  const graphs: Shape[] = [];
  for (let left = rows; left > 0; left -= graphs[graphs.length - 1].rows) {
    const size = sizes.find((each) => left > 0.75 * each) ?? sizes[sizes.length - 1];
    graphs.push({ rows: size, blocks: size > SUMMATION.onlyBlockRows ? size / SUMMATION.blockRows : 1 });
  }
  return graphs;
}

/** Puts users into micro-batches by the number of their rows, rounded up to a power of two, and keeps their order. */
export function microBatches(users: Iterable<number>, { rowsOf, most }: UserRows): MicroBatch[] {
  const bySize = new Map<number, number[]>();
  for (const user of users) {
    const unitRows = 2 ** Math.ceil(Math.log2(rowsOf(user)));
    const same = bySize.get(unitRows);
    if (same) same.push(user);
    else bySize.set(unitRows, [user]);
  }
  const batches: MicroBatch[] = [];
  for (const [unitRows, same] of [...bySize].sort(([a], [b]) => a - b)) {
    let start = 0;
    for (const shape of graphsFor(same.length * unitRows, unitRows, most)) {
      const end = start + shape.rows / unitRows;
      batches.push({ users: same.slice(start, end), unitRows, ...shape });
      start = end;
    }
  }
  return batches;
}

/** Writes the users of a micro-batch: a user's rows weigh 1 together, so that what is clipped is the mean over all of them. */
export function fillUsers(
  batch: Batch,
  { users, unitRows }: MicroBatch,
  {
    expander,
    encoded,
    labels,
    rows,
  }: {
    readonly expander: Expander;
    readonly encoded: EncodedUsers;
    readonly labels?: Float32Array;
    readonly rows: UserRows;
  },
): void {
  const count = users.length * unitRows;
  const examples: Examples = {
    users: new Int32Array(count),
    hidden: new Int32Array(count).fill(-1),
    targets: new Float32Array(count),
    weights: new Float32Array(count),
  };
  users.forEach((user, unit) => {
    const from = unit * unitRows;
    examples.users.fill(user, from, from + unitRows);
    if (labels) {
      examples.targets[from] = labels[user];
      examples.weights[from] = 1;
      return;
    }
    const owned = encoded.items.slice(encoded.offsets[user], encoded.offsets[user + 1]);
    const taken = rows.rowsOf(user);
    if (taken < owned.length) drawFirst(owned, taken);
    for (let row = 0; row < taken; row++) {
      examples.hidden[from + row] = owned[row];
      examples.targets[from + row] = owned[row];
      examples.weights[from + row] = 1 / taken;
    }
  });
  fillExamples(batch, expander, encoded, examples, { start: 0, end: count, divisor: 1 });
}

/** Moves so many values, drawn at random, to the front. */
function drawFirst(values: Int32Array, count: number): void {
  for (let place = 0; place < count; place++) {
    const other = randomInt(place, values.length);
    [values[place], values[other]] = [values[other], values[place]];
  }
}
