import type { FeatureBins } from './bins.js';
import { type HistogramLayout, STRIDE } from './histogram.js';

/** What decides whether and where a leaf is split. */
export interface SplitRules {
  /** Rows on each side, at least. */
  readonly minRows: number;
  /** Sum of hessians on each side, at least; above 0. */
  readonly minWeight: number;
  readonly l1: number;
  readonly l2: number;
  /** Gain, at least. */
  readonly minGain: number;
  /** Added to the hessian of a category when categories are put in order. */
  readonly categorySmoothing: number;
  /** L2 that splits by categories bear in addition: they have more freedom than those by a threshold. */
  readonly categoryL2: number;
  /** A category of fewer rows in the leaf is not put in order; it goes with the rest. */
  readonly categoryRows: number;
}

/** Sums of a leaf, and the range in which monotone constraints leave its value. */
export interface LeafSums {
  readonly gradient: number;
  readonly hessian: number;
  readonly rows: number;
  readonly lowest: number;
  readonly highest: number;
}

/** The best split of a leaf so far. One object a leaf, used again and again. */
export class Split {
  gain = Number.NEGATIVE_INFINITY;
  /** Feature, or number of features + member of the set. */
  feature = -1;
  /** Numeric: the last bin that goes left. */
  bin = -1;
  missingLeft = false;
  /** Sums of the left side. */
  gradient = 0;
  hessian = 0;
  rows = 0;
  /** Categorical: 1 for each bin that goes left. */
  readonly leftBins = new Uint8Array(256);

  clear(): void {
    this.gain = Number.NEGATIVE_INFINITY;
    this.feature = -1;
  }
}

/** Most bins that are tried one against the rest. */
const ONE_AGAINST_REST = 4;
/** Most categories on the smaller side. */
const MOST_CATEGORIES = 32;

/** Where the low half of a float64 lies among two uint32. */
const LOW = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 0 : 1;

/** −objective of a leaf that may take its best value, times 2: T(G)² / (H + L2), where T shrinks by L1 (soft threshold). */
export function leafScore(gradient: number, hessian: number, l1: number, l2: number): number {
  const size = gradient < 0 ? -gradient : gradient;
  if (size <= l1) return 0;
  const shrunk = size - l1;
  return (shrunk * shrunk) / (hessian + l2);
}

/** The best value of a leaf, within a range. */
export function leafValue(
  gradient: number,
  hessian: number,
  { l1, l2 }: Pick<SplitRules, 'l1' | 'l2'>,
  lowest = Number.NEGATIVE_INFINITY,
  highest = Number.POSITIVE_INFINITY,
): number {
  const shrunk = gradient > l1 ? gradient - l1 : gradient < -l1 ? gradient + l1 : 0;
  const value = hessian + l2 > 0 ? -shrunk / (hessian + l2) : 0;
  return Math.min(highest, Math.max(lowest, value));
}

/** The score of a leaf that is given a value: leafScore for the best one. */
function scoreAt(value: number, gradient: number, hessian: number, { l1, l2 }: SplitRules): number {
  return -2 * gradient * value - (hessian + l2) * value * value - 2 * l1 * Math.abs(value);
}

/** Finds splits from histograms. Everything that it needs is allocated once. */
export class SplitFinder {
  private readonly order = new Float64Array(256);
  private readonly orderBits = new Uint32Array(this.order.buffer);
  private readonly isConstrained: boolean;

  /**
   * @param monotone of each feature and member: 1 = the score may only rise with it, −1 = only fall, 0 = free
   */
  constructor(
    private readonly features: readonly FeatureBins[],
    private readonly layout: HistogramLayout,
    private readonly rules: SplitRules,
    private readonly monotone?: Int8Array,
  ) {
    this.isConstrained = monotone?.some((direction) => direction !== 0) ?? false;
  }

  /** Puts the best split by a feature into `split`, where it is better than what is there. */
  tryFeature(histogram: Float64Array, leaf: LeafSums, feature: number, split: Split): void {
    if (this.features[feature].kind === 'categorical') this.tryCategories(histogram, leaf, feature, split);
    else this.tryThresholds(histogram, leaf, feature, split);
  }

