import type { GraphFunction } from '../../../src/engine/backends/backend.js';
import { createRandom } from '../../../src/engine/layers/random.js';
import type { Ops, Tensor } from '../../../src/engine/ops/ops.js';
import type { Data } from './reference-ops.js';

/** A function, the inputs to run it with, and what must come out: by default, what the reference makes of it. */
export interface Case {
  readonly name: string;
  readonly graph: GraphFunction;
  readonly inputs: readonly Data[];
  readonly expected?: () => readonly (readonly number[])[];
}

const random = createRandom(20_260_101);

/** Values that float32 holds exactly, so that every executor starts from the same ones. */
export const floats = (shape: readonly number[], draw: () => number = () => random.normal()): Data => ({
  shape,
  dtype: 'float32',
  values: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => Math.fround(draw())),
});
export const positive = (shape: readonly number[]): Data => floats(shape, () => 0.1 + 3 * random.uniform());
export const integers = (shape: readonly number[], from: number, below: number): Data => ({
  ...floats(shape, () => from + random.below(below - from)),
  dtype: 'int32',
});
const given = (values: readonly number[], dtype: 'float32' | 'int32' = 'float32'): Data => ({
  shape: [values.length],
  dtype,
  values,
});

const EXTREMES = given([-100, -30, -15, -1, -1e-4, 0, 1e-4, 1, 15, 30, 100]);

const unary = (name: keyof Ops, inputs: Data): Case => ({
  name: `${name} of [${inputs.shape}]`,
  inputs: [inputs],
  graph: (ops, [a]) => [(ops[name] as (a: Tensor) => Tensor)(a)],
});

const binary = (name: keyof Ops, a: Data, b: Data): Case => ({
  name: `${name} of ${a.dtype} [${a.shape}] and [${b.shape}]`,
  inputs: [a, b],
  graph: (ops, [left, right]) => [(ops[name] as (a: Tensor, b: Tensor) => Tensor)(left, right)],
});

const on = (name: string, inputs: readonly Data[], run: (ops: Ops, inputs: readonly Tensor[]) => Tensor): Case => ({
  name,
  inputs,
  graph: (ops, tensors) => [run(ops, tensors)],
});

const arithmetic = (['add', 'sub', 'mul', 'maximum', 'minimum', 'greater', 'equal'] as const).flatMap((name) => [
  binary(name, floats([3, 4]), floats([3, 4])),
  binary(name, floats([2, 3, 4]), floats([3, 1])),
  binary(name, floats([4]), floats([])),
  binary(name, integers([3, 4], -3, 3), integers([4], -3, 3)),
]);

const matrices: Case[] = [false, true].flatMap((transposeA) =>
  [false, true].flatMap((transposeB) => [
    on(
      `matMul [7,5]×[5,6], flags ${transposeA}, ${transposeB}`,
      [floats(transposeA ? [5, 7] : [7, 5]), floats(transposeB ? [6, 5] : [5, 6])],
      (ops, [a, b]) => ops.matMul(a, b, { transposeA, transposeB }),
    ),
    on(
      `matMul [3,4,2]×[3,2,5], flags ${transposeA}, ${transposeB}`,
      [floats(transposeA ? [3, 2, 4] : [3, 4, 2]), floats(transposeB ? [3, 5, 2] : [3, 2, 5])],
      (ops, [a, b]) => ops.matMul(a, b, { transposeA, transposeB }),
    ),
  ]),
);

const reductions = (['sum', 'mean', 'max'] as const).flatMap((name) =>
  [undefined, [0], [1], [-1], [0, 2]].flatMap((axes) =>
    [false, true].map((keepDims) =>
      on(
        `${name} over ${axes ? `[${axes}]` : 'all'}${keepDims ? ', axes kept' : ''}`,
        [floats([3, 4, 5])],
        (ops, [a]) => ops[name](a, axes, keepDims),
      ),
    ),
  ),
);

