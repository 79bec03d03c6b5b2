import { addHistogram, type HistogramLayout, layoutOf, subtract } from './histogram.js';
import type { BinnedRows } from './matrix.js';
import { leafValue, Split, SplitFinder, type SplitRules } from './split.js';
import { GrownTree, partition, writeNode } from './tree.js';

export interface GrowSettings extends SplitRules {
  readonly maxLeaves: number;
  readonly maxDepth: number;
}

/** What a tree is grown on. */
export interface GrowRows {
  /** Row numbers, `count` of them; put into the order of the leaves. */
  readonly rows: Int32Array;
  readonly count: number;
  /** Of every row of the matrix: first and second derivatives of the loss, hessians not negative. */
  readonly gradients: Float32Array;
  readonly hessians: Float32Array;
  /** 1 for each feature, then each member of the set, that may be asked for. */
  readonly isTried: Uint8Array;
}

class Leaf {
  gradient = 0;
  hessian = 0;
  rows = 0;
  lowest = Number.NEGATIVE_INFINITY;
  highest = Number.POSITIVE_INFINITY;
  depth = 0;
  /** Whose left or right child it is; −1 = the root's. */
  parent = -1;
  isLeft = false;
  histogram = 0;
  readonly split = new Split();
}

/**
 * Grows trees leaf by leaf, the one with the greatest gain first (Shi 2007; Ke et al. 2017, LightGBM): histograms of the smaller child are added
 * up, the larger's are what remains of the parent's. Memory is allocated once, for all trees on a matrix.
 */
export class Grower {
  private readonly tree: GrownTree;
  private readonly layout: HistogramLayout;
  private readonly finder: SplitFinder;
  private readonly leaves: Leaf[];
  /** One for each leaf; made when first needed. */
  private readonly histograms: Float64Array[] = [];
  private readonly gradients: Float32Array;
  private readonly hessians: Float32Array;
  private readonly spare: Int32Array;
  private readonly tried: Int32Array;
  private triedCount = 0;

  constructor(
    private readonly matrix: BinnedRows,
    private readonly settings: GrowSettings,
    private readonly monotone?: Int8Array,
  ) {
    this.tree = new GrownTree(settings.maxLeaves);
    this.layout = layoutOf(matrix);
    this.finder = new SplitFinder(matrix.features, this.layout, settings, monotone);
    this.leaves = Array.from({ length: settings.maxLeaves }, () => new Leaf());
    this.gradients = new Float32Array(matrix.rows);
    this.hessians = new Float32Array(matrix.rows);
    this.spare = new Int32Array(matrix.rows);
    this.tried = new Int32Array(matrix.features.length);
  }

  /** A tree whose leaves have the values that lower the loss most. It is valid until the next call. */
  grow(data: GrowRows): GrownTree {
    const { tree, leaves, matrix } = this;
    this.triedCount = 0;
    for (let feature = 0; feature < matrix.features.length; feature++)
      if (data.isTried[feature] && matrix.features[feature].bins > 0) this.tried[this.triedCount++] = feature;
    this.startRoot(data);
    while (tree.leaves < this.settings.maxLeaves) {
      const best = this.bestLeaf();
      if (best < 0) break;
      this.splitLeaf(best, data);
    }
    for (let place = 0; place < tree.leaves; place++) {
      const { gradient, hessian, lowest, highest } = leaves[place];
      tree.value[place] = leafValue(gradient, hessian, this.settings, lowest, highest);
    }
    return tree;
  }

  private startRoot(data: GrowRows): void {
    const root = this.leaves[0];
    let gradient = 0;
    let hessian = 0;
    for (let place = 0; place < data.count; place++) {
      gradient += data.gradients[data.rows[place]];
      hessian += data.hessians[data.rows[place]];
    }
    root.gradient = gradient;
    root.hessian = hessian;
    root.rows = data.count;
    root.lowest = Number.NEGATIVE_INFINITY;
    root.highest = Number.POSITIVE_INFINITY;
    root.depth = 0;
    root.parent = -1;
    root.histogram = 0;
    root.split.clear();
    this.tree.leaves = 1;
    this.tree.start[0] = 0;
    this.tree.end[0] = data.count;
    if (!this.canSplit(root)) return;
    this.fillHistogram(0, data, 0, data.count);
    this.findSplit(root, data);
  }

