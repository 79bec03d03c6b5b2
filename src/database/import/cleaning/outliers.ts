import type { OutlierRule } from '../descriptor.js';
import { quantile } from './sample.js';

/** Values outside are outliers. */
export interface Bounds {
  readonly low: number;
  readonly high: number;
}

/** A median absolute deviation of a normal distribution is its standard deviation over this. */
const MAD_TO_DEVIATION = 1.4826;

/**
 * @returns the bounds that a rule draws from the values of training rows: two quantiles (.01 and .99), the quartiles and 1.5 times their distance
 * beyond, or the median and 3.5 robust deviations either side. A column without spread (more than half of it one value) has no outliers by
 * iqr and mad. @param sorted ascending.
 */
export function outlierBounds(sorted: ArrayLike<number>, rule: OutlierRule): Bounds {
  if (sorted.length === 0) return { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  if (rule.rule === 'quantiles')
    return { low: quantile(sorted, rule.low ?? 0.01), high: quantile(sorted, rule.high ?? 0.99) };
  if (rule.rule === 'iqr') {
    const [first, third] = [quantile(sorted, 0.25), quantile(sorted, 0.75)];
    return around(first, third, (rule.factor ?? 1.5) * (third - first));
  }
  const median = quantile(sorted, 0.5);
  const deviations = Float64Array.from(sorted, (value) => Math.abs(value - median)).sort();
  return around(median, median, (rule.factor ?? 3.5) * MAD_TO_DEVIATION * quantile(deviations, 0.5));
}

function around(low: number, high: number, distance: number): Bounds {
  if (distance === 0) return { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  return { low: low - distance, high: high + distance };
}

/** @returns the value, the bound that it passes, or NaN (missing), as the action says. */
export function tame(value: number, { low, high }: Bounds, action: 'clip' | 'missing'): number {
  if (value >= low && value <= high) return value;
  if (action === 'missing') return Number.NaN;
  return value < low ? low : high;
}
