import { calibrationError, reliability } from './calibration.js';

/** Figures of a risk model: predicted probabilities against labels of 0 and 1. */

/** Sorted from the largest score to the smallest, with the counts of each run of equal scores. */
interface Steps {
  readonly scores: number[];
  readonly positives: number[];
  readonly negatives: number[];
}

function stepsOf(labels: ArrayLike<number>, scores: ArrayLike<number>): Steps {
  const order = Uint32Array.from({ length: scores.length }, (_, index) => index).sort((a, b) => scores[b] - scores[a]);
  const steps: Steps = { scores: [], positives: [], negatives: [] };
  for (const index of order) {
    let last = steps.scores.length - 1;
    if (last < 0 || steps.scores[last] !== scores[index]) {
      last = steps.scores.push(scores[index]) - 1;
      steps.positives.push(0);
      steps.negatives.push(0);
    }
    if (labels[index] === 1) steps.positives[last]++;
    else steps.negatives[last]++;
  }
  return steps;
}

const total = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

/** Area under the ROC curve, ties counted half; NaN without both classes. */
export function auc(labels: ArrayLike<number>, scores: ArrayLike<number>): number {
  const { positives, negatives } = stepsOf(labels, scores);
  let above = 0;
  let area = 0;
  for (let step = 0; step < positives.length; step++) {
    area += negatives[step] * (above + positives[step] / 2);
    above += positives[step];
  }
  return area / (total(positives) * total(negatives));
}

/** Kolmogorov–Smirnov: the greatest distance between the two classes' distributions of scores; NaN without both classes. */
export function ks(labels: ArrayLike<number>, scores: ArrayLike<number>): number {
  const { positives, negatives } = stepsOf(labels, scores);
  const allPositives = total(positives);
  const allNegatives = total(negatives);
  if (allPositives === 0 || allNegatives === 0) return Number.NaN;
  let truePositives = 0;
  let falsePositives = 0;
  let greatest = 0;
  for (let step = 0; step < positives.length; step++) {
    truePositives += positives[step];
    falsePositives += negatives[step];
    greatest = Math.max(greatest, Math.abs(truePositives / allPositives - falsePositives / allNegatives));
  }
  return greatest;
}

/** Average precision: precision at each threshold weighted by the recall it adds (no interpolation); NaN without positives. */
export function averagePrecision(labels: ArrayLike<number>, scores: ArrayLike<number>): number {
  const { positives, negatives } = stepsOf(labels, scores);
  const all = total(positives);
  let hits = 0;
  let taken = 0;
  let sum = 0;
  for (let step = 0; step < positives.length; step++) {
    hits += positives[step];
    taken += positives[step] + negatives[step];
    sum += (positives[step] / all) * (hits / taken);
  }
  return all === 0 ? Number.NaN : sum;
}

export interface Confusion {
  readonly accuracy: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/** Figures of "predicted where the score is at least the threshold"; 0 where nothing is predicted or nothing is there. */
export function confusion(labels: ArrayLike<number>, scores: ArrayLike<number>, threshold: number): Confusion {
  let hits = 0;
  let predicted = 0;
  let positives = 0;
  for (let index = 0; index < scores.length; index++) {
    const isPredicted = scores[index] >= threshold;
    if (isPredicted) predicted++;
    if (labels[index] === 1) positives++;
    if (isPredicted && labels[index] === 1) hits++;
  }
  const wrong = predicted + positives - 2 * hits;
  return {
    accuracy: 1 - wrong / scores.length,
    precision: predicted ? hits / predicted : 0,
    recall: positives ? hits / positives : 0,
    f1: predicted + positives ? (2 * hits) / (predicted + positives) : 0,
  };
}

/** The score that, taken as threshold, gives the best F1; the highest of several. */
export function bestThreshold(labels: ArrayLike<number>, scores: ArrayLike<number>): number {
  const { scores: thresholds, positives, negatives } = stepsOf(labels, scores);
  const all = total(positives);
  let best = 0.5;
  let bestF1 = -1;
  let hits = 0;
  let predicted = 0;
  for (let step = 0; step < thresholds.length; step++) {
    hits += positives[step];
    predicted += positives[step] + negatives[step];
    const f1 = (2 * hits) / (predicted + all);
    if (f1 > bestF1) {
      bestF1 = f1;
      best = thresholds[step];
    }
  }
  return best;
}

/** Keeps a certain prediction that is wrong from costing infinity. */
export const EPSILON = 1e-12;

/** Mean of −log(probability of what happened). */
export function logLoss(labels: ArrayLike<number>, probabilities: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < probabilities.length; index++) {
    const right = labels[index] === 1 ? probabilities[index] : 1 - probabilities[index];
    sum -= Math.log(Math.max(EPSILON, right));
  }
  return sum / probabilities.length;
}

/** Mean squared distance between probability and label. */
export function brier(labels: ArrayLike<number>, probabilities: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < probabilities.length; index++) sum += (probabilities[index] - labels[index]) ** 2;
  return sum / probabilities.length;
}

/** A figure is left out where it is undefined (one class only). */
export function binaryMetrics(
  labels: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  validation?: { readonly labels: ArrayLike<number>; readonly probabilities: ArrayLike<number> },
): Record<string, number> {
  const area = auc(labels, probabilities);
  const half = confusion(labels, probabilities, 0.5);
  const threshold = validation && bestThreshold(validation.labels, validation.probabilities);
  const figures: Record<string, number> = {
    n: probabilities.length,
    auc: area,
    ...(validation && { val_auc: auc(validation.labels, validation.probabilities) }),
    ks: ks(labels, probabilities),
    gini: 2 * area - 1,
    pr_auc: averagePrecision(labels, probabilities),
    'f1@0.5': half.f1,
    ...(threshold !== undefined && { 'f1@val_best': confusion(labels, probabilities, threshold).f1, threshold }),
    'acc@0.5': half.accuracy,
    precision: half.precision,
    recall: half.recall,
    brier: brier(labels, probabilities),
    ece: calibrationError(reliability(labels, probabilities)),
    logloss: logLoss(labels, probabilities),
  };
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => Number.isFinite(value)));
}
