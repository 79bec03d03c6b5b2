import type { Random } from '../layers/random.js';
import { EnsembleBuilder } from './builder.js';
import type { TreeEnsemble } from './ensemble.js';
import { ForestGrower, type ForestGrowSettings, type ForestTargets } from './forest-grower.js';
import type { BinnedRows } from './matrix.js';
import type { GrownTree } from './tree.js';

export interface ForestSettings extends ForestGrowSettings {
  readonly trees: number;
  /** Groups that a tree draws with replacement, as a share of all. */
  readonly rowShare: number;
  /** Weight of the mean over all rows in each leaf, in rows: no probability is 0. */
  readonly smoothing: number;
}

export interface ForestRows {
  readonly matrix: BinnedRows;
  readonly targets: ForestTargets;
  readonly weights: Float32Array;
  /** Rows of one group (a user) are drawn together; absent: each row is one. From 0 on, without gaps. */
  readonly groups?: Int32Array;
}

export interface ForestHooks {
  /** Called before each tree. Throws to stop the training. */
  checkpoint?(): void;
  onTree?(trees: number): void;
}

export interface Forest {
  /** Raw scores are the means of the leaves: probabilities, or the expected number. */
  readonly ensemble: TreeEnsemble;
  /** rows × outputs: the mean over the trees that have not drawn a row, its honest prediction; NaN where all have. */
  readonly outOfBag: Float64Array;
}

/**
 * A random forest (Breiman 2001): trees on bootstrap samples, their leaves' shares of classes averaged. Everything random follows from `random`, a
 * stream of its own for each tree.
 */
export function growForest(
  train: ForestRows,
  settings: ForestSettings,
  random: Random,
  hooks: ForestHooks = {},
): Forest {
  const { matrix, targets, weights, groups } = train;
  const { rows } = matrix;
  const outputs = targets.classes;
  const grower = new ForestGrower(matrix, targets, settings);
  const builder = new EnsembleBuilder({
    link: 'identity',
    features: matrix.features,
    members: matrix.members,
    outputs,
    leafWidth: outputs,
    base: new Float32Array(outputs),
  });
  const prior = new Float64Array(outputs);
  addTargets(prior, 0, targets, weights, Int32Array.from(weights.keys()), 0, rows);
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  const outOfBag = new Float64Array(rows * outputs);
  const seenBy = new Int32Array(rows);
  const draws = new Int32Array(groups ? groups.reduce((most, group) => Math.max(most, group + 1), 0) : rows);
  const drawn = new Float32Array(rows);
  const order = new Int32Array(rows);
  for (let tree = 0; tree < settings.trees; tree++) {
    hooks.checkpoint?.();
    const own = random.fork(`tree ${tree}`);
    draws.fill(0);
    const wanted = Math.max(1, Math.round(draws.length * settings.rowShare));
    for (let draw = 0; draw < wanted; draw++) draws[own.below(draws.length)]++;
    let count = 0;
    for (let row = 0; row < rows; row++) {
      drawn[row] = weights[row] * draws[groups ? groups[row] : row];
      if (drawn[row] > 0) order[count++] = row;
    }
    if (count === 0) order[count++] = own.below(rows);
    const grown = grower.grow(order, count, drawn, own);
    const values = leafMeans(grown, targets, drawn, order, prior, all, settings.smoothing);
    for (let row = 0; row < rows; row++) {
      if (drawn[row] > 0) continue;
      seenBy[row]++;
      const leaf = grown.leafOf(matrix, row);
      for (let output = 0; output < outputs; output++)
        outOfBag[row * outputs + output] += values[leaf * outputs + output];
    }
    builder.add(
      grown,
      values.map((value) => value / settings.trees),
    );
    hooks.onTree?.(tree + 1);
  }
  for (let place = 0; place < outOfBag.length; place++) outOfBag[place] /= seenBy[Math.floor(place / outputs)];
  return { ensemble: builder.build(), outOfBag };
}

/** Mean target of each leaf (shares of the classes), and its cover. */
function leafMeans(
  tree: GrownTree,
  targets: ForestTargets,
  weights: Float32Array,
  order: Int32Array,
  prior: Float64Array,
  priorWeight: number,
  smoothing: number,
): Float64Array {
  const outputs = targets.classes;
  const values = new Float64Array(tree.leaves * outputs);
  for (let leaf = 0; leaf < tree.leaves; leaf++) {
    const from = leaf * outputs;
    const weight = addTargets(values, from, targets, weights, order, tree.start[leaf], tree.end[leaf]);
    tree.cover[leaf] = weight;
    for (let output = 0; output < outputs; output++)
      values[from + output] =
        (values[from + output] + (smoothing * prior[output]) / priorWeight) / (weight + smoothing);
  }
  return values;
}

/** Adds the weighted targets of some rows up. @returns the sum of their weights */
function addTargets(
  sums: Float64Array,
  from: number,
  { values, classes }: ForestTargets,
  weights: Float32Array,
  order: Int32Array,
  start: number,
  end: number,
): number {
  let weight = 0;
  for (let place = start; place < end; place++) {
    const row = order[place];
    weight += weights[row];
    if (classes > 1) sums[from + values[row]] += weights[row];
    else sums[from] += weights[row] * values[row];
  }
  return weight;
}
