import { coverOfNodes, goesLeft, type TreeEnsemble } from './ensemble.js';
import { gaussLegendre, type Quadrature } from './quadrature.js';

/** Raw scores taken apart: the base of an output + the sum of its contributions = its score. */
export interface Contributions {
  /** Mean raw score over the training rows, of each output. */
  readonly base: Float64Array;
  /** outputs × width: one for each value of the row, output after output. */
  readonly contributions: Float64Array;
}

/**
 * Exact Shapley values of raw scores, path-dependent as TreeSHAP's (Lundberg et al. 2020): where a value is not known, both branches count, by the
 * training rows that took them.
 *
 * A leaf is reached with the product over the features on its path of `one` where the feature is known (1 or 0: the row goes there or not) and
 * `zero` where it is not (the share of the training rows). With each feature known with probability t it is Π (zero + t (one − zero)), and the
 * Shapley value of a feature is the integral from 0 to 1 of the derivative by its own t (Owen 1972). That is a polynomial, so a quadrature of half
 * as many points as there are features is exact, and one walk through a tree serves all features: linear in leaves and in depth (as Yu et al. 2022).
 */
export class TreeShap {
  private readonly covers: Float64Array;
  private readonly base: Float64Array;
  private readonly rules: readonly Quadrature[];
  /** Of each value, on the path at hand. */
  private readonly zero: Float64Array;
  private readonly one: Float64Array;
  /** By level, then by point: the product on the path. */
  private readonly products: Float64Array;
  /** By level, then by value of a leaf, then by point: the sum over the leaves below. */
  private readonly sums: Float64Array;
  /** By level, then by point. */
  private readonly turned: Float64Array;
  private readonly slopes: Float64Array;
  private readonly mostPoints: number;

  constructor(private readonly ensemble: TreeEnsemble) {
    const { width, leafWidth } = ensemble;
    const depths = depthsOf(ensemble);
    const deepest = depths.reduce((most, depth) => Math.max(most, depth), 0);
    this.covers = coverOfNodes(ensemble);
    this.base = baseOf(ensemble, this.covers);
    this.rules = Array.from(depths, (depth) => gaussLegendre(Math.max(1, Math.ceil(Math.min(depth, width) / 2))));
    this.mostPoints = this.rules.reduce((most, { at }) => Math.max(most, at.length), 1);
    this.zero = new Float64Array(width).fill(1);
    this.one = new Float64Array(width).fill(1);
    this.products = new Float64Array((deepest + 1) * this.mostPoints);
    this.turned = new Float64Array(this.products.length);
    this.slopes = new Float64Array(this.products.length);
    this.sums = new Float64Array((deepest + 1) * leafWidth * this.mostPoints);
  }

  /** @param row `width` values */
  explain(row: ArrayLike<number>): Contributions {
    const { roots, width, outputs, leafWidth } = this.ensemble;
    const contributions = new Float64Array(outputs * width);
    roots.forEach((root, tree) => {
      if (root < 0) return;
      this.products.fill(1, 0, this.mostPoints);
      this.visit(row, root, 0, this.rules[tree], contributions, leafWidth === 1 ? (tree % outputs) * width : 0);
    });
    return { base: this.base.slice(), contributions };
  }

  /** Puts the sums over the leaves below a child into its level, and what its edges contribute where it belongs. */
  private visit(
    row: ArrayLike<number>,
    child: number,
    level: number,
    rule: Quadrature,
    contributions: Float64Array,
    from: number,
  ): void {
    const { ensemble, products, mostPoints } = this;
    const sums = this.sums;
    const { leafWidth, values } = ensemble;
    const points = rule.at.length;
    const size = leafWidth * mostPoints;
    const mine = level * size;
    const product = level * mostPoints;
    if (child < 0) {
      for (let place = 0; place < leafWidth; place++) {
        const value = values[~child * leafWidth + place];
        for (let point = 0; point < points; point++)
          sums[mine + place * mostPoints + point] = value * rule.weights[point] * products[product + point];
      }
      return;
    }
    const asked = ensemble.feature[child];
    const isLeft = goesLeft(ensemble, child, row[asked]);
    const cover = this.covers[child];
    const oldZero = this.zero[asked];
    const oldOne = this.one[asked];
    const turned = this.turned;
    const slopes = this.slopes;
    sums.fill(0, mine, mine + size);
    // 1 / (zero + t (one − zero)) of the state above; 1 where the feature is new to the path.
    for (let point = 0; point < points; point++)
      turned[product + point] = 1 / (oldZero + rule.at[point] * (oldOne - oldZero));
    for (let side = 0; side < 2; side++) {
      const next = side === 0 ? ensemble.left[child] : ensemble.right[child];
      // A node that no training row came to has no share to go by: both ways alike.
      const share = cover > 0 ? (next < 0 ? ensemble.cover[~next] : this.covers[next]) / cover : 0.5;
      const zero = oldZero * share;
      const one = (side === 0) === isLeft ? oldOne : 0;
      if (zero === 0 && one === 0) continue;
      for (let point = 0; point < points; point++) {
        const factor = zero + rule.at[point] * (one - zero);
        products[product + mostPoints + point] = products[product + point] * factor * turned[product + point];
        // What the feature's new state adds, less what its state above this edge is taken to add for these leaves.
        slopes[product + point] = (one - zero) / factor - (oldOne - oldZero) * turned[product + point];
      }
      this.zero[asked] = zero;
      this.one[asked] = one;
      this.visit(row, next, level + 1, rule, contributions, from);
      for (let place = 0; place < leafWidth; place++) {
        let sum = 0;
        for (let point = 0; point < points; point++) {
          const below = sums[mine + size + place * mostPoints + point];
          sums[mine + place * mostPoints + point] += below;
          sum += below * slopes[product + point];
        }
        contributions[from + place * ensemble.width + asked] += sum;
      }
    }
    this.zero[asked] = oldZero;
    this.one[asked] = oldOne;
  }
}

/** Nodes on the longest path of each tree. */
function depthsOf({ roots, left, right }: TreeEnsemble): Int32Array {
  const below = new Int32Array(left.length);
  const of = (child: number) => (child < 0 ? 0 : below[child]);
  // Children come after their parent.
  for (let node = left.length - 1; node >= 0; node--) below[node] = 1 + Math.max(of(left[node]), of(right[node]));
  return Int32Array.from(roots, of);
}

/** Mean raw scores over the training rows. */
function baseOf(ensemble: TreeEnsemble, covers: Float64Array): Float64Array {
  const { roots, left, right, values, cover, leafWidth, outputs, base } = ensemble;
  const means = new Float64Array(left.length * leafWidth);
  const meanOf = (child: number, place: number) =>
    child < 0 ? values[~child * leafWidth + place] : means[child * leafWidth + place];
  for (let node = left.length - 1; node >= 0; node--) {
    const ofLeft = left[node] < 0 ? cover[~left[node]] : covers[left[node]];
    const share = covers[node] > 0 ? ofLeft / covers[node] : 0.5;
    for (let place = 0; place < leafWidth; place++)
      means[node * leafWidth + place] = share * meanOf(left[node], place) + (1 - share) * meanOf(right[node], place);
  }
  const sums = Float64Array.from(base);
  roots.forEach((root, tree) => {
    for (let place = 0; place < leafWidth; place++)
      sums[leafWidth === 1 ? tree % outputs : place] += meanOf(root, place);
  });
  return sums;
}
