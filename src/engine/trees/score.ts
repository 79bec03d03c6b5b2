import { goesLeft, NODE, type TreeEnsemble } from './ensemble.js';

/** Rows that go through all trees together: as many as stay in the first cache. */
const BLOCK = 64;

/**
 * Trees laid out for scoring: four words a node, side by side. Rows are written with their negatives behind them, which leaves one comparison for
 * every number, missing or not: a row goes to the first child where value ≤ limit, else (NaN too) to the second. Where missing goes left,
 * value > threshold is asked instead, as −value ≤ −(the next number above), for the right child. A node that asks for a category compares with NaN,
 * and its second child says so.
 */
interface Layout {
  /** value, (limit), first child, second child: a place in nodes, ~leaf, or ASKS − node. */
  readonly nodes: Int32Array;
  /** The same memory. */
  readonly limits: Float32Array;
  /** Where each tree begins, in nodes, or ~leaf. */
  readonly roots: Int32Array;
  readonly block: Float32Array;
}

/** Lower than every ~leaf. */
const ASKS = -(2 ** 30);
const WORDS = 4;

const layouts = new WeakMap<TreeEnsemble, Layout>();

const placeOf = (child: number): number => (child < 0 ? child : WORDS * child);

function layoutOf(ensemble: TreeEnsemble): Layout {
  const known = layouts.get(ensemble);
  if (known) return known;
  const { width, kind, feature, threshold, left, right, roots } = ensemble;
  const memory = new ArrayBuffer(4 * WORDS * kind.length);
  const nodes = new Int32Array(memory);
  const limits = new Float32Array(memory);
  for (let node = 0, at = 0; node < kind.length; node++, at += WORDS) {
    const isTurned = kind[node] === NODE.numericLeft;
    const isCategorical = kind[node] > NODE.numericLeft;
    nodes[at] = feature[node] + (isTurned ? width : 0);
    limits[at + 1] = isCategorical ? Number.NaN : isTurned ? -nextAbove(threshold[node]) : threshold[node];
    nodes[at + 2] = placeOf(isTurned ? right[node] : left[node]);
    nodes[at + 3] = isCategorical ? ASKS - node : placeOf(isTurned ? left[node] : right[node]);
  }
  const layout = { nodes, limits, roots: roots.map(placeOf), block: new Float32Array(BLOCK * 2 * width) };
  layouts.set(ensemble, layout);
  return layout;
}

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/** The next float32. */
function nextAbove(value: number): number {
  if (value === 0) return 2 ** -149;
  float[0] = value;
  bits[0] += value > 0 ? 1 : -1;
  return float[0];
}

/**
 * Raw scores of rows. What scoring needs of an ensemble is prepared the first time.
 * @param rows count × width, row after row
 * @param target count × outputs, is overwritten
 */
export function scoreRows(ensemble: TreeEnsemble, rows: Float32Array, count: number, target: Float64Array): void {
  const { width, outputs, base, leafWidth } = ensemble;
  const layout = layoutOf(ensemble);
  const { block, roots } = layout;
  for (let row = 0, at = 0; row < count; row++)
    for (let output = 0; output < outputs; output++) target[at++] = base[output];
  for (let start = 0; start < count; start += BLOCK) {
    const size = Math.min(count - start, BLOCK);
    for (let row = 0, from = start * width, to = 0; row < size; row++, to += width) {
      for (let place = 0; place < width; place++, from++, to++) {
        block[to] = rows[from];
        block[to + width] = -rows[from];
      }
    }
    for (let tree = 0; tree < roots.length; tree++) {
      const to = start * outputs + (leafWidth === 1 ? tree % outputs : 0);
      addTree(ensemble, layout, roots[tree], size, target, to);
    }
  }
}

/** Adds a tree's leaves to the scores of a block of rows, the first of which is at `to`. */
function addTree(
  ensemble: TreeEnsemble,
  { nodes, limits, block }: Layout,
  root: number,
  size: number,
  target: Float64Array,
  to: number,
): void {
  const { width, outputs, values, leafWidth } = ensemble;
  for (let row = 0; row < size; row++) {
    const from = 2 * width * row;
    let node = walk(nodes, limits, block, from, root);
    while (node <= ASKS) node = walk(nodes, limits, block, from, answer(ensemble, ASKS - node, block, from));
    const at = to + outputs * row;
    if (leafWidth === 1) target[at] += values[~node];
    else for (let place = 0; place < leafWidth; place++) target[at + place] += values[~node * leafWidth + place];
  }
}

/** Goes down as long as numbers are asked for. Branches that the processor can guess are faster than a computed place. */
function walk(nodes: Int32Array, limits: Float32Array, block: Float32Array, from: number, start: number): number {
  let node = start;
  while (node >= 0) node = block[from + nodes[node]] <= limits[node + 1] ? nodes[node + 2] : nodes[node + 3];
  return node;
}

function answer(ensemble: TreeEnsemble, node: number, block: Float32Array, from: number): number {
  const isLeft = goesLeft(ensemble, node, block[from + ensemble.feature[node]]);
  return placeOf(isLeft ? ensemble.left[node] : ensemble.right[node]);
}
