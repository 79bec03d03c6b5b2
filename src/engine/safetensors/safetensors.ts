import { ConcordError } from '../../errors.js';

/** A named float32 tensor. The file format is that of huggingface.co/docs/safetensors: header length, JSON header, data. */
export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export interface TensorFile {
  readonly tensors: readonly NamedTensor[];
  /** Free text by key. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Bytes of a header that reading accepts. */
export const MAX_HEADER = 16 * 2 ** 20;
const LENGTH_BYTES = 8;
const METADATA = '__metadata__';

const refuse = (reason: string, cause?: unknown) =>
  new ConcordError('BAD_INPUT', `Not a valid safetensors file: ${reason}.`, {}, { cause });

const countOf = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

/** Where the tensors of a file are, without their values. */
export interface TensorHeader {
  /** In the order of their data, each beginning where the one before it ends; bytes are counted from dataStart on. */
  readonly tensors: readonly TensorPlace[];
  readonly metadata: TensorFile['metadata'];
  /** Bytes before the first value. */
  readonly dataStart: number;
}

export interface TensorPlace {
  readonly name: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/**
 * @returns the file's bytes; data begin at a multiple of 8.
 * @throws {ConcordError} BAD_INPUT for two tensors of one name or values that do not fill their shape.
 */
export function writeSafetensors({ tensors, metadata }: TensorFile): Uint8Array<ArrayBuffer> {
  for (const { name, shape, values } of tensors)
    if (countOf(shape) !== values.length) throw refuse(`tensor ${name} has ${values.length} values for shape ${shape}`);
  const header = writeHeader(tensors, metadata);
  const bytes = new Uint8Array(header.length + tensors.reduce((sum, { values }) => sum + 4 * values.length, 0));
  bytes.set(header);
  const view = new DataView(bytes.buffer);
  let at = header.length;
  for (const { values } of tensors) {
    for (let index = 0; index < values.length; index++, at += 4) view.setFloat32(at, values[index], true);
  }
  return bytes;
}

/**
 * @returns what comes before the values, which follow in the order of the tensors
 * @throws {ConcordError} BAD_INPUT for two tensors of one name
 */
export function writeHeader(
  tensors: readonly Pick<NamedTensor, 'name' | 'shape'>[],
  metadata: TensorFile['metadata'],
): Uint8Array<ArrayBuffer> {
  const header: [string, unknown][] = Object.keys(metadata).length > 0 ? [[METADATA, metadata]] : [];
  const names = new Set([METADATA]);
  let offset = 0;
  for (const { name, shape } of tensors) {
    if (names.has(name)) throw refuse(`two tensors are called ${name}`);
    names.add(name);
    const end = offset + countOf(shape) * 4;
    header.push([name, { dtype: 'F32', shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  let text = JSON.stringify(Object.fromEntries(header));
  let encoded = new TextEncoder().encode(text);
  const padding = (8 - (encoded.length % 8)) % 8;
  text += ' '.repeat(padding);
  encoded = new TextEncoder().encode(text);
  const bytes = new Uint8Array(LENGTH_BYTES + encoded.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(encoded.length), true);
  bytes.set(encoded, LENGTH_BYTES);
  return bytes;
}

/**
 * Reads float32 tensors, in the order of their data. Nothing of a file is believed: the header's length, the shapes and the
 * offsets must fit the bytes exactly, without gap or overlap.
 * @throws {ConcordError} BAD_INPUT for anything else.
 */
export function readSafetensors(bytes: Uint8Array): TensorFile {
  const { tensors, metadata, dataStart } = readHeader(bytes);
  return {
    tensors: tensors.map(({ name, shape, begin }) => {
      const values = new Float32Array(countOf(shape));
      readValues(bytes, dataStart + begin, values);
      return { name, shape, values };
    }),
    metadata,
  };
}

/**
 * The header alone, believed no more than by readSafetensors.
 * @param bytes a file, or so much of its beginning that the whole header is in it
 * @param length of the whole file
 * @throws {ConcordError} BAD_INPUT
 */
export function readHeader(bytes: Uint8Array, length = bytes.length): TensorHeader {
  if (bytes.length < LENGTH_BYTES) throw refuse('it is too short');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = view.getBigUint64(0, true);
  if (headerLength > BigInt(Math.min(MAX_HEADER, bytes.length - LENGTH_BYTES))) throw refuse('its header is too long');
  const dataStart = LENGTH_BYTES + Number(headerLength);
  const { metadata, entries } = parseHeader(bytes.subarray(LENGTH_BYTES, dataStart));
  const tensors = entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let expected = 0;
  for (const { name, shape, begin, end } of tensors) {
    if (begin !== expected) throw refuse(`tensor ${name} does not begin where the one before it ends`);
    if (end - begin !== countOf(shape) * 4) throw refuse(`the bytes of tensor ${name} do not fill its shape`);
    if (end > length - dataStart) throw refuse(`tensor ${name} ends beyond the file`);
    expected = end;
  }
  if (expected !== length - dataStart) throw refuse('bytes follow the last tensor');
  return { tensors, metadata, dataStart };
}

/** Float32 values from a byte on, as many as the target takes. */
export function readValues(bytes: Uint8Array, at: number, target: Float32Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 4 * target.length);
  for (let index = 0; index < target.length; index++) target[index] = view.getFloat32(4 * index, true);
}

function parseHeader(bytes: Uint8Array): { metadata: Record<string, string>; entries: TensorPlace[] } {
  const header = parseJson(bytes);
  if (!isRecord(header)) throw refuse('its header is not an object');
  const metadata: Record<string, string> = Object.create(null);
  const entries: TensorPlace[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (!isRecord(value)) throw refuse(`header entry ${name} is not an object`);
    if (name !== METADATA) {
      entries.push(parseEntry(name, value));
      continue;
    }
    for (const [key, text] of Object.entries(value)) {
      if (typeof text !== 'string') throw refuse('its metadata are not text');
      metadata[key] = text;
    }
  }
  return { metadata: { ...metadata }, entries };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw refuse('its header is not JSON', cause);
  }
}

function parseEntry(name: string, entry: Record<string, unknown>): TensorPlace {
  const { dtype, shape, data_offsets: offsets } = entry;
  if (dtype !== 'F32') throw refuse(`tensor ${name} is not of type F32`);
  if (!isSizes(shape) || shape.length > 8 || !Number.isSafeInteger(countOf(shape) * 4)) {
    throw refuse(`tensor ${name} has no valid shape`);
  }
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[1] < offsets[0]) {
    throw refuse(`tensor ${name} has no valid offsets`);
  }
  return { name, shape, begin: offsets[0], end: offsets[1] };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
