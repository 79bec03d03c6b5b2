import type { GraphFunction, InputSpec } from '../backends/backend.js';
import { type Attribute, encodeModel, type OnnxInitialiser, type OnnxNode, type OnnxValue } from './onnx-model.js';
import type { DType, Ops, Tensor } from './ops.js';
import {
  broadcastShapes,
  concatShape,
  matMulShape,
  normaliseAxes,
  reducedShape,
  resolveShape,
  type Shape,
  sizeOf,
  sliceSizes,
} from './shapes.js';

/** A graph recorded from a GraphFunction: the bytes of an ONNX model and the names under which values go in and out. */
export interface TracedGraph {
  readonly model: Uint8Array;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

interface Value extends Tensor {
  readonly name: string;
  /** Of the result of a comparison: the bool that it was made from. */
  readonly truth?: string;
}

/** Runs the function once on symbols of the given shapes and writes down what it did. Operations that no output needs are left out. */
export function trace(graph: GraphFunction, inputs: readonly InputSpec[]): TracedGraph {
  const recorder = new Recorder();
  const symbols = inputs.map((input, index) => ({ ...input, name: `input_${index}` }));
  const results = graph(createTracedOps(recorder), symbols) as readonly Value[];
  const toOnnx = ({ name, dtype, shape }: Value): OnnxValue => ({ name, type: dtype, shape });
  // An output gets a node and a name of its own, so that an input may be handed through and a value returned twice.
  const outputs = results.map((result) => recorder.node('Identity', [result], result.shape, result.dtype) as Value);
  const nodes = reachable(recorder.nodes, outputs);
  const used = new Set(nodes.flatMap((node) => node.inputs));
  return {
    inputs: symbols.map(toOnnx),
    outputs: outputs.map(toOnnx),
    model: encodeModel({
      nodes,
      initialisers: recorder.initialisers.filter(({ name }) => used.has(name)),
      inputs: symbols.map(toOnnx),
      outputs: outputs.map(toOnnx),
    }),
  };
}

function reachable(nodes: readonly OnnxNode[], outputs: readonly Value[]): OnnxNode[] {
  const needed = new Set(outputs.map(({ name }) => name));
  const kept: OnnxNode[] = [];
  for (const node of [...nodes].reverse()) {
    if (!needed.has(node.output)) continue;
    kept.push(node);
    for (const input of node.inputs) needed.add(input);
  }
  return kept.reverse();
}

class Recorder {
  readonly nodes: OnnxNode[] = [];
  readonly initialisers: OnnxInitialiser[] = [];
  private readonly small = new Map<string, string>();

  node(
    type: string,
    inputs: readonly (Tensor | string)[],
    shape: Shape,
    dtype: DType = 'float32',
    attributes: Record<string, Attribute> = {},
  ): Tensor {
    const output = this.intermediate(type, inputs, attributes);
    return { name: output, shape: [...shape], dtype } as Value;
  }

  /** A node whose output has a type that Tensor does not know (bool, int64); returns its name. */
  intermediate(type: string, inputs: readonly (Tensor | string)[], attributes: Record<string, Attribute> = {}): string {
    const output = `value_${this.nodes.length}`;
    const names = inputs.map((input) => (typeof input === 'string' ? input : (input as Value).name));
    this.nodes.push({ type, inputs: names, output, attributes });
    return output;
  }

  initialiser(type: OnnxValue['type'], values: Float32Array | Int32Array | BigInt64Array, shape: Shape): string {
    const key = values.length <= 16 ? `${type} [${shape}] ${Array.from(values, String)}` : undefined;
    const known = key && this.small.get(key);
    if (known) return known;
    const name = `constant_${this.initialisers.length}`;
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    this.initialisers.push({ name, type, shape: [...shape], bytes });
    if (key) this.small.set(key, name);
    return name;
  }

