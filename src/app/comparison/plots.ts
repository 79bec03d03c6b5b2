import type { RankedProducts, ScoredUsers } from '../../engine/evaluation/predictions.js';
import { calibrationError, errorByChance, reliability, wilson } from '../../engine/metrics/calibration.js';
import { gainsCurve, precisionRecallCurve, rocCurve, scoreBands, thinned } from '../../engine/metrics/curves.js';
import type { InterestPlots, PartOfCatalogue, RiskPlots } from './comparison.js';
import type { ProductSummary } from './data-summary.js';

const mean = (values: Uint8Array | Float32Array): number => {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
};

const SCORE_BINS = 20;
/** Users above the last bin's edge are so few that their own bins would show nothing. */
const MOST_SCORES = 0.998;

/** Width of the bins of probabilities, the same for all models, so that their plots can be compared. */
export function scoreWidth(models: readonly ScoredUsers[]): number {
  const high = models.map(({ probabilities }) => {
    const sorted = probabilities.slice().sort();
    return sorted[Math.floor(MOST_SCORES * (sorted.length - 1))] ?? 1;
  });
  const top = Math.max(0.05, ...high);
  return Math.min(1, Math.ceil(top * 20) / 20) / SCORE_BINS;
}

export function riskPlots(test: ScoredUsers, width: number): RiskPlots {
  const bins = reliability(test.labels, test.probabilities);
  return {
    task: 'risk',
    eventRate: mean(test.labels),
    meanProbability: mean(test.probabilities),
    roc: rocCurve(test),
    precisionRecall: precisionRecallCurve(test),
    gains: thinned(gainsCurve(test)),
    bands: scoreBands(test),
    reliability: bins,
    calibrationError: calibrationError(bins),
    calibrationErrorByChance: errorByChance(bins),
    scores: { width, ...scoreCounts(test, width) },
  };
}

function scoreCounts({ labels, probabilities }: ScoredUsers, width: number) {
  const counts = { events: new Array<number>(SCORE_BINS).fill(0), others: new Array<number>(SCORE_BINS).fill(0) };
  probabilities.forEach((probability, user) => {
    const bin = Math.min(SCORE_BINS - 1, Math.floor(probability / width));
    (labels[user] === 1 ? counts.events : counts.others)[bin]++;
  });
  return counts;
}

const MOST_K = 10;

export function interestPlots(test: RankedProducts, products: readonly ProductSummary[]): InterestPlots {
  const first = firstOf(test);
  const bins = reliability(first.hits, first.probabilities);
  const users = test.users.length;
  return {
    task: 'interest',
    recallAt: Array.from({ length: Math.min(MOST_K, products.length) }, (_, at) => {
      const found = test.ranks.filter((rank) => rank <= at + 1).length;
      return { recall: found / users, interval: wilson(found, users) };
    }),
    reliability: bins,
    calibrationError: calibrationError(bins),
    calibrationErrorByChance: errorByChance(bins),
    byProduct: byProduct(test, products),
    head: partOf(test, 0),
    tail: partOf(test, 1),
  };
}

function firstOf({ users, targets, top, topProbabilities, topSize }: RankedProducts) {
  return {
    hits: Uint8Array.from(users, (_, place) => (top[place * topSize] === targets[place] ? 1 : 0)),
    probabilities: Float32Array.from(users, (_, place) => topProbabilities[place * topSize]),
  };
}

function byProduct(
  { targets, ranks }: RankedProducts,
  products: readonly ProductSummary[],
): InterestPlots['byProduct'] {
  const counts = new Map<number, { users: number; found: number }>();
  targets.forEach((product, place) => {
    const { users, found } = counts.get(product) ?? { users: 0, found: 0 };
    counts.set(product, { users: users + 1, found: found + (ranks[place] <= 3 ? 1 : 0) });
  });
  return products.map(({ index }) => {
    const { users, found } = counts.get(index) ?? { users: 0, found: 0 };
    return { users, recall3: found / users };
  });
}

function partOf({ ranks, tail }: RankedProducts, part: 0 | 1): PartOfCatalogue {
  const own = ranks.filter((_, place) => tail[place] === part);
  return {
    users: own.length,
    recall3: own.filter((rank) => rank <= 3).length / own.length,
    mrr: own.reduce((sum, rank) => sum + 1 / rank, 0) / own.length,
  };
}
