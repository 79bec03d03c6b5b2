/** How raw scores become what is predicted. identity: they are it already (squared loss, forests). */
export const LINKS = ['logistic', 'softmax', 'identity'] as const;
export type Link = (typeof LINKS)[number];

/** Kinds of node, and where a value that is missing goes. */
export const NODE = { numericRight: 0, numericLeft: 1, categoricalRight: 2, categoricalLeft: 3 } as const;

/** Bits in a word of a set of categories: such a number is exact in a float32, in which it is stored. */
export const WORD = 16;

/**
 * Trees as flat arrays. A row is `width` float32: numbers, indices of categories (≥ 0), NaN = missing. The raw score of a row is base + the sum
 * of the leaves that it falls into.
 */
export interface TreeEnsemble {
  readonly link: Link;
  /** Values of a row. */
  readonly width: number;
  /** Number of categories of each value; 0 = it is a number. */
  readonly categories: Int32Array;
  /** Raw scores of a row. */
  readonly outputs: number;
  /** Values of a leaf. 1: tree t adds to output t % outputs. outputs: each tree adds to all of them. */
  readonly leafWidth: number;
  /** Of each output. */
  readonly base: Float32Array;
  /** Node at which each tree begins; ~leaf (negative) where it is a leaf and nothing more. */
  readonly roots: Int32Array;
  /** Which value of the row a node asks for. */
  readonly feature: Int32Array;
  /** Numeric: at most this goes left. Categorical: 0. */
  readonly threshold: Float32Array;
  /** One of NODE. */
  readonly kind: Uint8Array;
  /** A node that comes later, or ~leaf. */
  readonly left: Int32Array;
  readonly right: Int32Array;
  /** How much each split lowered the training loss, in the builder's unit. */
  readonly gain: Float32Array;
  /** Categorical: where the node's set begins in words; else −1. */
  readonly set: Int32Array;
  /** Categories that go left, WORD of them in each. */
  readonly words: Uint16Array;
  /** leaves × leafWidth. */
  readonly values: Float32Array;
  /** Weight of the training rows in each leaf. */
  readonly cover: Float32Array;
}

const leavesOf = ({ cover }: TreeEnsemble): number => cover.length;
export const wordsFor = (categories: number): number => Math.ceil(categories / WORD);

/** Whether a value goes left at a node. */
export function goesLeft(ensemble: TreeEnsemble, node: number, value: number): boolean {
  const kind = ensemble.kind[node];
  if (Number.isNaN(value)) return kind === NODE.numericLeft || kind === NODE.categoricalLeft;
  if (kind <= NODE.numericLeft) return value <= ensemble.threshold[node];
  return ((ensemble.words[ensemble.set[node] + (value >> 4)] >> (value & (WORD - 1))) & 1) === 1;
}

/** Weight of the training rows that came to each node: the sum of its leaves'. */
export function coverOfNodes({ left, right, cover }: TreeEnsemble): Float64Array {
  const covers = new Float64Array(left.length);
  const of = (child: number) => (child < 0 ? cover[~child] : covers[child]);
  // Children come after their parent.
  for (let node = left.length - 1; node >= 0; node--) covers[node] = of(left[node]) + of(right[node]);
  return covers;
}

/** Sum of the gains of the splits on each value of the row: what the model leans on, over all rows. */
export function importanceOf({ width, feature, gain }: TreeEnsemble): Float64Array {
  const importance = new Float64Array(width);
  for (let node = 0; node < feature.length; node++) importance[feature[node]] += gain[node];
  return importance;
}

/**
 * The mean of several ensembles' raw scores as one ensemble: explanations of it are exact as of each alone.
 * @throws where their shapes differ, which is a mistake of the caller.
 */
export function meanOf(ensembles: readonly TreeEnsemble[]): TreeEnsemble {
  const [first] = ensembles;
  const count = ensembles.length;
  if (count === 1) return first;
  for (const { width, outputs, leafWidth, link } of ensembles) {
    if (width !== first.width || outputs !== first.outputs || leafWidth !== first.leafWidth || link !== first.link)
      throw new Error('Ensembles of different shapes have no mean.');
  }
  const nodes = startsOf(ensembles.map(({ feature }) => feature.length));
  const leaves = startsOf(ensembles.map(leavesOf));
  const words = startsOf(ensembles.map((each) => each.words.length));
  const moved = (of: 'roots' | 'left' | 'right') =>
    Int32Array.from(
      ensembles.flatMap((each, place) =>
        Array.from(each[of], (child) => (child < 0 ? ~(~child + leaves[place]) : child + nodes[place])),
      ),
    );
  const floats = (of: 'threshold' | 'gain' | 'cover', scale = 1) =>
    Float32Array.from(ensembles.flatMap((each) => Array.from(each[of], (value) => value * scale)));
  return {
    ...first,
    base: first.base.map((_, output) => ensembles.reduce((sum, { base }) => sum + base[output] / count, 0)),
    roots: moved('roots'),
    feature: Int32Array.from(ensembles.flatMap(({ feature }) => [...feature])),
    threshold: floats('threshold'),
    kind: Uint8Array.from(ensembles.flatMap(({ kind }) => [...kind])),
    left: moved('left'),
    right: moved('right'),
    gain: floats('gain', 1 / count),
    set: Int32Array.from(
      ensembles.flatMap(({ set }, place) => Array.from(set, (start) => (start < 0 ? -1 : start + words[place]))),
    ),
    words: Uint16Array.from(ensembles.flatMap((each) => [...each.words])),
    values: Float32Array.from(ensembles.flatMap(({ values }) => Array.from(values, (value) => value / count))),
    cover: floats('cover'),
  };
}

function startsOf(lengths: readonly number[]): number[] {
  let start = 0;
  return lengths.map((length) => {
    start += length;
    return start - length;
  });
}
