/** Writes the few messages of ONNX's protobuf schema that a traced graph needs. Field numbers are those of onnx.proto3. */

const ELEMENT_TYPE = { float32: 1, int32: 6, int64: 7, bool: 9 } as const;
export type ElementType = keyof typeof ELEMENT_TYPE;

export type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] }
  | { readonly text: string };

export interface OnnxNode {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface OnnxValue {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
}

export interface OnnxInitialiser extends OnnxValue {
  readonly bytes: Uint8Array;
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly initialisers: readonly OnnxInitialiser[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** Opset 18: the first in which ReduceMax takes its axes as an input, as ReduceSum does, and ScatterND adds. */
const OPSET = 18;
const IR_VERSION = 8;

/** An ONNX model file. */
export function encodeModel(graph: OnnxGraph): Uint8Array {
  return Buffer.concat([
    integer(1, IR_VERSION),
    text(2, 'concord'),
    message(7, encodeGraph(graph)),
    message(8, [text(1, ''), integer(2, OPSET)]),
  ]);
}

function encodeGraph({ nodes, initialisers, inputs, outputs }: OnnxGraph): Uint8Array[] {
  return [
    ...nodes.map((node, index) => message(1, encodeNode(node, `${node.type}_${index}`))),
    text(2, 'graph'),
    ...initialisers.map((tensor) => message(5, encodeTensor(tensor))),
    ...inputs.map((value) => message(11, encodeValue(value))),
    ...outputs.map((value) => message(12, encodeValue(value))),
  ];
}

function encodeNode(node: OnnxNode, name: string): Uint8Array[] {
  return [
    ...node.inputs.map((input) => text(1, input)),
    text(2, node.output),
    text(3, name),
    text(4, node.type),
    ...Object.entries(node.attributes).map(([key, value]) => message(5, [text(1, key), ...encodeAttribute(value)])),
  ];
}

function encodeAttribute(attribute: Attribute): Uint8Array[] {
  if ('int' in attribute) return [integer(3, attribute.int), integer(20, 2)];
  if ('float' in attribute) return [float(2, attribute.float), integer(20, 1)];
  if ('text' in attribute) return [text(4, attribute.text), integer(20, 3)];
  return [...attribute.ints.map((value) => integer(8, value)), integer(20, 7)];
}

function encodeTensor({ name, type, shape, bytes: data }: OnnxInitialiser): Uint8Array[] {
  return [...shape.map((length) => integer(1, length)), integer(2, ELEMENT_TYPE[type]), text(8, name), bytes(9, data)];
}

function encodeValue({ name, type, shape }: OnnxValue): Uint8Array[] {
  const dimensions = shape.map((length) => message(1, [integer(1, length)]));
  const tensorType = message(1, [integer(1, ELEMENT_TYPE[type]), message(2, dimensions)]);
  return [text(1, name), message(2, [tensorType])];
}

const integer = (field: number, value: number): Uint8Array => Buffer.concat([varint(field << 3), varint(value)]);
const float = (field: number, value: number): Uint8Array =>
  Buffer.concat([varint((field << 3) | 5), new Uint8Array(Float32Array.of(value).buffer)]);
const text = (field: number, value: string): Uint8Array => bytes(field, Buffer.from(value, 'utf8'));
const message = (field: number, parts: readonly Uint8Array[]): Uint8Array => bytes(field, Buffer.concat(parts));
const bytes = (field: number, value: Uint8Array): Uint8Array =>
  Buffer.concat([varint((field << 3) | 2), varint(value.length), value]);

/** Protobuf's base-128 integers; negative ones are written as 64-bit two's complement. */
function varint(value: number): Uint8Array {
  const result: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 0x7fn) {
    result.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  result.push(Number(rest));
  return Uint8Array.from(result);
}
