import { type BinnedRows, hasMember } from './matrix.js';
import type { Split } from './split.js';

/** One tree over bins, in arrays that are used again for the next one. */
export class GrownTree {
  leaves = 1;
  /** Of the leaves − 1 nodes; the first is the root. A child is a later node, or ~leaf. */
  readonly feature: Int32Array;
  readonly bin: Int32Array;
  readonly missingLeft: Uint8Array;
  readonly gain: Float64Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  /** 256 for each node: 1 for a bin that goes left. For a member of the set: 1 for 0 (lacks it), 0 for 1. */
  readonly goesLeft: Uint8Array;
  /** Rows of each leaf: a range of the order of rows. */
  readonly start: Int32Array;
  readonly end: Int32Array;
  readonly value: Float64Array;
  readonly cover: Float64Array;

  constructor(readonly mostLeaves: number) {
    const nodes = Math.max(1, mostLeaves - 1);
    this.feature = new Int32Array(nodes);
    this.bin = new Int32Array(nodes);
    this.missingLeft = new Uint8Array(nodes);
    this.gain = new Float64Array(nodes);
    this.left = new Int32Array(nodes);
    this.right = new Int32Array(nodes);
    this.goesLeft = new Uint8Array(nodes * 256);
    this.start = new Int32Array(mostLeaves);
    this.end = new Int32Array(mostLeaves);
    this.value = new Float64Array(mostLeaves);
    this.cover = new Float64Array(mostLeaves);
  }

  /** The leaf that a row falls into, by its bins. */
  leafOf(matrix: BinnedRows, row: number): number {
    if (this.leaves === 1) return 0;
    const { feature, goesLeft, left, right } = this;
    const { bins, rows } = matrix;
    const features = matrix.features.length;
    let node = 0;
    do {
      const asked = feature[node];
      const isLeft =
        asked < features
          ? goesLeft[256 * node + bins[asked * rows + row]] === 1
          : !hasMember(matrix, row, asked - features);
      node = isLeft ? left[node] : right[node];
    } while (node >= 0);
    return ~node;
  }
}

/** Makes a split the question of a node. */
export function writeNode(tree: GrownTree, node: number, matrix: BinnedRows, split: Split): void {
  tree.feature[node] = split.feature;
  tree.bin[node] = split.bin;
  tree.gain[node] = split.gain;
  tree.missingLeft[node] = split.missingLeft ? 1 : 0;
  const table = tree.goesLeft.subarray(256 * node, 256 * (node + 1));
  const feature = matrix.features[split.feature];
  if (feature?.kind === 'categorical') {
    table.set(split.leftBins);
    return;
  }
  for (let bin = 0; bin < 256; bin++) table[bin] = bin <= split.bin ? 1 : 0;
  if (feature) table[feature.bins] = split.missingLeft ? 1 : 0;
}

/**
 * Puts the rows that go left before those that go right, each side in its order.
 * @param spare as long as rows
 * @returns where the right side begins
 */
export function partition(
  tree: GrownTree,
  node: number,
  matrix: BinnedRows,
  rows: Int32Array,
  start: number,
  end: number,
  spare: Int32Array,
): number {
  const asked = tree.feature[node];
  let left = start;
  let right = 0;
  if (asked >= matrix.features.length) {
    for (let place = start; place < end; place++) {
      const row = rows[place];
      if (hasMember(matrix, row, asked - matrix.features.length)) spare[right++] = row;
      else rows[left++] = row;
    }
  } else {
    const { bins } = matrix;
    const from = asked * matrix.rows;
    const table = 256 * node;
    const { goesLeft } = tree;
    // Each row is written to both sides and counted on one: a branch would be mispredicted half of the time.
    for (let place = start; place < end; place++) {
      const row = rows[place];
      const isLeft = goesLeft[table + bins[from + row]];
      rows[left] = row;
      spare[right] = row;
      left += isLeft;
      right += 1 - isLeft;
    }
  }
  for (let place = 0; place < right; place++) rows[left + place] = spare[place];
  return left;
}
