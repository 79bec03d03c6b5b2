import type { Random } from '../layers/random.js';
import { addFeature, addMembers, type HistogramLayout, layoutOf, type OrderedRows, STRIDE } from './histogram.js';
import type { BinnedRows } from './matrix.js';
import { leafScore, Split, SplitFinder } from './split.js';
import { GrownTree, partition, writeNode } from './tree.js';

export interface ForestGrowSettings {
  readonly maxLeaves: number;
  readonly maxDepth: number;
  /** Rows in a leaf, at least. */
  readonly minRows: number;
  /** Features that a node chooses from, drawn anew for each. */
  readonly featuresTried: number;
  /** Cuts are drawn rather than searched (extremely randomised trees, Geurts et al. 2006). */
  readonly extra: boolean;
}

/** What is to be told apart: a number of each row, or one of several classes. */
export interface ForestTargets {
  /** The number, or the class. */
  readonly values: Float32Array;
  /** 1 = numbers. */
  readonly classes: number;
}

/**
 * Grows a tree level by level, each node choosing from a few features (Breiman 2001). The impurity is the variance of the target, which for 0 and 1
 * is Gini's. With several classes each node gives each class a random number and lowers their variance: the expected gain of every split is then that
 * of Gini's impurity over all classes (Joly et al. 2014), and a node costs the same for any number of them.
 */
export class ForestGrower {
  private readonly tree: GrownTree;
  private readonly layout: HistogramLayout;
  private readonly finder: SplitFinder;
  private readonly histogram: Float64Array;
  private readonly gradients: Float32Array;
  private readonly hessians: Float32Array;
  private readonly spare: Int32Array;
  private readonly split = new Split();
  private readonly sums = { gradient: 0, hessian: 0, rows: 0, lowest: -Infinity, highest: Infinity };
  private readonly numbers: Float64Array;
  private readonly features: Int32Array;
  /** Bins on the left of a cut that was drawn. */
  private readonly drawn = new Uint8Array(256);
  private readonly depth: Int32Array;
  private readonly parent: Int32Array;

  constructor(
    private readonly matrix: BinnedRows,
    private readonly targets: ForestTargets,
    private readonly settings: ForestGrowSettings,
  ) {
    const { rows } = matrix;
    const leaves = Math.max(1, Math.min(settings.maxLeaves, Math.floor(rows / settings.minRows)));
    this.tree = new GrownTree(leaves);
    this.layout = layoutOf(matrix);
    const rules = { minRows: settings.minRows, minWeight: 1e-9, l1: 0, l2: 0, minGain: 1e-12 };
    const byCategory = { categorySmoothing: 1e-3, categoryL2: 0, categoryRows: 1 };
    this.finder = new SplitFinder(matrix.features, this.layout, { ...rules, ...byCategory });
    this.histogram = new Float64Array(this.layout.size);
    this.gradients = new Float32Array(rows);
    this.hessians = new Float32Array(rows);
    this.spare = new Int32Array(rows);
    this.numbers = new Float64Array(targets.classes);
    this.features = Int32Array.from({ length: matrix.features.length + matrix.members }, (_, feature) => feature);
    this.depth = new Int32Array(leaves);
    this.parent = new Int32Array(leaves);
  }

  /**
   * @param order row numbers, `count` of them; put into the order of the leaves
   * @param weights of every row of the matrix
   * @returns a tree without values, valid until the next call
   */
  grow(order: Int32Array, count: number, weights: Float32Array, random: Random): GrownTree {
    const tree = this.tree;
    const { depth } = this;
    const parent = this.parent;
    tree.leaves = 1;
    tree.start[0] = 0;
    tree.end[0] = count;
    // Leaves that may be split, the oldest first. One that is has its left child put in its place, at the end.
    const open = [0];
    parent[0] = -1;
    depth[0] = 0;
    for (let next = 0; next < open.length && tree.leaves < tree.mostLeaves; next++) {
      const leaf = open[next];
      if (!this.findSplit(order, leaf, weights, random)) continue;
      const node = tree.leaves - 1;
      const other = tree.leaves++;
      writeNode(tree, node, this.matrix, this.split);
      const above = parent[leaf];
      if (above >= 0) (tree.left[above] === ~leaf ? tree.left : tree.right)[above] = node;
      const middle = partition(tree, node, this.matrix, order, tree.start[leaf], tree.end[leaf], this.spare);
      tree.start[other] = middle;
      tree.end[other] = tree.end[leaf];
      tree.end[leaf] = middle;
      tree.left[node] = ~leaf;
      tree.right[node] = ~other;
      parent[leaf] = parent[other] = node;
      depth[other] = ++depth[leaf];
      open.push(leaf, other);
    }
    return tree;
  }