  /** Shapes, axes and offsets are int64 tensors in ONNX. */
  integers(values: Shape): string {
    return this.initialiser('int64', BigInt64Array.from(values, BigInt), [values.length]);
  }
}

const CAST_TO = { float32: 1, int32: 6, int64: 7, bool: 9 } as const;

function createTracedOps(recorder: Recorder): Ops {
  const constant: Ops['constant'] = (values, shape, dtype = 'float32') => {
    const data = dtype === 'float32' ? Float32Array.from(values) : Int32Array.from(values);
    return { name: recorder.initialiser(dtype, data, shape), shape: [...shape], dtype } as Value;
  };
  const castName = (value: Tensor | string, to: keyof typeof CAST_TO): string =>
    recorder.intermediate('Cast', [value], { to: { int: CAST_TO[to] } });
  const unary =
    (type: string) =>
    (a: Tensor): Tensor =>
      recorder.node(type, [a], a.shape, a.dtype);
  const binary =
    (type: string) =>
    (a: Tensor, b: Tensor): Tensor =>
      recorder.node(type, [a, b], broadcastShapes(a.shape, b.shape), a.dtype);
  const comparison =
    (type: string) =>
    (a: Tensor, b: Tensor): Tensor => {
      const truth = recorder.intermediate(type, [a, b]);
      const shape = broadcastShapes(a.shape, b.shape);
      const value = recorder.node('Cast', [truth], shape, 'float32', { to: { int: CAST_TO.float32 } });
      return { ...value, truth } as Value;
    };
  const reduction =
    (type: string) =>
    (a: Tensor, axes?: Shape, keepDims = false): Tensor => {
      const chosen = normaliseAxes(a.shape.length, axes);
      if (chosen.length === 0) return a;
      const shape = reducedShape(a.shape, chosen, keepDims);
      const keepdims = { int: keepDims ? 1 : 0 };
      return recorder.node(type, [a, recorder.integers(chosen)], shape, a.dtype, { keepdims });
    };
  const overLastAxis =
    (type: string) =>
    (a: Tensor): Tensor =>
      recorder.node(type, [a], a.shape, a.dtype, { axis: { int: -1 } });
  const transpose = (a: Tensor, permutation: Shape): Tensor =>
    recorder.node(
      'Transpose',
      [a],
      permutation.map((axis) => a.shape[axis]),
      a.dtype,
      { perm: { ints: permutation } },
    );
  const reshape = (a: Tensor, to: Shape): Tensor => {
    const shape = resolveShape(a.shape, to);
    // Else a 0 stands for the size that was there before.
    const attributes: Record<string, Attribute> = shape.includes(0) ? { allowzero: { int: 1 } } : {};
    return recorder.node('Reshape', [a, recorder.integers(shape)], shape, a.dtype, attributes);
  };
  const broadcastTo = (a: Tensor, shape: Shape): Tensor =>
    recorder.node('Expand', [a, recorder.integers(shape)], shape, a.dtype);
  const fill = (shape: Shape, value: number): Tensor => broadcastTo(constant([value], []), shape);
  const add = binary('Add');
  const concat: Ops['concat'] = (tensors, axis) => {
    const shape = concatShape(
      tensors.map((tensor) => tensor.shape),
      axis,
    );
    return recorder.node('Concat', tensors, shape, tensors[0].dtype, { axis: { int: axis } });
  };
  const gather: Ops['gather'] = (table, indices) =>
    recorder.node('Gather', [table, indices], [...indices.shape, ...table.shape.slice(1)], table.dtype, {
      axis: { int: 0 },
    });

  return {
    constant,
    fill,
    add,
    sub: binary('Sub'),
    mul: binary('Mul'),
    div: binary('Div'),
    maximum: binary('Max'),
    minimum: binary('Min'),
    neg: unary('Neg'),
    abs: unary('Abs'),
    exp: unary('Exp'),
    log: unary('Log'),
    sqrt: unary('Sqrt'),
    square: (a) => recorder.node('Mul', [a, a], a.shape, a.dtype),
    reciprocal: unary('Reciprocal'),
    relu: unary('Relu'),
    // Not Relu, of which ONNX does not say what it makes of a value that is no number.
    aboveZero: (a) => recorder.node('ThresholdedRelu', [a], a.shape, a.dtype, { alpha: { float: 0 } }),
    sigmoid: unary('Sigmoid'),
    tanh: unary('Tanh'),
    softplus: unary('Softplus'),
    greater: comparison('Greater'),
    equal: comparison('Equal'),
    where(condition, a, b) {
      const shape = broadcastShapes(condition.shape, broadcastShapes(a.shape, b.shape));
      return recorder.node('Where', [(condition as Value).truth ?? castName(condition, 'bool'), a, b], shape, a.dtype);
    },
    matMul(a, b, { transposeA = false, transposeB = false, plus } = {}) {
      const shape = matMulShape(a.shape, b.shape, transposeA, transposeB);
      // Gemm takes the flags, and what is to be added, without a copy.
      if (a.shape.length === 2 && b.shape.length === 2 && (transposeA || transposeB || plus)) {
        const flags = { transA: { int: transposeA ? 1 : 0 }, transB: { int: transposeB ? 1 : 0 } };
        return recorder.node('Gemm', plus ? [a, b, plus] : [a, b], shape, 'float32', flags);
      }
      const left = transposeA ? transpose(a, lastTwoSwapped(a.shape.length)) : a;
      const right = transposeB ? transpose(b, lastTwoSwapped(b.shape.length)) : b;
      const product = recorder.node('MatMul', [left, right], shape);
      return plus ? add(product, plus) : product;
    },
    transpose,
    sum: reduction('ReduceSum'),
    mean: reduction('ReduceMean'),
    max: reduction('ReduceMax'),
    reshape,
    slice(a, begin, size) {
      const shape = sliceSizes(a.shape, begin, size);
      const end = shape.map((length, axis) => begin[axis] + length);
      return recorder.node('Slice', [a, recorder.integers(begin), recorder.integers(end)], shape, a.dtype);
    },
    concat,
    windows(a, size) {
      const [rows, length, width] = a.shape;
      // Slices would be copied twice. Row 0 of the table is zeros.
      const table = concat([fill([1, width], 0), reshape(a, [rows * length, width])], 0);
      return reshape(gather(table, constant(placesOf(a.shape, size), [rows * length, size], 'int32')), [
        rows,
        length,
        size * width,
      ]);
    },
    broadcastTo,
    cast: (a, dtype) =>
      a.dtype === dtype ? a : recorder.node('Cast', [a], a.shape, dtype, { to: { int: CAST_TO[dtype] } }),
    gather,
    scatterAdd(indices, updates, rows) {
      const shape = [rows, updates.shape[1]];
      const at = castName(reshape(indices, [sizeOf(indices.shape), 1]), 'int64');
      const zeros = fill(shape, 0);
      return recorder.node('ScatterND', [zeros, at, updates], shape, 'float32', { reduction: { text: 'add' } });
    },
    // Not ONNX's OneHot, for which −1 is the last class.
    oneHot(indices, depth) {
      const classes = constant(
        Int32Array.from({ length: depth }, (_, index) => index),
        [depth],
        'int32',
      );
      return comparison('Equal')(reshape(indices, [...indices.shape, 1]), classes);
    },
    softmax: overLastAxis('Softmax'),
    logSoftmax: overLastAxis('LogSoftmax'),
  };
}

/** 1 + the place among all positions of what lies around each, 0 where that is beyond the ends of its row. */
function placesOf([rows, length]: Shape, size: number): Int32Array {
  const places = new Int32Array(rows * length * size);
  for (let index = 0; index < places.length; index++) {
    const at = Math.floor(index / size);
    const moved = (index % size) - (size - 1) / 2;
    const position = (at % length) + moved;
    if (position >= 0 && position < length) places[index] = 1 + at + moved;
  }
  return places;
}

function lastTwoSwapped(rank: number): number[] {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  return [...axes.slice(0, -2), rank - 1, rank - 2];
}