export const OP_CASES: readonly Case[] = [
  ...arithmetic,
  binary('div', floats([3, 4]), positive([4])),
  ...(['neg', 'abs', 'square', 'relu', 'sigmoid', 'tanh', 'softplus', 'exp'] as const).map((name) =>
    unary(name, floats([3, 5])),
  ),
  ...(['log', 'sqrt', 'reciprocal'] as const).map((name) => unary(name, positive([3, 5]))),
  ...(['relu', 'sigmoid', 'tanh', 'softplus'] as const).map((name) => unary(name, EXTREMES)),
  unary('exp', given([-100, -20, -1, 0, 1, 20])),
  ...matrices,
  on('matMul of one matrix with a batch', [floats([3, 4, 2]), floats([1, 2, 5])], (ops, [a, b]) => ops.matMul(a, b)),
  ...[[6], [7, 6], [7, 1], []].map((shape) =>
    on(`matMul [7,5]×[6,5]ᵀ and [${shape}]`, [floats([7, 5]), floats([6, 5]), floats(shape)], (ops, [a, b, plus]) =>
      ops.matMul(a, b, { transposeB: true, plus }),
    ),
  ),
  on('matMul of a batch and a matrix', [floats([3, 4, 2]), floats([3, 2, 5]), floats([4, 5])], (ops, [a, b, plus]) =>
    ops.matMul(a, b, { plus }),
  ),
  on('sum over rows of a matrix', [floats([6, 4])], (ops, [a]) => ops.sum(a, [0])),
  on('sum over rows of a matrix, axis kept', [floats([6, 4])], (ops, [a]) => ops.sum(a, [0], true)),
  ...reductions,
  on('aboveZero, also of what is no number', [given([-2, -0.5, 0, 1e-3, 3]), given([0, 0, 0, 1, 1])], (ops, [a, b]) =>
    ops.concat([ops.aboveZero(a), ops.aboveZero(ops.sqrt(a)), ops.aboveZero(ops.div(b, ops.mul(b, a)))], 0),
  ),
  on('sum over an axis of a comparison', [floats([3, 4, 5]), floats([3, 4, 5])], (ops, [a, b]) =>
    ops.sum(ops.greater(ops.exp(a), ops.exp(b)), [1]),
  ),
  on('constant', [floats([2, 2])], (ops, [a]) => ops.mul(a, ops.constant([1, 2, 3, 4], [2, 2]))),
  on('constant int32', [integers([3], 0, 9)], (ops, [a]) => ops.add(a, ops.constant([5], [], 'int32'))),
  on('fill', [floats([2, 3])], (ops, [a]) => ops.add(a, ops.fill([2, 3], 0.5))),
  on('where', [given([0, 1, 0, 2, -1]), floats([3, 5]), floats([3, 5])], (ops, [c, a, b]) => ops.where(c, a, b)),
  on('where with a scalar', [floats([3, 5], () => random.below(2)), floats([3, 5])], (ops, [c, a]) =>
    ops.where(c, a, ops.constant([-1e9], [])),
  ),
  on('transpose of a matrix', [floats([3, 5])], (ops, [a]) => ops.transpose(a, [1, 0])),
  on('transpose of three axes', [floats([2, 3, 4])], (ops, [a]) => ops.transpose(a, [2, 0, 1])),
  on('reshape', [floats([4, 6])], (ops, [a]) => ops.reshape(a, [2, -1, 3])),
  on('slice of a vector', [floats([10])], (ops, [a]) => ops.slice(a, [3], [4])),
  on('slice up to the end', [floats([4, 6])], (ops, [a]) => ops.slice(a, [1, 2], [2, -1])),
  on('slice of int32', [integers([4, 3], 0, 9)], (ops, [a]) => ops.slice(a, [0, 1], [4, 2])),
  on('concat of rows', [floats([2, 3]), floats([1, 3])], (ops, tensors) => ops.concat(tensors, 0)),
  on('concat of columns', [floats([2, 3]), floats([2, 1]), floats([2, 2])], (ops, tensors) => ops.concat(tensors, -1)),
  on('windows of three', [floats([2, 4, 3])], (ops, [a]) => ops.windows(a, 3)),
  on('windows longer than the sequence', [floats([3, 2, 1])], (ops, [a]) => ops.windows(a, 7)),
  on('broadcastTo', [floats([3, 1])], (ops, [a]) => ops.broadcastTo(a, [2, 3, 4])),
  on('cast to int32', [given([-1.5, -0.5, 0, 0.5, 2.9])], (ops, [a]) => ops.cast(a, 'int32')),
  on('cast to float32', [integers([4], -9, 9)], (ops, [a]) => ops.mul(ops.cast(a, 'float32'), ops.constant([0.5], []))),
  on('gather by a vector', [floats([6, 4]), given([5, 0, 3, 3], 'int32')], (ops, [table, at]) => ops.gather(table, at)),
  on('gather by a matrix', [floats([6, 4]), integers([2, 3], 0, 6)], (ops, [table, at]) => ops.gather(table, at)),
  on('scatterAdd with duplicates', [given([4, 0, 4, 4, 2, 0], 'int32'), floats([6, 3])], (ops, [at, updates]) =>
    ops.scatterAdd(at, updates, 7),
  ),
  on('scatterAdd of many', [integers([500], 0, 9), floats([500, 8])], (ops, [at, updates]) =>
    ops.scatterAdd(at, updates, 9),
  ),
  on('oneHot, out of range', [given([2, -1, 0, 4, 3], 'int32')], (ops, [at]) => ops.oneHot(at, 4)),
  unary('softmax', floats([3, 5])),
  unary('logSoftmax', floats([3, 5])),
  unary(
    'softmax',
    floats([2, 3, 4], () => 300 * random.normal()),
  ),
  unary(
    'logSoftmax',
    floats([3, 5], () => 300 * random.normal()),
  ),
  {
    name: 'an input handed through, and a result returned twice',
    inputs: [floats([3])],
    graph: (ops, [a]) => {
      const double = ops.add(a, a);
      return [a, double, double];
    },
  },
];
