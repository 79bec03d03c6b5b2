import type { GraphFunction, InputSpec } from '../../../src/engine/backends/backend.js';
import type { DType, Ops, Tensor } from '../../../src/engine/ops/ops.js';

/** Ops once more, as plainly as can be, in float64: what every executor is compared with. It shares no code with them. */
interface Reference extends Tensor {
  readonly values: readonly number[];
}

export interface Data extends InputSpec {
  readonly values: readonly number[];
}

/** Runs a function in float64. */
export function runReference(graph: GraphFunction, inputs: readonly Data[]): number[][] {
  return graph(referenceOps, inputs).map((output) => [...(output as Reference).values]);
}

/** Central differences of a function of a graph's outputs, by one of its inputs. */
export function differentiate(
  graph: GraphFunction,
  inputs: readonly Data[],
  place: number,
  value: (outputs: number[][]) => number,
): number[] {
  const step = 1e-5;
  return inputs[place].values.map((at, index) => {
    const [above, below] = [at + step, at - step].map((moved) => {
      const changed = { ...inputs[place], values: inputs[place].values.with(index, moved) };
      return value(runReference(graph, inputs.with(place, changed)));
    });
    return (above - below) / (2 * step);
  });
}

const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const own = (a: Tensor): Reference => a as Reference;
const make = (
  shape: readonly number[],
  dtype: DType,
  value: (at: readonly number[], index: number) => number,
): Reference => ({
  shape,
  dtype,
  values: Array.from({ length: count(shape) }, (_, index) => value(position(shape, index), index)),
});

function position(shape: readonly number[], index: number): number[] {
  const at: number[] = [];
  let rest = index;
  for (const length of [...shape].reverse()) {
    at.unshift(rest % length);
    rest = Math.floor(rest / length);
  }
  return at;
}

/** The value at a position of a shape to which `a` is broadcast: leading axes that it lacks and axes of 1 are ignored. */
function read(a: Tensor, at: readonly number[]): number {
  const skip = at.length - a.shape.length;
  const index = a.shape.reduce((sum, length, axis) => sum * length + (length === 1 ? 0 : at[axis + skip]), 0);
  return own(a).values[index];
}

function broadcast(...tensors: readonly Tensor[]): number[] {
  const rank = Math.max(...tensors.map((a) => a.shape.length));
  return Array.from({ length: rank }, (_, axis) =>
    Math.max(...tensors.map((a) => a.shape[axis - rank + a.shape.length] ?? 1)),
  );
}

const unary = (f: (a: number) => number) => (a: Tensor) =>
  make(a.shape, a.dtype, (_, index) => f(own(a).values[index]));
const binary =
  (f: (a: number, b: number) => number, dtype?: DType) =>
  (a: Tensor, b: Tensor): Tensor =>
    make(broadcast(a, b), dtype ?? a.dtype, (at) => f(read(a, at), read(b, at)));

