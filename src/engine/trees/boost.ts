import type { Random } from '../layers/random.js';
import type { CurvePoint } from '../training/learning-curve.js';
import { EnsembleBuilder } from './builder.js';
import type { TreeEnsemble } from './ensemble.js';
import { Grower, type GrowSettings } from './grow.js';
import type { BinnedRows } from './matrix.js';
import type { Objective } from './objective.js';
import type { GrownTree } from './tree.js';

export interface BoostSettings extends GrowSettings {
  /** Rounds at most: one tree for each output. */
  readonly rounds: number;
  readonly learningRate: number;
  /** Rounds without a better validation loss before training stops. */
  readonly patience: number;
  /** Share of the rows that a round learns from, drawn anew. */
  readonly rowShare: number;
  /** Share of the features that a tree may ask for, drawn anew. */
  readonly featureShare: number;
}

/** Rows with what is to be learnt from them. */
export interface BoostRows {
  readonly matrix: BinnedRows;
  readonly objective: Objective;
  /** Weight of each row, for the cover of leaves. */
  readonly weights: Float32Array;
}

export interface BoostHooks {
  /** Called before each round. Throws to stop the training. */
  checkpoint?(): void;
  onRound?(figures: { readonly round: number; readonly loss: number; readonly validationLoss?: number }): void;
}

export interface Boosted {
  readonly ensemble: TreeEnsemble;
  /** Of the best round; NaN without validation rows. */
  readonly validationLoss: number;
  readonly rounds: number;
  readonly bestRound: number;
  /** Every tenth round; empty without validation rows. */
  readonly curve: readonly CurvePoint[];
}

/** Rounds after which training loss is computed once, where nobody validates. */
const REPORT = 10;

/**
 * Gradient boosting (Friedman 2001) with second-order leaves and histograms (Chen and Guestrin 2016; Ke et al. 2017): each round fits a tree for
 * each output to the derivatives of the loss. Stops early on validation rows and keeps the best round. Everything random follows from `random`.
 */
export function boost(
  train: BoostRows,
  validation: BoostRows | undefined,
  settings: BoostSettings,
  random: Random,
  { monotone, ...hooks }: BoostHooks & { readonly monotone?: Int8Array } = {},
): Boosted {
  const { matrix, objective } = train;
  const { rows } = matrix;
  const { outputs } = objective;
  const grower = new Grower(matrix, settings, monotone);
  const base = objective.base();
  const builder = new EnsembleBuilder({
    link: objective.link,
    features: matrix.features,
    members: matrix.members,
    outputs,
    leafWidth: 1,
    base,
  });
  const scores = startScores(rows, base);
  const validationScores = validation && startScores(validation.matrix.rows, base);
  const gradients = new Float32Array(rows * outputs);
  const hessians = new Float32Array(rows * outputs);
  const slices = Array.from({ length: outputs }, (_, output) => ({
    scores: scores.subarray(output * rows, (output + 1) * rows),
    gradients: gradients.subarray(output * rows, (output + 1) * rows),
    hessians: hessians.subarray(output * rows, (output + 1) * rows),
  }));
  const order = new Int32Array(rows);
  const isSampled = new Uint8Array(rows).fill(1);
  const isTried = new Uint8Array(matrix.features.length + matrix.members).fill(1);
  let bestRound = 0;
  let best = validation && validationScores ? validation.objective.loss(validationScores) : Number.NaN;
  const curve: CurvePoint[] = [];
  let round = 0;
  while (round < settings.rounds && (!validation || round - bestRound < settings.patience)) {
    hooks.checkpoint?.();
    round++;
    objective.derive(scores, gradients, hessians);
    if (settings.rowShare < 1) sample(isSampled, settings.rowShare, random);
    for (let output = 0; output < outputs; output++) {
      if (settings.featureShare < 1) sample(isTried, settings.featureShare, random);
      const slice = slices[output];
      const count = collect(order, isSampled, slice.hessians);
      const tree = grower.grow({ rows: order, count, ...slice, isTried });
      finish(tree, settings.learningRate, order, train.weights);
      builder.add(tree);
      addToScores(slice.scores, tree, matrix, order, settings.rowShare < 1 ? isSampled : undefined);
      if (validation && validationScores) {
        const { rows } = validation.matrix;
        addToAll(validationScores.subarray(output * rows, (output + 1) * rows), tree, validation.matrix);
      }
    }
    const validationLoss = validation && validationScores ? validation.objective.loss(validationScores) : undefined;
    if (validationLoss !== undefined && validationLoss < best) {
      best = validationLoss;
      bestRound = round;
    }
    if ((validation || hooks.onRound) && (round % REPORT === 0 || round === settings.rounds)) {
      const loss = objective.loss(scores);
      if (validationLoss !== undefined) curve.push({ step: round, loss, validationLoss });
      hooks.onRound?.({ round, loss, ...(validationLoss !== undefined && { validationLoss }) });
    }
  }
  if (!validation) bestRound = round;
  return { ensemble: builder.build(bestRound * outputs), validationLoss: best, rounds: round, bestRound, curve };
}

function startScores(rows: number, base: Float32Array): Float64Array {
  const scores = new Float64Array(rows * base.length);
  base.forEach((score, output) => {
    scores.fill(score, output * rows, (output + 1) * rows);
  });
  return scores;
}

/** Marks this share of the places, at least one. */
function sample(isSampled: Uint8Array, share: number, random: Random): void {
  let wanted = Math.max(1, Math.round(share * isSampled.length));
  for (let place = 0; place < isSampled.length; place++) {
    const taken = random.uniform() * (isSampled.length - place) < wanted ? 1 : 0;
    isSampled[place] = taken;
    wanted -= taken;
  }
}

/** The rows that were drawn and have something to teach; how many they are. */
function collect(order: Int32Array, isSampled: Uint8Array, hessians: Float32Array): number {
  let count = 0;
  for (let row = 0; row < isSampled.length; row++) {
    order[count] = row;
    count += isSampled[row] === 1 && hessians[row] > 0 ? 1 : 0;
  }
  return count;
}

/** Shrinks the leaves, as float32 will store them, and weighs the rows in them. */
function finish(tree: GrownTree, learningRate: number, order: Int32Array, weights: Float32Array): void {
  for (let leaf = 0; leaf < tree.leaves; leaf++) {
    tree.value[leaf] = Math.fround(learningRate * tree.value[leaf]);
    let cover = 0;
    for (let place = tree.start[leaf]; place < tree.end[leaf]; place++) cover += weights[order[place]];
    tree.cover[leaf] = cover;
  }
}

/** Adds a tree to one output's scores: by the leaves' rows, and of the rows that were not drawn by looking. */
function addToScores(
  scores: Float64Array,
  tree: GrownTree,
  matrix: BinnedRows,
  order: Int32Array,
  isSampled?: Uint8Array,
): void {
  for (let leaf = 0; leaf < tree.leaves; leaf++) {
    const value = tree.value[leaf];
    for (let place = tree.start[leaf]; place < tree.end[leaf]; place++) scores[order[place]] += value;
  }
  if (!isSampled) return;
  for (let row = 0; row < matrix.rows; row++)
    if (isSampled[row] === 0) scores[row] += tree.value[tree.leafOf(matrix, row)];
}

function addToAll(scores: Float64Array, tree: GrownTree, matrix: BinnedRows): void {
  for (let row = 0; row < matrix.rows; row++) scores[row] += tree.value[tree.leafOf(matrix, row)];
}