  private parentScore(leaf: LeafSums): number {
    const { l1, l2 } = this.rules;
    if (!this.isConstrained) return leafScore(leaf.gradient, leaf.hessian, l1, l2);
    const value = leafValue(leaf.gradient, leaf.hessian, this.rules, leaf.lowest, leaf.highest);
    return scoreAt(value, leaf.gradient, leaf.hessian, this.rules);
  }

  /** Score of both sides, or −∞ where the order of their values breaks a constraint. */
  private constrained(leaf: LeafSums, feature: number, gradient: number, hessian: number): number {
    const { lowest, highest } = leaf;
    const otherGradient = leaf.gradient - gradient;
    const otherHessian = leaf.hessian - hessian;
    const left = leafValue(gradient, hessian, this.rules, lowest, highest);
    const right = leafValue(otherGradient, otherHessian, this.rules, lowest, highest);
    const direction = this.monotone![feature];
    if (direction * (right - left) < 0) return Number.NEGATIVE_INFINITY;
    return scoreAt(left, gradient, hessian, this.rules) + scoreAt(right, otherGradient, otherHessian, this.rules);
  }

  private tryThresholds(histogram: Float64Array, leaf: LeafSums, feature: number, split: Split): void {
    const { minRows, minWeight, l1, l2 } = this.rules;
    const { isConstrained } = this;
    const { bins } = this.features[feature];
    const start = this.layout.starts[feature];
    const missing = start + STRIDE * bins;
    const { gradient: allGradient, hessian: allHessian, rows: allRows } = leaf;
    const hasMissing = histogram[missing + 2] > 0;
    const parent = this.parentScore(leaf);
    let best = Math.max(split.gain, this.rules.minGain);
    for (let pass = 0; pass < (hasMissing ? 2 : 1); pass++) {
      const missingLeft = pass === 1;
      let gradient = missingLeft ? histogram[missing] : 0;
      let hessian = missingLeft ? histogram[missing + 1] : 0;
      let rows = missingLeft ? histogram[missing + 2] : 0;
      // With missing values on the right, everything else may be on the left.
      const cuts = hasMissing && !missingLeft ? bins : bins - 1;
      for (let bin = 0, at = start; bin < cuts; bin++, at += STRIDE) {
        const inBin = histogram[at + 2];
        if (inBin === 0) continue;
        gradient += histogram[at];
        hessian += histogram[at + 1];
        rows += inBin;
        if (rows < minRows || hessian < minWeight) continue;
        if (allRows - rows < minRows || allHessian - hessian < minWeight) break;
        const score = isConstrained
          ? this.constrained(leaf, feature, gradient, hessian)
          : leafScore(gradient, hessian, l1, l2) + leafScore(allGradient - gradient, allHessian - hessian, l1, l2);
        const gain = score - parent;
        if (gain <= best) continue;
        best = gain;
        split.gain = gain;
        split.feature = feature;
        split.bin = bin;
        split.missingLeft = missingLeft;
        split.gradient = gradient;
        split.hessian = hessian;
        split.rows = rows;
      }
    }
    // Where a leaf has no missing values, they go with the many.
    if (split.feature === feature && !hasMissing) split.missingLeft = 2 * split.rows > allRows;
  }

  /** Splits by having a member of the set (right) or not (left). */
  tryMembers(histogram: Float64Array, leaf: LeafSums, count: number, isTried: Uint8Array, split: Split): void {
    for (let member = 0; member < count; member++) if (isTried[member]) this.tryMember(histogram, leaf, member, split);
  }

  tryMember(histogram: Float64Array, leaf: LeafSums, member: number, split: Split): void {
    const { minRows, minWeight, l1, l2, minGain } = this.rules;
    const at = this.layout.setStart + STRIDE * member;
    const gradient = leaf.gradient - histogram[at];
    const hessian = leaf.hessian - histogram[at + 1];
    const rows = leaf.rows - histogram[at + 2];
    if (rows < minRows || hessian < minWeight) return;
    if (histogram[at + 2] < minRows || histogram[at + 1] < minWeight) return;
    const feature = this.features.length + member;
    const score = this.isConstrained
      ? this.constrained(leaf, feature, gradient, hessian)
      : leafScore(gradient, hessian, l1, l2) + leafScore(histogram[at], histogram[at + 1], l1, l2);
    const gain = score - this.parentScore(leaf);
    if (gain <= Math.max(split.gain, minGain)) return;
    split.gain = gain;
    split.feature = feature;
    split.bin = 0;
    split.missingLeft = true;
    split.gradient = gradient;
    split.hessian = hessian;
    split.rows = rows;
  }

