import {
  assemble,
  createMemory,
  f64x2,
  get,
  i32,
  i32x4,
  instantiate,
  loop,
  set,
} from '../../../../federated/privacy/noise/assembler.js';

/**
 * The loops over every value of a clipped sum, and of the weights that it moves, in WebAssembly, two values at a time: a fifth of the time
 * that JavaScript takes. All arrays are parts of the kernel's memory, zeros at first.
 */
export interface SumKernel {
  /** The sum, a double each. */
  readonly total: Float64Array;
  /** What is added to it on its grid. */
  readonly noise: Int32Array;
  /** total ← total + part. */
  add(part: Float32Array): void;
  /** total ← (total · toGrid, to the nearest whole number, + noise) · fromGrid, and noise ← 0, so that none is used twice. */
  release(toGrid: number, fromGrid: number): void;
  readonly weights: Float32Array;
  /**
   * velocity ← momentum · velocity + scale · total, weights ← weights − rate · velocity, in doubles, and total ← 0 for the next sum. The
   * velocity starts at 0.
   */
  descend(step: DescentStep): void;
}

export interface DescentStep {
  readonly momentum: number;
  readonly scale: number;
  readonly rate: number;
}

interface Exports {
  add(end: number, total: number, part: number): void;
  release(end: number, total: number, noise: number, toGrid: number, fromGrid: number): void;
  descend(
    end: number,
    total: number,
    velocity: number,
    weights: number,
    momentum: number,
    scale: number,
    rate: number,
  ): void;
}

/** Values of a part that are copied into the module's memory at a time. */
const CHUNK = 16_384;

const [end, total] = [0, 1];
const forward = (address: number, bytes: number) => set(address, i32.add(get(address), i32.of(bytes)));
/** Four values a turn. */
const untilEnd = i32.less(get(total), get(end));

const loops = assemble({
  add: {
    parameters: ['i32', 'i32', 'i32'],
    locals: [],
    body: loop(
      [
        [0, 1].map((half) => {
          const sum = f64x2.add(f64x2.load(get(total), 16 * half), f64x2.fromFloats(get(2), 8 * half));
          return f64x2.store(get(total), sum, 16 * half);
        }),
        forward(total, 32),
        forward(2, 16),
      ],
      untilEnd,
    ),
  },
  release: {
    parameters: ['i32', 'i32', 'i32', 'f64', 'f64'],
    locals: [],
    body: loop(
      [
        [0, 1].map((half) => {
          const onGrid = f64x2.nearest(f64x2.mul(f64x2.load(get(total), 16 * half), f64x2.splat(get(3))));
          const noisy = f64x2.add(onGrid, f64x2.fromIntegers(get(2), 8 * half));
          return f64x2.store(get(total), f64x2.mul(noisy, f64x2.splat(get(4))), 16 * half);
        }),
        i32x4.store(get(2), i32x4.of(0)),
        forward(total, 32),
        forward(2, 16),
      ],
      untilEnd,
    ),
  },
  descend: {
    parameters: ['i32', 'i32', 'i32', 'i32', 'f64', 'f64', 'f64'],
    locals: ['v128', 'v128'],
    body: loop(
      [
        [0, 1].map((half) => {
          const kept = f64x2.mul(f64x2.load(get(2), 16 * half), f64x2.splat(get(4)));
          const gained = f64x2.mul(f64x2.load(get(total), 16 * half), f64x2.splat(get(5)));
          const velocity = 7 + half;
          const moved = f64x2.sub(f64x2.fromFloats(get(3), 8 * half), f64x2.mul(get(velocity), f64x2.splat(get(6))));
          return [
            set(velocity, f64x2.add(kept, gained)),
            f64x2.store(get(2), get(velocity), 16 * half),
            i32x4.store(get(total), i32x4.of(0), 16 * half),
            set(velocity, f64x2.toFloats(moved)),
          ];
        }),
        f64x2.store(get(3), f64x2.lows(get(7), get(8))),
        forward(total, 32),
        forward(2, 32),
        forward(3, 16),
      ],
      untilEnd,
    ),
  },
});

/** @param values length of the sum; the memory holds 24 bytes for each */
export function sumKernel(values: number): SumKernel {
  // In whole turns, so that a loop may go beyond the last value.
  const whole = 4 * Math.ceil(Math.max(1, values) / 4);
  const velocityAt = 8 * whole;
  const noiseAt = 16 * whole;
  const weightsAt = 20 * whole;
  const partAt = 24 * whole;
  const memory = createMemory(partAt + 4 * CHUNK);
  const { add, release, descend } = instantiate<Exports>(loops, memory);
  const staged = new Float32Array(memory.buffer, partAt, CHUNK);
  return {
    total: new Float64Array(memory.buffer, 0, values),
    noise: new Int32Array(memory.buffer, noiseAt, values),
    add(part) {
      for (let start = 0; start < values; start += CHUNK) {
        const piece = part.subarray(start, start + CHUNK);
        staged.set(piece);
        add(8 * (start + piece.length), 8 * start, partAt);
      }
    },
    release: (toGrid, fromGrid) => release(8 * values, 0, noiseAt, toGrid, fromGrid),
    weights: new Float32Array(memory.buffer, weightsAt, values),
    descend: ({ momentum, scale, rate }) => descend(8 * values, 0, velocityAt, weightsAt, momentum, scale, rate),
  };
}
