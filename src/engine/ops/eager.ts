import type * as tensorflow from '@tensorflow/tfjs-core';
import type { Ops, Tensor } from './ops.js';
import { resolveShape, sizeOf } from './shapes.js';

export type TensorFlow = typeof tensorflow;

export interface EagerOptions {
  /**
   * tfjs-wasm multiplies transposed matrices ten times slower than it transposes them first, and sums over rows
   * slower than it multiplies by a row of ones.
   */
  readonly plainProducts: boolean;
  /** tfjs-webgpu keeps whole numbers behind a cast from bool to float32, which its transpose then takes for what they are. */
  readonly lazyCasts: boolean;
}

/** Ops that run at once on TensorFlow.js' current backend. Call inside tf.tidy: intermediate tensors are the caller's to free. */
export function createEagerOps(tf: TensorFlow, { plainProducts, lazyCasts }: EagerOptions): Ops {
  const own = (a: Tensor): tensorflow.Tensor => a as tensorflow.Tensor;
  const unary =
    (run: (a: tensorflow.Tensor) => tensorflow.Tensor) =>
    (a: Tensor): Tensor =>
      run(own(a)) as Tensor;
  const binary =
    (run: (a: tensorflow.Tensor, b: tensorflow.Tensor) => tensorflow.Tensor) =>
    (a: Tensor, b: Tensor): Tensor =>
      run(own(a), own(b)) as Tensor;
  const toFloat = (a: tensorflow.Tensor): Tensor => {
    const cast = tf.cast(a, 'float32');
    return (lazyCasts ? tf.mul(cast, 1) : cast) as Tensor;
  };
  const swapLastTwo = (a: Tensor): tensorflow.Tensor => {
    const axes = a.shape.map((_, axis) => axis);
    return tf.transpose(own(a), [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
  };
  const product = (a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): tensorflow.Tensor => {
    if (!plainProducts) return tf.matMul(own(a), own(b), transposeA, transposeB);
    return tf.matMul(transposeA ? swapLastTwo(a) : own(a), transposeB ? swapLastTwo(b) : own(b));
  };
  const matMul: Ops['matMul'] = (a, b, { transposeA = false, transposeB = false, plus } = {}) => {
    const alone = product(a, b, transposeA, transposeB);
    return (plus ? tf.add(alone, own(plus)) : alone) as Tensor;
  };
  const sumOverRows = (a: Tensor, keepDims: boolean): Tensor => {
    const total = tf.matMul(tf.ones([1, a.shape[0]]), own(a));
    return (keepDims ? total : tf.reshape(total, [a.shape[1]])) as Tensor;
  };

  return {
    constant(values, shape, dtype = 'float32') {
      const data = dtype === 'float32' ? Float32Array.from(values) : Int32Array.from(values);
      return tf.tensor(data, [...shape], dtype) as Tensor;
    },
    fill: (shape, value) => tf.fill([...shape], value, 'float32') as Tensor,
    add: binary(tf.add),
    sub: binary(tf.sub),
    mul: binary(tf.mul),
    div: binary(tf.div),
    maximum: binary(tf.maximum),
    minimum: binary(tf.minimum),
    neg: unary(tf.neg),
    abs: unary(tf.abs),
    exp: unary(tf.exp),
    log: unary(tf.log),
    sqrt: unary(tf.sqrt),
    square: unary(tf.square),
    reciprocal: unary(tf.reciprocal),
    relu: unary(tf.relu),
    aboveZero: unary((a) => tf.where(tf.greater(a, 0), a, tf.zerosLike(a))),
    sigmoid: unary(tf.sigmoid),
    tanh: unary(tf.tanh),
    softplus: unary(tf.softplus),
    greater: (a, b) => toFloat(tf.greater(own(a), own(b))),
    equal: (a, b) => toFloat(tf.equal(own(a), own(b))),
    where: (condition, a, b) => tf.where(tf.cast(own(condition), 'bool'), own(a), own(b)) as Tensor,
    matMul,
    transpose: (a, permutation) => tf.transpose(own(a), [...permutation]) as Tensor,
    sum(a, axes, keepDims = false) {
      const overRows = plainProducts && a.shape.length === 2 && a.dtype === 'float32' && axes?.length === 1;
      if (overRows && axes[0] === 0) return sumOverRows(a, keepDims);
      return tf.sum(own(a), axes && [...axes], keepDims) as Tensor;
    },
    mean: (a, axes, keepDims = false) => tf.mean(own(a), axes && [...axes], keepDims) as Tensor,
    max: (a, axes, keepDims = false) => tf.max(own(a), axes && [...axes], keepDims) as Tensor,
    reshape: (a, shape) => tf.reshape(own(a), resolveShape(a.shape, shape)) as Tensor,
    slice: (a, begin, size) => tf.slice(own(a), [...begin], [...size]) as Tensor,
    concat: (tensors, axis) => tf.concat(tensors.map(own), axis) as Tensor,
    broadcastTo: (a, shape) => tf.broadcastTo(own(a), [...shape]) as Tensor,
    cast: (a, dtype) => tf.cast(own(a), dtype) as Tensor,
    windows(a, size) {
      const half = (size - 1) / 2;
      const padded = tf.pad(own(a), [
        [0, 0],
        [half, half],
        [0, 0],
      ]);
      const shifted = Array.from({ length: size }, (_, at) => tf.slice(padded, [0, at, 0], [...a.shape]));
      return tf.concat(shifted, 2) as Tensor;
    },
    gather: (table, indices) => tf.gather(own(table), own(indices) as tensorflow.Tensor1D) as Tensor,
    scatterAdd(indices, updates, rows) {
      const at = tf.reshape(own(indices), [sizeOf(indices.shape), 1]);
      return tf.scatterND(at, own(updates), [rows, updates.shape[1]]) as Tensor;
    },
    oneHot(indices, depth) {
      const classes = tf.range(0, depth, 1, 'int32');
      return toFloat(tf.equal(tf.reshape(own(indices), [...indices.shape, 1]), classes));
    },
    softmax: unary((a) => tf.softmax(a)),
    logSoftmax: unary((a) => tf.logSoftmax(a)),
  };
}