  private findSplit(order: Int32Array, leaf: number, weights: Float32Array, random: Random): boolean {
    const { settings, tree, split, features } = this;
    const sums = this.sums;
    const start = tree.start[leaf];
    const end = tree.end[leaf];
    split.clear();
    if (end - start < 2 * settings.minRows || this.depth[leaf] >= settings.maxDepth) return false;
    if (!this.gather(order, start, end, weights, random)) return false;
    const ordered = { rows: order, start, end, gradients: this.gradients, hessians: this.hessians };
    let tried = 0;
    let hasMembers = false;
    for (let place = 0; place < features.length && tried < settings.featuresTried; place++) {
      const other = place + random.below(features.length - place);
      const feature = features[other];
      features[other] = features[place];
      features[place] = feature;
      const member = feature - this.matrix.features.length;
      if (member < 0) {
        if (this.tryFeature(ordered, feature, random)) tried++;
        continue;
      }
      if (!hasMembers) addMembers(this.histogram, this.layout.setStart, this.matrix, ordered);
      hasMembers = true;
      const having = this.histogram[this.layout.setStart + STRIDE * member + 2];
      if (having === 0 || having === sums.rows) continue;
      this.finder.tryMember(this.histogram, sums, member, split);
      tried++;
    }
    if (hasMembers) this.histogram.fill(0, this.layout.setStart);
    return split.feature >= 0;
  }

  /** Puts a leaf's rows beside each other. @returns whether there is anything to tell apart */
  private gather(order: Int32Array, start: number, end: number, weights: Float32Array, random: Random): boolean {
    const { gradients, hessians, sums } = this;
    const numbers = this.numbers;
    const { values, classes } = this.targets;
    if (classes > 1) for (let each = 0; each < classes; each++) numbers[each] = random.normal();
    let gradient = 0;
    let hessian = 0;
    let isMixed = false;
    const first = values[order[start]];
    for (let place = start, ordered = 0; place < end; place++, ordered++) {
      const row = order[place];
      const value = values[row];
      if (value !== first) isMixed = true;
      hessians[ordered] = weights[row];
      gradients[ordered] = weights[row] * (classes > 1 ? numbers[value] : value);
      gradient += gradients[ordered];
      hessian += hessians[ordered];
    }
    sums.gradient = gradient;
    sums.hessian = hessian;
    sums.rows = end - start;
    return isMixed;
  }

  /** @returns false where all rows of the leaf are in one bin */
  private tryFeature(ordered: OrderedRows, feature: number, random: Random): boolean {
    const { matrix, histogram, layout, sums } = this;
    const start = layout.starts[feature];
    const end = start + STRIDE * (matrix.features[feature].bins + 1);
    addFeature(histogram, start, matrix.bins, feature * matrix.rows, ordered);
    let first = start;
    while (histogram[first + 2] === 0) first += STRIDE;
    const varies = histogram[first + 2] < sums.rows;
    if (varies && this.settings.extra) this.tryDrawn(feature, random);
    else if (varies) this.finder.tryFeature(histogram, sums, feature, this.split);
    histogram.fill(0, start, end);
    return varies;
  }

  /** Numbers: a cut drawn between the least and the greatest bin. Categories, and what is missing: a side drawn for each. */
  private tryDrawn(feature: number, random: Random): void {
    const { histogram, layout, matrix, sums, split, settings } = this;
    const { bins, kind } = matrix.features[feature];
    const start = layout.starts[feature];
    let low = 0;
    while (low < bins && histogram[start + STRIDE * low + 2] === 0) low++;
    let high = bins - 1;
    while (high > low && histogram[start + STRIDE * high + 2] === 0) high--;
    const cut = low + random.below(Math.max(1, high - low));
    let gradient = 0;
    let hessian = 0;
    let rows = 0;
    const drawn = this.drawn;
    for (let bin = 0, at = start; bin <= bins; bin++, at += STRIDE) {
      drawn[bin] = bin === bins || kind === 'categorical' ? random.below(2) : bin <= cut ? 1 : 0;
      if (drawn[bin] === 0) continue;
      gradient += histogram[at];
      hessian += histogram[at + 1];
      rows += histogram[at + 2];
    }
    if (rows < settings.minRows || sums.rows - rows < settings.minRows) return;
    const gain =
      leafScore(gradient, hessian, 0, 0) +
      leafScore(sums.gradient - gradient, sums.hessian - hessian, 0, 0) -
      leafScore(sums.gradient, sums.hessian, 0, 0);
    if (gain <= Math.max(0, split.gain)) return;
    split.gain = gain;
    split.feature = feature;
    split.bin = cut;
    split.rows = rows;
    split.leftBins.set(drawn);
    split.missingLeft = histogram[start + STRIDE * bins + 2] > 0 ? drawn[bins] === 1 : 2 * rows > sums.rows;
    if (kind === 'categorical') split.leftBins[bins] = split.missingLeft ? 1 : 0;
  }
}
