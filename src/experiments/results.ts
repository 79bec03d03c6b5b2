import type { Experiment } from './experiment.js';
import type { VariantCounts } from './experiments.store.js';
import {
  compareMeans,
  compareProportions,
  type Difference,
  holm,
  type Interval,
  isMismatched,
  type Mean,
  wilson,
  Z,
} from './significance.js';

export const MEASURES = ['click_rate', 'purchase_rate', 'satisfaction'] as const;
/** Share of a variant's users who opened something; who bought something; mean over users of their mean rating, 1 to 5. */
export type Measure = (typeof MEASURES)[number];

export const VERDICTS = ['better', 'worse', 'undecided', 'too_few'] as const;
/** Of a challenger: by its always valid p-value, adjusted for all that is compared, at 5 %. */
export type Verdict = (typeof VERDICTS)[number];

export interface MeasureResult {
  readonly measure: Measure;
  /** null: nobody yet. */
  readonly value: number | null;
  /** 95 %; of a mean where at least two gave ratings. */
  readonly interval: Interval | null;
  /** From the champion; null for the champion itself, and where either has too few users. */
  readonly difference: Difference | null;
  /** alwaysValidPValue adjusted for all challengers and measures (Holm). */
  readonly adjustedPValue: number | null;
  readonly verdict: Verdict | null;
}

export interface VariantResult {
  readonly name: string;
  readonly users: number;
  readonly answers: number;
  readonly measures: readonly MeasureResult[];
}

export interface ExperimentResults {
  readonly variants: readonly VariantResult[];
  /** Groups differ in size from their shares by more than chance: the comparison can't be trusted. */
  readonly sampleRatioMismatch: boolean;
}

const SIGNIFICANT = 0.05;
const NOBODY = { users: 0, answers: 0, clicked: 0, purchased: 0, raters: 0, rating: null, ratingVariance: null };

/** What the counts say of each variant, beside the champion. */
export function resultsOf(
  { variants }: Pick<Experiment, 'variants'>,
  rows: readonly VariantCounts[],
): ExperimentResults {
  const counts = variants.map(
    ({ name }): VariantCounts => rows.find(({ variant }) => variant === name) ?? { variant: name, ...NOBODY },
  );
  const [champion, ...challengers] = counts;
  const differences = challengers.map((challenger) =>
    MEASURES.map((measure) => differenceOf(measure, challenger, champion)),
  );
  const known = differences.flat().filter((difference) => difference !== undefined);
  const adjusted = new Map(
    holm(known.map(({ alwaysValidPValue }) => alwaysValidPValue)).map((pValue, place) => [known[place], pValue]),
  );
  const results = counts.map(
    (own, place): VariantResult => ({
      name: own.variant,
      users: own.users,
      answers: own.answers,
      measures: MEASURES.map((measure, at) => {
        const difference = place === 0 ? undefined : differences[place - 1][at];
        const adjustedPValue = difference ? (adjusted.get(difference) ?? null) : null;
        return {
          measure,
          ...levelOf(measure, own),
          difference: difference ?? null,
          adjustedPValue,
          verdict: place === 0 ? null : verdictOf(difference, adjustedPValue),
        };
      }),
    }),
  );
  return {
    variants: results,
    sampleRatioMismatch: isMismatched(counts.map(({ users }, place) => ({ users, share: variants[place].share }))),
  };
}

function differenceOf(measure: Measure, challenger: VariantCounts, champion: VariantCounts): Difference | undefined {
  if (measure === 'satisfaction') return compareMeans(ratingOf(challenger), ratingOf(champion));
  const of = (counts: VariantCounts) => ({ successes: successesOf(measure, counts), trials: counts.users });
  return compareProportions(of(challenger), of(champion));
}

function levelOf(measure: Measure, counts: VariantCounts): Pick<MeasureResult, 'value' | 'interval'> {
  if (measure === 'satisfaction') {
    const { count, mean, variance } = ratingOf(counts);
    if (count === 0) return { value: null, interval: null };
    const half = Z * Math.sqrt(variance / count);
    return { value: mean, interval: count > 1 ? { low: mean - half, high: mean + half } : null };
  }
  if (counts.users === 0) return { value: null, interval: null };
  const proportion = { successes: successesOf(measure, counts), trials: counts.users };
  return { value: proportion.successes / proportion.trials, interval: wilson(proportion) };
}

const successesOf = (measure: Exclude<Measure, 'satisfaction'>, { clicked, purchased }: VariantCounts): number =>
  measure === 'click_rate' ? clicked : purchased;

const ratingOf = ({ raters, rating, ratingVariance }: VariantCounts): Mean => ({
  count: raters,
  mean: rating ?? 0,
  variance: ratingVariance ?? 0,
});

function verdictOf(difference: Difference | undefined, pValue: number | null): Verdict {
  if (!difference || pValue === null) return 'too_few';
  if (pValue >= SIGNIFICANT) return 'undecided';
  return difference.value > 0 ? 'better' : 'worse';
}
