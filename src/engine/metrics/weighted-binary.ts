import { EPSILON } from './binary.js';
import type { Figures } from './bootstrap.js';

const NAMES = [
  'auc',
  'ks',
  'gini',
  'pr_auc',
  'f1@0.5',
  'acc@0.5',
  'precision',
  'recall',
  'brier',
  'logloss',
  'f1@val_best',
] as const;

/** Users with their label (0, 1) and the probability of the event. */
export interface LabelledScores {
  readonly labels: ArrayLike<number>;
  readonly probabilities: ArrayLike<number>;
}

/**
 * The figures of a risk model with a weight on each user, for the bootstrap: users are sorted once, and each set of weights is then one
 * pass. With weights of 1 they equal binaryMetrics.
 * @param options.threshold that of f1@val_best; without one that figure is not there
 * @param options.rows which users count; default: all
 */
export function weightedBinary(
  { labels, probabilities }: LabelledScores,
  { threshold, rows }: { readonly threshold?: number; readonly rows?: Int32Array } = {},
): Figures {
  const sorted = (rows ?? Int32Array.from({ length: probabilities.length }, (_, row) => row))
    .slice()
    .sort((a, b) => probabilities[b] - probabilities[a]);
  const label = Uint8Array.from(sorted, (row) => labels[row]);
  const endsRun = Uint8Array.from(sorted, (row, place) =>
    probabilities[row] === probabilities[sorted[place + 1]] ? 0 : 1,
  );
  const square = Float64Array.from(sorted, (row) => (probabilities[row] - labels[row]) ** 2);
  const loss = Float64Array.from(
    sorted,
    (row) => -Math.log(Math.max(EPSILON, labels[row] === 1 ? probabilities[row] : 1 - probabilities[row])),
  );
  /** How many of the sorted users have at least this score. */
  const reaching = (least: number) => sorted.reduce((count, row) => count + (probabilities[row] >= least ? 1 : 0), 0);
  const half = reaching(0.5);
  const chosen = threshold === undefined ? -1 : reaching(threshold);
  const names = threshold === undefined ? NAMES.slice(0, -1) : NAMES;

  return {
    names,
    compute(weights, into) {
      const { abs } = Math;
      let [positives, negatives] = [0, 0];
      for (let place = 0; place < sorted.length; place++) {
        const weight = weights[sorted[place]];
        if (label[place] === 1) positives += weight;
        else negatives += weight;
      }
      let [hits, misses, above, runHits, runMisses] = [0, 0, 0, 0, 0];
      let [area, greatest, precisions, squares, losses] = [0, 0, 0, 0, 0];
      let [halfHits, halfAll, chosenHits, chosenAll] = [0, 0, 0, 0];
      for (let place = 0; place < sorted.length; place++) {
        const weight = weights[sorted[place]];
        if (label[place] === 1) runHits += weight;
        else runMisses += weight;
        squares += weight * square[place];
        losses += weight * loss[place];
        if (endsRun[place] === 1) {
          hits += runHits;
          misses += runMisses;
          area += runMisses * (above + runHits / 2);
          above += runHits;
          if (runHits > 0) precisions += (runHits * hits) / (hits + misses);
          const distance = abs(hits * negatives - misses * positives);
          if (distance > greatest) greatest = distance;
          runHits = 0;
          runMisses = 0;
        }
        if (place + 1 === half) [halfHits, halfAll] = [hits, hits + misses];
        if (place + 1 === chosen) [chosenHits, chosenAll] = [hits, hits + misses];
      }
      const all = positives + negatives;
      const auc = area / (positives * negatives);
      into[0] = auc;
      into[1] = greatest / (positives * negatives);
      into[2] = 2 * auc - 1;
      into[3] = precisions / positives;
      into[4] = f1(halfHits, halfAll, positives);
      into[5] = 1 - (halfAll + positives - 2 * halfHits) / all;
      into[6] = halfAll > 0 ? halfHits / halfAll : 0;
      into[7] = positives > 0 ? halfHits / positives : 0;
      into[8] = squares / all;
      into[9] = losses / all;
      if (chosen >= 0) into[10] = f1(chosenHits, chosenAll, positives);
    },
  };
}

const f1 = (hits: number, predicted: number, positives: number): number =>
  predicted + positives > 0 ? (2 * hits) / (predicted + positives) : 0;
