import { assemble, type Code, createMemory, get, i32, i32x4, instantiate, loop, set } from './assembler.js';

/** What the kernel turns words into draws with. */
export interface Staircase {
  /** log2 of the number of steps, which is also that of the table's columns. */
  readonly stepBits: number;
  /** log2 of the width of a step. */
  readonly widthBits: number;
  /** Of each column, how many of its words stay in it: a multiple of the width of a step, or all but one. */
  readonly threshold: Uint32Array;
  /** Of each column, the step that its other words draw. */
  readonly alias: Uint16Array;
}

export interface StaircaseKernel {
  /** Random words come in here, and draws come out in their places. */
  readonly words: Int32Array;
  /** First places of fours in which a word fell on step 0. */
  readonly open: Int32Array;
  /** Turns words from one place to another into draws; both are multiples of 4. @returns how many fours are open */
  draw(start: number, end: number): number;
}

/** Words at a time. */
const WORDS = 16_384;

/**
 * The inner loop of the discrete Gaussian, in WebAssembly, four words at a time. A word of 32 bits is a column of the alias table (its first
 * bits), the choice between column and alias (the next), and the place on the step (the last). There is no branch in it, so that its time
 * says little of what was drawn.
 */
export function staircaseKernel({ stepBits, widthBits, threshold, alias }: Staircase): StaircaseKernel {
  const columns = 2 ** stepBits;
  const choiceBits = 32 - stepBits - widthBits;
  const tableAt = 4 * WORDS;
  const openAt = tableAt + 4 * columns;
  const memory = createMemory(openAt + WORDS);
  const table = new Uint32Array(memory.buffer, tableAt, columns);
  // Alias and first bits of the threshold of a column, in one word.
  for (let column = 0; column < columns; column++)
    table[column] = alias[column] * 2 ** choiceBits + (threshold[column] >>> widthBits);
  const { draw } = instantiate<{ draw(start: number, end: number): number }>(
    assemble({ draw: source({ stepBits, widthBits, choiceBits, tableAt, openAt }) }),
    memory,
  );
  return {
    words: new Int32Array(memory.buffer, 0, WORDS),
    open: new Int32Array(memory.buffer, openAt, WORDS / 4),
    draw: (start, end) => (start === end ? 0 : draw(4 * start, 4 * end)),
  };
}

interface Layout {
  readonly stepBits: number;
  readonly widthBits: number;
  readonly choiceBits: number;
  readonly tableAt: number;
  readonly openAt: number;
}

function source({ stepBits, widthBits, choiceBits, tableAt, openAt }: Layout) {
  const [address, end, found, words, column, cell, packed, step] = [0, 1, 2, 3, 4, 5, 6, 7];
  const choices = i32x4.of(2 ** choiceBits - 1);
  const width = i32.of(widthBits);
  const half = i32x4.of(2 ** (stepBits - 1));
  const place = i32x4.and(get(words), i32x4.of(2 ** widthBits - 1));
  const choice = i32x4.and(i32x4.shiftRight(get(words), width), choices);
  const stays = i32x4.less(choice, i32x4.and(get(packed), choices));
  const cells = [0, 1, 2, 3].reduce<Code>(
    (loaded, lane) => i32x4.loadLane(loaded, lane, i32x4.lane(get(cell), lane), tableAt),
    get(column),
  );
  const body: Code = [
    set(words, i32x4.load(get(address))),
    set(column, i32x4.shiftRight(get(words), i32.of(32 - stepBits))),
    set(cell, i32x4.shiftLeft(get(column), i32.of(2))),
    set(packed, cells),
    set(step, i32x4.choose(get(column), i32x4.shiftRight(get(packed), i32.of(choiceBits)), stays)),
    i32x4.store(get(address), i32x4.add(i32x4.shiftLeft(i32x4.sub(get(step), half), width), place)),
    // The place is written in any case, and counts where the next one does not overwrite it.
    i32.store(get(found), i32.shiftRight(get(address), i32.of(2)), openAt),
    set(found, i32.add(get(found), i32.shiftLeft(i32.isZero(i32x4.allTrue(get(step))), i32.of(2)))),
    set(address, i32.add(get(address), i32.of(16))),
  ];
  return {
    parameters: ['i32', 'i32'],
    locals: ['i32', 'v128', 'v128', 'v128', 'v128', 'v128'],
    result: 'i32',
    body: [loop(body, i32.less(get(address), get(end))), i32.shiftRight(get(found), i32.of(2))],
  } as const;
}
