import {
  assemble,
  type Code,
  createMemory,
  f64x2,
  get,
  i32,
  instantiate,
  loop,
  set,
} from '../../../../federated/privacy/noise/assembler.js';

/** Rows and columns of a tile. */
export const TILE = { rows: 4, columns: 2 } as const;

/** A square matrix of doubles in the memory of a WebAssembly module, and the loop over its products, two doubles at a time. */
export interface TiledMatrix {
  readonly size: number;
  /** Doubles from one row to the next. */
  readonly stride: number;
  /** Row by row, zeros at first. */
  readonly values: Float64Array;
  /**
   * Takes from a tile of 4 × 2 values, at (row, column), the products of 4 rows with 2 rows over the columns from..to:
   * m[row + i, column + j] −= Σ m[left + i, k] · m[right + j, k]. Rows and columns are even, to − from is a multiple of 2 above 0.
   * Three times as fast as the same loop in JavaScript.
   */
  subtract(row: number, column: number, left: number, right: number, from: number, to: number): void;
}

interface Exports {
  tile(target: number, left: number, right: number, stride: number, end: number): void;
}

const [target, left, right, stride, end] = [0, 1, 2, 3, 4];
const FIRST_LOCAL = 5;
const lefts = [left, FIRST_LOCAL, FIRST_LOCAL + 1, FIRST_LOCAL + 2];
const rights = [right, FIRST_LOCAL + 3];
const targets = [target, FIRST_LOCAL + 4, FIRST_LOCAL + 5, FIRST_LOCAL + 6];
const FIRST_VECTOR = FIRST_LOCAL + 7;
const sum = (row: number, column: number) => FIRST_VECTOR + row * TILE.columns + column;
const loaded = (column: number) => FIRST_VECTOR + TILE.rows * TILE.columns + column;
const current = FIRST_VECTOR + TILE.rows * TILE.columns + TILE.columns;
const VECTORS = TILE.rows * TILE.columns + TILE.columns + 1;

const range = (length: number) => Array.from({ length }, (_, index) => index);
const next = (address: number): Code => i32.add(get(address), get(stride));
const follow = (addresses: readonly number[]): Code =>
  addresses.slice(1).map((address, index) => set(address, next(addresses[index])));
/** The sums of the two halves of each of two vectors. */
const halves = (a: Code, b: Code): Code => f64x2.add(f64x2.lows(a, b), f64x2.highs(a, b));

const assembled = assemble({
  tile: {
    parameters: ['i32', 'i32', 'i32', 'i32', 'i32'],
    locals: [
      ...range(FIRST_VECTOR - FIRST_LOCAL).map(() => 'i32' as const),
      ...range(VECTORS).map(() => 'v128' as const),
    ],
    body: [
      follow(lefts),
      follow(rights),
      follow(targets),
      loop(
        [
          rights.map((address, column) => set(loaded(column), f64x2.load(get(address)))),
          lefts.map((address, row) => [
            set(current, f64x2.load(get(address))),
            rights.map((_, column) => {
              const product = f64x2.mul(get(current), get(loaded(column)));
              return set(sum(row, column), f64x2.add(get(sum(row, column)), product));
            }),
          ]),
          [...lefts, ...rights].map((address) => set(address, i32.add(get(address), i32.of(16)))),
        ],
        i32.less(get(left), get(end)),
      ),
      targets.map((address, row) => {
        const total = halves(get(sum(row, 0)), get(sum(row, 1)));
        return f64x2.store(get(address), f64x2.sub(f64x2.load(get(address)), total));
      }),
    ],
  },
});

const DOUBLE = 8;
/** Most rows of a matrix: as far as a signed address (2 GB) reaches. */
export const MOST_ROWS = 16_000;

/** @param size rows and columns, at most MOST_ROWS */
export function createTiledMatrix(size: number): TiledMatrix {
  // An odd number of cache lines a row: rows of a block don't compete for the same places in the cache.
  const lines = Math.ceil(size / 8);
  const rowLength = 8 * (lines + 1 - (lines % 2));
  const memory = createMemory(DOUBLE * size * rowLength);
  const { tile } = instantiate<Exports>(assembled, memory);
  const bytes = rowLength * DOUBLE;
  return {
    size,
    stride: rowLength,
    values: new Float64Array(memory.buffer, 0, size * rowLength),
    subtract(row, column, leftRow, rightRow, from, to) {
      const start = leftRow * bytes + from * DOUBLE;
      tile(row * bytes + column * DOUBLE, start, rightRow * bytes + from * DOUBLE, bytes, start + (to - from) * DOUBLE);
    },
  };
}
