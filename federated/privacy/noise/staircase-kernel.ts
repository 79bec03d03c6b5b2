import { assemble, type Code, createMemory, get, i32, instantiate, loop, select, set } from './assembler.js';

/** What the kernel turns words into draws with. */
export interface Staircase {
  /** log2 of the number of steps, which is also that of the table's columns. */
  readonly stepBits: number;
  /** log2 of the width of a step. */
  readonly widthBits: number;
  /** The step that stands for what has to be decided. */
  readonly rest: number;
  /** Of each column, how many of its words stay in it: a multiple of the width of a step, or all but one. */
  readonly threshold: Uint32Array;
  /** Of each column, the step that its other words draw. */
  readonly alias: Uint16Array;
}

export interface StaircaseKernel {
  /** Random words come in here, and draws come out in their places. */
  readonly words: Int32Array;
  /** Places of the words that fell on `rest`. */
  readonly undecided: Int32Array;
  /** Turns the first `count` words into draws. @returns how many of them fell on `rest` */
  draw(count: number): number;
}

/** Words at a time. */
const WORDS = 16_384;

/**
 * The inner loop of the discrete Gaussian, in WebAssembly: a third of the time that JavaScript takes. A word of 32 bits is a column of the
 * alias table (its first bits), the choice between column and alias (the next), and the place on the step (the last). There is no branch in it, so that its time says little about what was drawn.
 */
export function staircaseKernel({ stepBits, widthBits, rest, threshold, alias }: Staircase): StaircaseKernel {
  const columns = 2 ** stepBits;
  const choiceBits = 32 - stepBits - widthBits;
  const tableAt = 4 * WORDS;
  const undecidedAt = tableAt + 4 * columns;
  const memory = createMemory(undecidedAt + 4 * WORDS);
  const table = new Uint32Array(memory.buffer, tableAt, columns);
  // Alias and first bits of the threshold of a column, in one word.
  for (let column = 0; column < columns; column++)
    table[column] = alias[column] * 2 ** choiceBits + (threshold[column] >>> widthBits);
  const { draw } = instantiate<{ draw(end: number): number }>(
    assemble({ draw: source({ stepBits, widthBits, choiceBits, rest, tableAt, undecidedAt }) }),
    memory,
  );
  return {
    words: new Int32Array(memory.buffer, 0, WORDS),
    undecided: new Int32Array(memory.buffer, undecidedAt, WORDS),
    draw: (count) => (count === 0 ? 0 : draw(4 * count)),
  };
}

interface Layout {
  readonly stepBits: number;
  readonly widthBits: number;
  readonly choiceBits: number;
  readonly rest: number;
  readonly tableAt: number;
  readonly undecidedAt: number;
}

function source({ stepBits, widthBits, choiceBits, rest, tableAt, undecidedAt }: Layout) {
  const [end, address, found, word, column, packed, choice, step, open] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  const choices = i32.of(2 ** choiceBits - 1);
  const width = i32.of(widthBits);
  const half = i32.of(2 ** (stepBits - 1));
  const place = i32.and(get(word), i32.of(2 ** widthBits - 1));
  const body: Code = [
    set(word, i32.load(get(address))),
    set(column, i32.shiftRight(get(word), i32.of(32 - stepBits))),
    set(packed, i32.load(i32.shiftLeft(get(column), i32.of(2)), tableAt)),
    set(choice, i32.sub(i32.and(i32.shiftRight(get(word), width), choices), i32.and(get(packed), choices))),
    set(step, select(get(column), i32.shiftRight(get(packed), i32.of(choiceBits)), i32.less(get(choice), i32.of(0)))),
    set(open, i32.equal(get(step), i32.of(rest))),
    i32.store(
      get(address),
      select(get(word), i32.add(i32.shiftLeft(i32.sub(get(step), half), width), place), get(open)),
    ),
    // The place is written in any case, and counts where the next one does not overwrite it.
    i32.store(get(found), i32.shiftRight(get(address), i32.of(2)), undecidedAt),
    set(found, i32.add(get(found), i32.shiftLeft(get(open), i32.of(2)))),
    set(address, i32.add(get(address), i32.of(4))),
  ];
  return {
    parameters: ['i32'],
    locals: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    result: 'i32',
    body: [loop(body, i32.less(get(address), get(end))), i32.shiftRight(get(found), i32.of(2))],
  } as const;
}
