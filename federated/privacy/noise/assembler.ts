/**
 * WebAssembly written as nested lists of bytes: as much of it as the loops over every value of an update need, so that their source is
 * TypeScript, and no compiler and no binary file are. Opcodes as in the WebAssembly core specification 2.0, section 5.4.
 */
export type Code = readonly (number | Code)[];

/** What is used of it: the types of Node.js don't know it. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
  readonly Memory: new (size: { initial: number }) => Memory;
};

export interface Memory {
  readonly buffer: ArrayBuffer;
}

export type ValueType = 'i32' | 'f64' | 'v128';
const TYPES: Readonly<Record<ValueType, number>> = { i32: 0x7f, f64: 0x7c, v128: 0x7b };

export interface FunctionSource {
  readonly parameters: readonly ValueType[];
  /** Further locals, numbered after the parameters. */
  readonly locals: readonly ValueType[];
  readonly result?: ValueType;
  readonly body: Code;
}

function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

function signed(value: number): number[] {
  const low = value & 0x7f;
  const rest = value >> 7;
  const isLast = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
  return isLast ? [low] : [low | 0x80, ...signed(rest)];
}

const flat = (code: Code): number[] => code.flatMap((part) => (typeof part === 'number' ? [part] : flat(part)));

const unary = (opcode: Code) => (a: Code) => [a, opcode];
const binary = (opcode: Code) => (a: Code, b: Code) => [a, b, opcode];
const vector = (opcode: number) => [0xfd, unsigned(opcode)];
/** Alignment is a hint; 0 promises nothing. */
const at = (offset: number) => [0, unsigned(offset)];

export const get = (local: number): Code => [0x20, local];
export const set = (local: number, value: Code): Code => [value, 0x21, local];
/** Repeats the body while the condition that follows it is not 0. */
export const loop = (body: Code, condition: Code): Code => [0x03, 0x40, body, condition, 0x0d, 0, 0x0b];

export const i32 = {
  of: (value: number): Code => [0x41, signed(value)],
  store: (address: Code, value: Code, offset = 0): Code => [address, value, 0x36, at(offset)],
  isZero: unary([0x45]),
  less: binary([0x48]),
  add: binary([0x6a]),
  shiftLeft: binary([0x74]),
  shiftRight: binary([0x76]),
};

/** Four whole numbers at a time. */
export const i32x4 = {
  load: (address: Code, offset = 0): Code => [address, vector(0x00), at(offset)],
  store: (address: Code, value: Code, offset = 0): Code => [address, value, vector(0x0b), at(offset)],
  /** The same number four times. */
  of: (value: number): Code => [i32.of(value), vector(0x11)],
  lane: (a: Code, index: number): Code => [a, vector(0x1b), index],
  /** `a`, with the number at the address in one of its lanes. */
  loadLane: (a: Code, index: number, address: Code, offset: number): Code => [
    address,
    a,
    vector(0x56),
    at(offset),
    index,
  ],
  /** All ones where a < b, else 0. */
  less: binary(vector(0x39)),
  and: binary(vector(0x4e)),
  /** Bits of a where the mask has a 1, else of b. */
  choose: (a: Code, b: Code, mask: Code): Code => [a, b, mask, vector(0x52)],
  /** 1 where no lane is 0. */
  allTrue: unary(vector(0xa3)),
  shiftLeft: binary(vector(0xab)),
  shiftRight: binary(vector(0xad)),
  add: binary(vector(0xae)),
  sub: binary(vector(0xb1)),
};

/** Two doubles at a time. */
export const f64x2 = {
  load: (address: Code, offset = 0): Code => [address, vector(0x00), at(offset)],
  store: (address: Code, value: Code, offset = 0): Code => [address, value, vector(0x0b), at(offset)],
  /** The same double twice. */
  splat: unary(vector(0x14)),
  add: binary(vector(0xf0)),
  sub: binary(vector(0xf1)),
  mul: binary(vector(0xf2)),
  /** The first doubles of two vectors, and the second ones: bytes of a, and from 16 on of b. */
  lows: binary([vector(0x0d), 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]),
  highs: binary([vector(0x0d), 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31]),
  /** To the nearest whole number. */
  nearest: unary(vector(0x94)),
  /** To float32, in the lower half. */
  toFloats: unary(vector(0x5e)),
  /** From two float32 in memory. */
  fromFloats: (address: Code, offset = 0): Code => [address, vector(0x5d), at(offset), vector(0x5f)],
  /** From two int32 in memory. */
  fromIntegers: (address: Code, offset = 0): Code => [address, vector(0x5d), at(offset), vector(0xfe)],
};

const section = (id: number, ...content: Code): Code => {
  const bytes = flat(content);
  return [id, unsigned(bytes.length), bytes];
};
const list = (items: readonly Code[]): Code => [unsigned(items.length), ...items];
const text = (value: string): Code => list([...Buffer.from(value)].map((byte) => [byte]));

/** A module of these functions, which share the memory that instantiate() gives them. */
export function assemble(functions: Readonly<Record<string, FunctionSource>>): object {
  const sources = Object.values(functions);
  const types = sources.map(({ parameters, result }) => [
    0x60,
    list(parameters.map((type) => [TYPES[type]])),
    list(result ? [[TYPES[result]]] : []),
  ]);
  const bodies = sources.map(({ locals, body }) => {
    const bytes = flat([list(locals.map((type) => [1, TYPES[type]])), body, 0x0b]);
    return [unsigned(bytes.length), bytes];
  });
  const memory: Code = [text('host'), text('memory'), 0x02, 0x00, 0x01];
  const exported = Object.keys(functions).map((name, index) => [text(name), 0x00, index]);
  const bytes = flat([
    [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    section(1, list(types)),
    section(2, list([memory])),
    section(3, list(sources.map((_, index) => [index]))),
    section(7, list(exported)),
    section(10, list(bodies)),
  ]);
  return new WebAssembly.Module(Uint8Array.from(bytes));
}

/** @param T the exported functions, as they were assembled */
export const instantiate = <T>(module: object, memory: Memory): T =>
  new WebAssembly.Instance(module, { host: { memory } }).exports as T;

const PAGE = 65_536;

/** Zeros. @throws {RangeError} beyond 4 GB, or what the system has */
export const createMemory = (bytes: number): Memory => new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE) });
