/**
 * The small interface of tensor operations that layers and models are written against, once.
 * Two executors implement it: eager (TensorFlow.js) and traced (an ONNX graph for onnxruntime-node).
 * Binary operations broadcast as NumPy does. Tensors are opaque: values come out only through an Executable.
 */
export type DType = 'float32' | 'int32';

export interface Tensor {
  readonly shape: readonly number[];
  readonly dtype: DType;
}

export interface MatMulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly plus?: Tensor;
}

export interface Ops {
  constant(values: ArrayLike<number>, shape: readonly number[], dtype?: DType): Tensor;
  fill(shape: readonly number[], value: number): Tensor;

  add(a: Tensor, b: Tensor): Tensor;
  sub(a: Tensor, b: Tensor): Tensor;
  mul(a: Tensor, b: Tensor): Tensor;
  div(a: Tensor, b: Tensor): Tensor;
  maximum(a: Tensor, b: Tensor): Tensor;
  minimum(a: Tensor, b: Tensor): Tensor;

  neg(a: Tensor): Tensor;
  abs(a: Tensor): Tensor;
  exp(a: Tensor): Tensor;
  log(a: Tensor): Tensor;
  sqrt(a: Tensor): Tensor;
  square(a: Tensor): Tensor;
  reciprocal(a: Tensor): Tensor;
  relu(a: Tensor): Tensor;
  /** a where it is above 0; 0 where it is not, or is no number. */
  aboveZero(a: Tensor): Tensor;
  sigmoid(a: Tensor): Tensor;
  tanh(a: Tensor): Tensor;
  /** log(1 + exp(a)), without overflow. */
  softplus(a: Tensor): Tensor;

  /** 1 where a > b, else 0, as float32. */
  greater(a: Tensor, b: Tensor): Tensor;
  /** 1 where a = b, else 0, as float32. */
  equal(a: Tensor, b: Tensor): Tensor;
  /** a where condition is not 0, else b. */
  where(condition: Tensor, a: Tensor, b: Tensor): Tensor;

  /** (…, m, k) × (…, k, n) + plus, which broadcasts to the product. */
  matMul(a: Tensor, b: Tensor, options?: MatMulOptions): Tensor;
  transpose(a: Tensor, permutation: readonly number[]): Tensor;

  sum(a: Tensor, axes?: readonly number[], keepDims?: boolean): Tensor;
  mean(a: Tensor, axes?: readonly number[], keepDims?: boolean): Tensor;
  max(a: Tensor, axes?: readonly number[], keepDims?: boolean): Tensor;

  reshape(a: Tensor, shape: readonly number[]): Tensor;
  slice(a: Tensor, begin: readonly number[], size: readonly number[]): Tensor;
  concat(tensors: readonly Tensor[], axis: number): Tensor;
  broadcastTo(a: Tensor, shape: readonly number[]): Tensor;
  cast(a: Tensor, dtype: DType): Tensor;

  /** (rows, length, width) → (rows, length, size · width): the positions around each one, so many (odd), with zeros beyond the ends. */
  windows(a: Tensor, size: number): Tensor;
  /** Rows of a (rows, width) table by int32 indices of any shape: (…indices, width). */
  gather(table: Tensor, indices: Tensor): Tensor;
  /** (rows, width) table of zeros to which each update (n, width) is added at its int32 index (n): duplicates add up. */
  scatterAdd(indices: Tensor, updates: Tensor, rows: number): Tensor;
  oneHot(indices: Tensor, depth: number): Tensor;

  /** Over the last axis. */
  softmax(a: Tensor): Tensor;
  /** Over the last axis. */
  logSoftmax(a: Tensor): Tensor;
}
