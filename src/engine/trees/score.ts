import { goesLeft, NODE, type TreeEnsemble } from './ensemble.js';

/** Rows that go through all trees together: as many as stay in the first cache. */
const BLOCK = 64;

/**
 * Trees laid out for scoring: one comparison a node, no case for missing values. A row goes to the first child where scale · value ≤ limit, else
 * (NaN too) to the second. Where missing goes left, value > threshold is asked instead, as −value ≤ −(the next number above), for the right child.
 */
interface Layout {
  /** 1 or −1; 0 = the node asks for a category. */
  readonly scale: Float32Array;
  readonly limit: Float32Array;
  /** Two for each node. */
  readonly children: Int32Array;
}

const layouts = new WeakMap<TreeEnsemble, Layout>();

function layoutOf(ensemble: TreeEnsemble): Layout {
  const known = layouts.get(ensemble);
  if (known) return known;
  const { kind, threshold, left, right } = ensemble;
  const nodes = kind.length;
  const layout = {
    scale: new Float32Array(nodes),
    limit: new Float32Array(nodes),
    children: new Int32Array(2 * nodes),
  };
  for (let node = 0; node < nodes; node++) {
    const isTurned = kind[node] === NODE.numericLeft;
    if (kind[node] <= NODE.numericLeft) layout.scale[node] = isTurned ? -1 : 1;
    layout.limit[node] = isTurned ? -nextAbove(threshold[node]) : threshold[node];
    layout.children[2 * node] = isTurned ? right[node] : left[node];
    layout.children[2 * node + 1] = isTurned ? left[node] : right[node];
  }
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
  const { outputs, base, roots, leafWidth } = ensemble;
  const layout = layoutOf(ensemble);
  for (let row = 0; row < count; row++) target.set(base, row * outputs);
  for (let start = 0; start < count; start += BLOCK) {
    const end = Math.min(count, start + BLOCK);
    for (let tree = 0; tree < roots.length; tree++) {
      if (leafWidth === 1) addTree(ensemble, layout, roots[tree], rows, start, end, target, tree % outputs);
      else addVectors(ensemble, layout, roots[tree], rows, start, end, target);
    }
  }
}

function addTree(
  ensemble: TreeEnsemble,
  { scale, limit, children }: Layout,
  root: number,
  rows: Float32Array,
  start: number,
  end: number,
  target: Float64Array,
  output: number,
): void {
  const { width, outputs, values, feature } = ensemble;
  for (let row = start; row < end; row++) {
    const from = row * width;
    let node = root;
    while (node >= 0) {
      const value = rows[from + feature[node]];
      const sign = scale[node];
      if (sign !== 0) node = children[2 * node + (sign * value <= limit[node] ? 0 : 1)];
      else node = children[2 * node + (goesLeft(ensemble, node, value) ? 0 : 1)];
    }
    target[row * outputs + output] += values[~node];
  }
}

function addVectors(
  ensemble: TreeEnsemble,
  { scale, limit, children }: Layout,
  root: number,
  rows: Float32Array,
  start: number,
  end: number,
  target: Float64Array,
): void {
  const { width, outputs, values, feature } = ensemble;
  for (let row = start; row < end; row++) {
    const from = row * width;
    let node = root;
    while (node >= 0) {
      const value = rows[from + feature[node]];
      const sign = scale[node];
      if (sign !== 0) node = children[2 * node + (sign * value <= limit[node] ? 0 : 1)];
      else node = children[2 * node + (goesLeft(ensemble, node, value) ? 0 : 1)];
    }
    const leaf = ~node * outputs;
    for (let output = 0; output < outputs; output++) target[row * outputs + output] += values[leaf + output];
  }
}
