import { createRandom } from '../layers/random.js';

/** Figures of one model on some users, as functions of how often each user counts. */
export interface Figures {
  readonly names: readonly string[];
  /**
   * @param weights of each user
   * @param into takes the figures in the order of the names; NaN where one is undefined
   */
  compute(weights: ArrayLike<number>, into: Float64Array): void;
}

/** Figures by cross-validation: of each fold's users, and then the mean over the folds where it is defined. */
export function meanOverFolds(folds: readonly Figures[]): Figures {
  const { names } = folds[0];
  const one = new Float64Array(names.length);
  const defined = new Int32Array(names.length);
  return {
    names,
    compute(weights, into) {
      into.fill(0, 0, names.length);
      defined.fill(0);
      for (const fold of folds) {
        fold.compute(weights, one);
        for (let figure = 0; figure < names.length; figure++) {
          if (!Number.isFinite(one[figure])) continue;
          into[figure] += one[figure];
          defined[figure]++;
        }
      }
      for (let figure = 0; figure < names.length; figure++) into[figure] /= defined[figure];
    },
  };
}

export interface Resampling {
  /** How many users there are. */
  readonly users: number;
  readonly resamples: number;
  readonly seed: number;
  /** Users are drawn within their fold; default: all together. */
  readonly fold?: Uint8Array;
  /** Called now and then. Throws to stop. */
  readonly checkpoint?: (share: number) => void;
}

/** Resamples between two checkpoints, at which the event loop gets its turn. */
const BATCH = 50;

/**
 * The bootstrap (Efron 1979): draws as many users as there are, with replacement, again and again, and computes the figures of each draw.
 * All models see the same draws, so that differences between them are paired.
 * @returns for each model its figures, (resamples × names).
 */
export async function bootstrap(
  models: readonly Figures[],
  { users, resamples, seed, fold, checkpoint }: Resampling,
): Promise<Float64Array[]> {
  const random = createRandom(seed).fork('bootstrap');
  const strata = strataOf(users, fold);
  const weights = new Int32Array(users);
  const all = models.map(({ names }) => new Float64Array(resamples * names.length));
  for (let resample = 0; resample < resamples; resample++) {
    if (resample % BATCH === 0) {
      checkpoint?.(resample / resamples);
      await new Promise((resolve) => setImmediate(resolve));
    }
    weights.fill(0);
    for (const rows of strata)
      for (let draw = 0; draw < rows.length; draw++) weights[rows[random.below(rows.length)]]++;
    models.forEach(({ names, compute }, model) => {
      compute(weights, all[model].subarray(resample * names.length, (resample + 1) * names.length));
    });
  }
  return all;
}

function strataOf(users: number, fold: Uint8Array | undefined): Int32Array[] {
  const strata = new Map<number, number[]>();
  for (let user = 0; user < users; user++) {
    const rows = strata.get(fold?.[user] ?? 0);
    if (rows) rows.push(user);
    else strata.set(fold?.[user] ?? 0, [user]);
  }
  return [...strata.values()].map((rows) => Int32Array.from(rows));
}

/** The values of one figure. */
export const replicatesOf = (all: Float64Array, { names }: Figures, name: string): Float64Array => {
  const at = names.indexOf(name);
  return Float64Array.from({ length: all.length / names.length }, (_, resample) => all[resample * names.length + at]);
};

export type Interval = readonly [low: number, high: number];

/** A figure that most draws leave undefined has no interval. */
const LEAST_DEFINED = 0.5;

/**
 * Percentile interval: the middle of the replicates (Efron and Tibshirani 1993, chapter 13). Draws that leave the figure undefined don't
 * count; there is no interval where they are the majority.
 * @param level share of the replicates inside
 */
export function percentileInterval(replicates: Float64Array, level = 0.95): Interval | undefined {
  const sorted = replicates.filter(Number.isFinite).sort();
  if (sorted.length < LEAST_DEFINED * replicates.length || sorted.length === 0) return undefined;
  return [quantileOf(sorted, (1 - level) / 2), quantileOf(sorted, (1 + level) / 2)];
}

/** Of sorted values, linear between two of them. */
export function quantileOf(sorted: ArrayLike<number>, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(sorted.length - 1, below + 1);
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}

/** How a model's figure differs from another's on the same users. */
export interface Difference {
  readonly interval: Interval;
  /** Two-sided: how often a draw would put the two in another order than they are, twice; never 0, since draws are finite. */
  readonly p: number;
}

/** @param own,other replicates of the same draws */
export function pairedDifference(own: Float64Array, other: Float64Array, level = 0.95): Difference | undefined {
  const differences = own.map((value, resample) => value - other[resample]);
  const interval = percentileInterval(differences, level);
  if (!interval) return undefined;
  const defined = differences.filter(Number.isFinite);
  const below = defined.filter((difference) => difference <= 0).length;
  const above = defined.filter((difference) => difference >= 0).length;
  return { interval, p: Math.min(1, (2 * (Math.min(below, above) + 1)) / (defined.length + 1)) };
}

/** p values of several comparisons, raised so that the chance of even one false finding stays below them (Holm 1979). */
export function holm(values: readonly number[]): number[] {
  const order = values.map((_, index) => index).sort((a, b) => values[a] - values[b]);
  const raised = new Array<number>(values.length);
  let least = 0;
  order.forEach((index, place) => {
    least = Math.max(least, Math.min(1, values[index] * (values.length - place)));
    raised[index] = least;
  });
  return raised;
}