  /**
   * Splits by a set of categories; missing is one of them. Few categories: each against the rest. More: in the order of gradient / (hessian +
   * smoothing), in which the best set is a beginning (Fisher 1958); from both ends, so that the smaller side is the one that is named.
   */
  private tryCategories(histogram: Float64Array, leaf: LeafSums, feature: number, split: Split): void {
    const { categorySmoothing, categoryRows } = this.rules;
    const { bins } = this.features[feature];
    const start = this.layout.starts[feature];
    const parent = this.parentScore(leaf);
    let count = 0;
    let present = 0;
    const { order, orderBits } = this;
    for (let bin = 0, at = start; bin <= bins; bin++, at += STRIDE) {
      const rows = histogram[at + 2];
      if (rows > 0) present++;
      if (rows < categoryRows || rows === 0) continue;
      // The last bits of the key are the bin: sorting needs no comparison function, and ties have an order.
      order[count] = histogram[at] / (histogram[at + 1] + categorySmoothing);
      orderBits[2 * count + LOW] = (orderBits[2 * count + LOW] & ~0xff) | bin;
      count++;
    }
    if (present < 2) return;
    if (present <= ONE_AGAINST_REST) {
      for (let place = 0; place < count; place++)
        this.trySequence(histogram, leaf, feature, split, parent, place, 1, place + 1);
      return;
    }
    order.subarray(0, count).sort();
    const most = Math.min(MOST_CATEGORIES, (count + 1) >> 1);
    this.trySequence(histogram, leaf, feature, split, parent, 0, 1, most);
    this.trySequence(histogram, leaf, feature, split, parent, count - 1, -1, count - 1 - most);
  }

  /** Categories from one place of the order on, one more at a time, on the left. */
  private trySequence(
    histogram: Float64Array,
    leaf: LeafSums,
    feature: number,
    split: Split,
    parent: number,
    from: number,
    step: number,
    end: number,
  ): void {
    const { minRows, minWeight, l1, minGain } = this.rules;
    const l2 = this.rules.l2 + this.rules.categoryL2;
    const start = this.layout.starts[feature];
    let gradient = 0;
    let hessian = 0;
    let rows = 0;
    let best = Math.max(split.gain, minGain);
    let last = -1;
    for (let place = from; place !== end; place += step) {
      const at = start + STRIDE * (this.orderBits[2 * place + LOW] & 0xff);
      gradient += histogram[at];
      hessian += histogram[at + 1];
      rows += histogram[at + 2];
      if (rows < minRows || hessian < minWeight) continue;
      if (leaf.rows - rows < minRows || leaf.hessian - hessian < minWeight) break;
      const score = this.isConstrained
        ? this.constrained(leaf, feature, gradient, hessian)
        : leafScore(gradient, hessian, l1, l2) + leafScore(leaf.gradient - gradient, leaf.hessian - hessian, l1, l2);
      const gain = score - parent;
      if (gain <= best) continue;
      best = gain;
      last = place;
      split.gain = gain;
      split.feature = feature;
      split.gradient = gradient;
      split.hessian = hessian;
      split.rows = rows;
    }
    if (last >= 0) this.nameBins(histogram, leaf, feature, split, from, step, last + step);
  }

  private nameBins(
    histogram: Float64Array,
    leaf: LeafSums,
    feature: number,
    split: Split,
    from: number,
    step: number,
    end: number,
  ): void {
    const { bins } = this.features[feature];
    const start = this.layout.starts[feature];
    // Categories that the leaf has never seen go with the many.
    const unseen = 2 * split.rows > leaf.rows ? 1 : 0;
    for (let bin = 0; bin <= bins; bin++) split.leftBins[bin] = histogram[start + STRIDE * bin + 2] > 0 ? 0 : unseen;
    for (let place = from; place !== end; place += step) split.leftBins[this.orderBits[2 * place + LOW] & 0xff] = 1;
    split.bin = -1;
    split.missingLeft = split.leftBins[bins] === 1;
  }
}
