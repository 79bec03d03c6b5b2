import {
  assemble,
  type Code,
  createMemory,
  f64x2,
  get,
  i32,
  i32x4,
  instantiate,
  loop,
  set,
} from '../../../../federated/privacy/noise/assembler.js';
import { badInput } from '../../../errors.js';

/**
 * Arithmetic on rows of doubles in the memory of a WebAssembly module, four values a turn: the inner loops of ALS, four times as fast as in
 * JavaScript. Rows are named by their address.
 */
export interface RowKernel {
  /** Values of a row: `width`, in whole turns. The further ones are zeros. */
  readonly stride: number;
  /** Rows, one after the other, zeros at first. */
  allocate(rows: number): { readonly values: Float64Array; readonly address: number };
  /** A list of addresses of rows. */
  allocateList(length: number): { readonly values: Int32Array; readonly address: number };
  /** target += Σ (constant + factor · (x·y)) · y over a list of rows y. */
  accumulate(list: number, length: number, x: number, target: number, factor: number, constant: number): void;
  /** target = matrix · x, of a matrix of `stride` rows. */
  multiply(matrix: number, x: number, target: number): void;
}

interface Exports {
  accumulate(
    list: number,
    listEnd: number,
    x: number,
    xEnd: number,
    target: number,
    factor: number,
    constant: number,
  ): void;
  multiply(matrix: number, x: number, xEnd: number, target: number, targetEnd: number, rowBytes: number): void;
}

const TURN = 4;
const DOUBLE = 8;
const VECTOR = 16;
/** As far as a signed address reaches. */
const MOST_BYTES = 2 ** 31;

const forward = (address: number, bytes: number): Code => set(address, i32.add(get(address), i32.of(bytes)));
const zero: Code = i32x4.of(0);
/** Both halves become their sum. */
const total = (vector: Code, again: Code): Code => f64x2.add(f64x2.lows(vector, again), f64x2.highs(vector, again));
const addProduct = (sum: number, a: Code, b: Code): Code => set(sum, f64x2.add(get(sum), f64x2.mul(a, b)));

const accumulate = (() => {
  const [list, listEnd, x, xEnd, target, factor, constant] = [0, 1, 2, 3, 4, 5, 6];
  const [row, atX, atRow, atTarget] = [7, 8, 9, 10];
  const [even, odd, scale] = [11, 12, 13];
  const sum = f64x2.add(get(even), get(odd));
  return {
    parameters: ['i32', 'i32', 'i32', 'i32', 'i32', 'f64', 'f64'],
    locals: ['i32', 'i32', 'i32', 'i32', 'v128', 'v128', 'v128'],
    body: loop(
      [
        set(row, i32x4.lane(i32x4.load(get(list)), 0)),
        set(even, zero),
        set(odd, zero),
        set(atX, get(x)),
        set(atRow, get(row)),
        loop(
          [
            addProduct(even, f64x2.load(get(atX)), f64x2.load(get(atRow))),
            addProduct(odd, f64x2.load(get(atX), VECTOR), f64x2.load(get(atRow), VECTOR)),
            forward(atX, TURN * DOUBLE),
            forward(atRow, TURN * DOUBLE),
          ],
          i32.less(get(atX), get(xEnd)),
        ),
        set(scale, f64x2.add(f64x2.splat(get(constant)), f64x2.mul(f64x2.splat(get(factor)), total(sum, sum)))),
        set(atX, get(x)),
        set(atRow, get(row)),
        set(atTarget, get(target)),
        loop(
          [
            [0, VECTOR].map((half) => {
              const product = f64x2.mul(get(scale), f64x2.load(get(atRow), half));
              return f64x2.store(get(atTarget), f64x2.add(f64x2.load(get(atTarget), half), product), half);
            }),
            forward(atX, TURN * DOUBLE),
            forward(atRow, TURN * DOUBLE),
            forward(atTarget, TURN * DOUBLE),
          ],
          i32.less(get(atX), get(xEnd)),
        ),
        forward(list, 4),
      ],
      i32.less(get(list), get(listEnd)),
    ),
  } as const;
})();

const multiply = (() => {
  const [matrix, x, xEnd, target, targetEnd, rowBytes] = [0, 1, 2, 3, 4, 5];
  const [atX, next] = [6, 7];
  const [first, second] = [8, 9];
  return {
    parameters: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    locals: ['i32', 'i32', 'v128', 'v128'],
    body: loop(
      [
        set(first, zero),
        set(second, zero),
        set(atX, get(x)),
        set(next, i32.add(get(matrix), get(rowBytes))),
        loop(
          [
            [0, VECTOR].map((half) => [
              addProduct(first, f64x2.load(get(atX), half), f64x2.load(get(matrix), half)),
              addProduct(second, f64x2.load(get(atX), half), f64x2.load(get(next), half)),
            ]),
            forward(atX, TURN * DOUBLE),
            forward(matrix, TURN * DOUBLE),
            forward(next, TURN * DOUBLE),
          ],
          i32.less(get(atX), get(xEnd)),
        ),
        // Two rows at a time: the matrix stands at the end of the first, where the second begins.
        set(matrix, get(next)),
        f64x2.store(get(target), f64x2.add(f64x2.lows(get(first), get(second)), f64x2.highs(get(first), get(second)))),
        forward(target, VECTOR),
      ],
      i32.less(get(target), get(targetEnd)),
    ),
  } as const;
})();

const assembled = assemble({ accumulate, multiply });

/**
 * @param width values of a row
 * @param rows that will be allocated, and `listed` entries of lists
 * @throws {ConcordError} BAD_INPUT where they don't fit into 2 GB
 */
export function createRowKernel(width: number, rows: number, listed: number): RowKernel {
  const stride = Math.ceil(width / TURN) * TURN;
  const bytes = stride * DOUBLE;
  // A vector is loaded for each entry of a list: three entries beyond the last are read, and not used.
  const needed = rows * bytes + listed * 4 + VECTOR;
  if (needed >= MOST_BYTES) throw badInput('Users and products are too many for ALS: take fewer factors.');
  const memory = createMemory(needed);
  const exported = instantiate<Exports>(assembled, memory);
  let used = 0;
  const take = (length: number) => {
    const address = used;
    used += length;
    return address;
  };
  return {
    stride,
    allocate(count) {
      const address = take(count * bytes);
      return { values: new Float64Array(memory.buffer, address, count * stride), address };
    },
    allocateList(length) {
      const address = take(length * 4);
      return { values: new Int32Array(memory.buffer, address, length), address };
    },
    accumulate(list, length, x, target, factor, constant) {
      if (length > 0) exported.accumulate(list, list + 4 * length, x, x + bytes, target, factor, constant);
    },
    multiply: (matrix, x, target) => exported.multiply(matrix, x, x + bytes, target, target + bytes, bytes),
  };
}