  private bestLeaf(): number {
    let best = -1;
    let gain = 0;
    for (let leaf = 0; leaf < this.tree.leaves; leaf++) {
      const { split } = this.leaves[leaf];
      if (split.feature < 0 || split.gain <= gain) continue;
      gain = split.gain;
      best = leaf;
    }
    return best;
  }

  private canSplit({ rows, hessian, depth }: Leaf): boolean {
    const { minRows, minWeight, maxDepth } = this.settings;
    return depth < maxDepth && rows >= 2 * minRows && hessian >= 2 * minWeight;
  }

  /** Splits a leaf: its place is taken by the left child, the right one comes last. */
  private splitLeaf(place: number, data: GrowRows): void {
    const { tree, leaves, settings } = this;
    const node = tree.leaves - 1;
    const other = tree.leaves++;
    const left = leaves[place];
    const right = leaves[other];
    writeNode(tree, node, this.matrix, left.split);
    if (left.parent >= 0) (left.isLeft ? tree.left : tree.right)[left.parent] = node;
    const start = tree.start[place];
    const end = tree.end[place];
    const middle = partition(tree, node, this.matrix, data.rows, start, end, this.spare);
    tree.end[place] = middle;
    tree.start[other] = middle;
    tree.end[other] = end;
    tree.left[node] = ~place;
    tree.right[node] = ~other;
    this.divide(left, right, node);
    if (tree.leaves === settings.maxLeaves) return;
    const isLeftSmaller = middle - start <= end - middle;
    const smaller = isLeftSmaller ? left : right;
    const larger = isLeftSmaller ? right : left;
    const parentHistogram = left.histogram;
    if (!this.canSplit(larger) && !this.canSplit(smaller)) return;
    smaller.histogram = other;
    larger.histogram = parentHistogram;
    this.fillHistogram(other, data, isLeftSmaller ? start : middle, isLeftSmaller ? middle : end);
    if (this.canSplit(larger)) {
      subtract(this.histograms[parentHistogram], this.histograms[other]);
      this.findSplit(larger, data);
    }
    if (this.canSplit(smaller)) this.findSplit(smaller, data);
  }

  /** Sums and ranges of two children; `left` was their parent. */
  private divide(left: Leaf, right: Leaf, node: number): void {
    const { split } = left;
    const direction = this.monotone?.[split.feature] ?? 0;
    right.gradient = left.gradient - split.gradient;
    right.hessian = left.hessian - split.hessian;
    right.rows = left.rows - split.rows;
    left.gradient = split.gradient;
    left.hessian = split.hessian;
    left.rows = split.rows;
    right.depth = ++left.depth;
    left.parent = right.parent = node;
    left.isLeft = true;
    right.isLeft = false;
    right.lowest = left.lowest;
    right.highest = left.highest;
    if (direction !== 0) {
      // Neither side may ever pass the middle between the two values.
      const of = ({ gradient, hessian, lowest, highest }: Leaf) =>
        leafValue(gradient, hessian, this.settings, lowest, highest);
      const middle = (of(left) + of(right)) / 2;
      if (direction > 0) left.highest = right.lowest = middle;
      else left.lowest = right.highest = middle;
    }
    left.split.clear();
    right.split.clear();
  }

  private fillHistogram(slot: number, data: GrowRows, start: number, end: number): void {
    if (this.histograms[slot]) this.histograms[slot].fill(0);
    else this.histograms[slot] = new Float64Array(this.layout.size);
    const { gradients, hessians } = this;
    for (let place = start, ordered = 0; place < end; place++, ordered++) {
      gradients[ordered] = data.gradients[data.rows[place]];
      hessians[ordered] = data.hessians[data.rows[place]];
    }
    const ordered = { rows: data.rows, start, end, gradients, hessians };
    addHistogram(this.histograms[slot], this.layout, this.matrix, this.tried, this.triedCount, ordered);
  }

  private findSplit(leaf: Leaf, { isTried }: GrowRows): void {
    const histogram = this.histograms[leaf.histogram];
    const { split } = leaf;
    split.clear();
    for (let place = 0; place < this.triedCount; place++)
      this.finder.tryFeature(histogram, leaf, this.tried[place], split);
    if (this.matrix.members > 0)
      this.finder.tryMembers(
        histogram,
        leaf,
        this.matrix.members,
        isTried.subarray(this.matrix.features.length),
        split,
      );
  }
}
