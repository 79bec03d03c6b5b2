import { normalCdf } from '../risk/log-odds.js';

/** Successes among trials. */
export interface Proportion {
  readonly successes: number;
  readonly trials: number;
}

/** Mean of a sample, with its variance (n − 1). */
export interface Mean {
  readonly count: number;
  readonly mean: number;
  readonly variance: number;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** A difference, challenger − champion. */
export interface Difference {
  readonly value: number;
  /** 95 %. */
  readonly interval: Interval;
  /** Two-sided. Holds for one look, decided on before the start. */
  readonly pValue: number;
  /** Holds however often one looks, and whenever one stops. */
  readonly alwaysValidPValue: number;
}

/** Of the standard normal distribution: 97.5 %. */
export const Z = 1.959963984540054;
/** Deviation of the effects that the always valid test looks for, in standard deviations of a user. */
const EFFECT = 0.1;
/** Fewer in either group: a normal approximation says nothing. */
export const LEAST_USERS = 30;

const rateOf = ({ successes, trials }: Proportion): number => successes / trials;
const twoSided = (z: number): number => Math.min(1, 2 * normalCdf(-Math.abs(z)));

/** Wilson (1927): score interval of a proportion, 95 %. @param proportion of at least one trial */
export function wilson(proportion: Proportion): Interval {
  const { trials } = proportion;
  const rate = rateOf(proportion);
  const middle = rate + Z ** 2 / (2 * trials);
  const half = Z * Math.sqrt((rate * (1 - rate)) / trials + Z ** 2 / (4 * trials ** 2));
  const scale = 1 + Z ** 2 / trials;
  return { low: Math.max(0, (middle - half) / scale), high: Math.min(1, (middle + half) / scale) };
}

/**
 * Two proportions: the pooled z test, and the hybrid score interval of Newcombe (1998, method 10).
 * @returns undefined where either group is smaller than LEAST_USERS
 */
export function compareProportions(challenger: Proportion, champion: Proportion): Difference | undefined {
  if (Math.min(challenger.trials, champion.trials) < LEAST_USERS) return undefined;
  const [a, b] = [rateOf(challenger), rateOf(champion)];
  const [wide, narrow] = [wilson(challenger), wilson(champion)];
  const value = a - b;
  const pooled = (challenger.successes + champion.successes) / (challenger.trials + champion.trials);
  const variance = pooled * (1 - pooled) * (1 / challenger.trials + 1 / champion.trials);
  return {
    value,
    interval: {
      low: value - Math.hypot(a - wide.low, narrow.high - b),
      high: value + Math.hypot(wide.high - a, b - narrow.low),
    },
    pValue: variance > 0 ? twoSided(value / Math.sqrt(variance)) : 1,
    alwaysValidPValue: alwaysValid(value, variance, EFFECT ** 2 * pooled * (1 - pooled)),
  };
}

/**
 * Two means: Welch's statistic by its normal approximation.
 * @returns undefined where either group is smaller than LEAST_USERS
 */
export function compareMeans(challenger: Mean, champion: Mean): Difference | undefined {
  if (Math.min(challenger.count, champion.count) < LEAST_USERS) return undefined;
  const value = challenger.mean - champion.mean;
  const variance = challenger.variance / challenger.count + champion.variance / champion.count;
  const half = Z * Math.sqrt(variance);
  const ofOne = (challenger.variance + champion.variance) / 2;
  return {
    value,
    interval: { low: value - half, high: value + half },
    pValue: variance > 0 ? twoSided(value / Math.sqrt(variance)) : Number(value === 0),
    alwaysValidPValue: alwaysValid(value, variance, EFFECT ** 2 * ofOne),
  };
}

/**
 * Mixture sequential probability ratio test (Johari, Pekelis and Walsh 2017) of a difference with a known variance, against effects from a normal
 * distribution of variance `effect`: its reciprocal is below p with probability p at most, at all looks together.
 */
function alwaysValid(value: number, variance: number, effect: number): number {
  if (!(variance > 0)) return 1;
  const total = variance + effect;
  const logRatio = 0.5 * Math.log(variance / total) + (effect * value ** 2) / (2 * variance * total);
  return Math.min(1, Math.exp(-logRatio));
}

/** Holm (1979): p-values that hold for all of several tests together, in their order. */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, place) => place).sort((a, b) => pValues[a] - pValues[b]);
  const adjusted = new Array<number>(pValues.length);
  let highest = 0;
  order.forEach((place, rank) => {
    highest = Math.max(highest, Math.min(1, (pValues.length - rank) * pValues[place]));
    adjusted[place] = highest;
  });
  return adjusted;
}

/** Below this, users are not dealt as they should be: something drops those of one variant. */
const MISMATCH = 0.001;

/** Whether the groups differ in size from their shares by more than chance (each share's z test, by Holm). */
export function isMismatched(groups: readonly { readonly users: number; readonly share: number }[]): boolean {
  const all = groups.reduce((sum, { users }) => sum + users, 0);
  if (all < LEAST_USERS) return false;
  const pValues = groups.map(({ users, share }) =>
    twoSided((users - all * share) / Math.sqrt(all * share * (1 - share))),
  );
  return Math.min(...holm(pValues)) < MISMATCH;
}