const reduction =
  (f: (values: readonly number[]) => number) =>
  (a: Tensor, axes?: readonly number[], keepDims = false): Tensor => {
    const reduced = a.shape.map((_, axis) => !axes || axes.includes(axis) || axes.includes(axis - a.shape.length));
    const kept = a.shape.map((length, axis) => (reduced[axis] ? 1 : length));
    const groups = Array.from({ length: count(kept) }, (): number[] => []);
    own(a).values.forEach((value, index) => {
      const at = position(a.shape, index).map((place, axis) => (reduced[axis] ? 0 : place));
      groups[kept.reduce((sum, length, axis) => sum * length + at[axis], 0)].push(value);
    });
    const shape = keepDims ? kept : kept.filter((_, axis) => !reduced[axis]);
    return make(shape, a.dtype, (_, index) => f(groups[index]));
  };

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const logSumExp = (values: readonly number[]): number => {
  const top = Math.max(...values);
  return top + Math.log(sum(values.map((value) => Math.exp(value - top))));
};
const logSoftmax = (a: Tensor): Tensor => {
  const total = reduction(logSumExp)(a, [-1], true);
  return make(a.shape, a.dtype, (at) => read(a, at) - read(total, at));
};
const reshape = (a: Tensor, to: readonly number[]): Tensor => {
  const known = count(to.filter((length) => length !== -1));
  const shape = to.map((length) => (length === -1 ? count(a.shape) / known : length));
  return make(shape, a.dtype, (_, index) => own(a).values[index]);
};
const transpose = (a: Tensor, order: readonly number[]): Tensor => {
  const shape = order.map((axis) => a.shape[axis]);
  return make(shape, a.dtype, (at) =>
    read(
      a,
      order.map((_, axis) => at[order.indexOf(axis)]),
    ),
  );
};
const swap = (a: Tensor): Tensor => {
  const axes = a.shape.map((_, axis) => axis);
  return transpose(a, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
};

export const referenceOps: Ops = {
  constant: (values, shape, dtype = 'float32') => make(shape, dtype, (_, index) => values[index]),
  fill: (shape, value) => make(shape, 'float32', () => value),
  add: binary((a, b) => a + b),
  sub: binary((a, b) => a - b),
  mul: binary((a, b) => a * b),
  div: binary((a, b) => a / b),
  maximum: binary(Math.max),
  minimum: binary(Math.min),
  neg: unary((a) => -a),
  abs: unary(Math.abs),
  exp: unary(Math.exp),
  log: unary(Math.log),
  sqrt: unary(Math.sqrt),
  square: unary((a) => a * a),
  reciprocal: unary((a) => 1 / a),
  relu: unary((a) => Math.max(a, 0)),
  aboveZero: unary((a) => (a > 0 ? a : 0)),
  sigmoid: unary((a) => 1 / (1 + Math.exp(-a))),
  tanh: unary(Math.tanh),
  softplus: unary((a) => Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a)))),
  greater: binary((a, b) => (a > b ? 1 : 0), 'float32'),
  equal: binary((a, b) => (a === b ? 1 : 0), 'float32'),
  where: (condition, a, b) =>
    make(broadcast(condition, a, b), a.dtype, (at) => (read(condition, at) !== 0 ? read(a, at) : read(b, at))),
  matMul(a, b, { transposeA, transposeB, plus } = {}) {
    const left = transposeA ? swap(a) : a;
    const right = transposeB ? swap(b) : b;
    const inner = Array.from({ length: left.shape.at(-1) as number }, (_, index) => index);
    const batch = broadcast({ ...a, shape: a.shape.slice(0, -2) }, { ...b, shape: b.shape.slice(0, -2) });
    const shape = [...batch, left.shape.at(-2) as number, right.shape.at(-1) as number];
    return make(shape, 'float32', (at) => {
      const [row, column] = at.slice(-2);
      const of = at.slice(0, -2);
      const product = sum(inner.map((k) => read(left, [...of, row, k]) * read(right, [...of, k, column])));
      return plus ? product + read(plus, at) : product;
    });
  },
  transpose,
  sum: reduction(sum),
  mean: reduction((values) => sum(values) / values.length),
  max: reduction((values) => Math.max(...values)),
  reshape,
  slice: (a, begin, size) =>
    make(
      a.shape.map((length, axis) => (size[axis] === -1 ? length - begin[axis] : size[axis])),
      a.dtype,
      (at) =>
        read(
          a,
          at.map((place, axis) => place + begin[axis]),
        ),
    ),
  concat(tensors, axis) {
    const along = axis < 0 ? axis + tensors[0].shape.length : axis;
    const shape = tensors[0].shape.map((length, at) =>
      at === along ? sum(tensors.map((tensor) => tensor.shape[along])) : length,
    );
    return make(shape, tensors[0].dtype, (at) => {
      let place = at[along];
      const source = tensors.find((tensor) => {
        if (place < tensor.shape[along]) return true;
        place -= tensor.shape[along];
        return false;
      });
      return read(source as Tensor, at.with(along, place));
    });
  },
  windows: (a, size) =>
    make([a.shape[0], a.shape[1], size * a.shape[2]], a.dtype, ([row, position, column]) => {
      const from = position + Math.floor(column / a.shape[2]) - (size - 1) / 2;
      return from < 0 || from >= a.shape[1] ? 0 : read(a, [row, from, column % a.shape[2]]);
    }),
  broadcastTo: (a, shape) => make(shape, a.dtype, (at) => read(a, at)),
  cast: (a, dtype) =>
    make(a.shape, dtype, (_, index) => (dtype === 'int32' ? Math.trunc : Number)(own(a).values[index])),
  gather: (table, indices) =>
    make([...indices.shape, table.shape[1]], table.dtype, (at) =>
      read(table, [read(indices, at.slice(0, -1)), at.at(-1) as number]),
    ),
  scatterAdd: (indices, updates, rows) =>
    make([rows, updates.shape[1]], 'float32', ([row, column]) =>
      sum(own(indices).values.map((at, index) => (at === row ? read(updates, [index, column]) : 0))),
    ),
  oneHot: (indices, depth) =>
    make([...indices.shape, depth], 'float32', (at) => (read(indices, at.slice(0, -1)) === at.at(-1) ? 1 : 0)),
  softmax: (a) => unary(Math.exp)(logSoftmax(a)),
  logSoftmax,
};
