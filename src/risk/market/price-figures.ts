import { type Frequency, type PricePoint, priceHistory } from './history.js';
import { cornishFisherTail, historicalTail, type Moments, momentsOf } from './tail.js';

/**
 * What is kept of a price history: everything that follows from the prices alone. What also depends on the product (its holding period, who owes
 * the money) is computed from these when it is asked for.
 */
export interface PriceFigures {
  readonly frequency: Frequency;
  /** Returns that were observed. */
  readonly observations: number;
  /** First and last day, "YYYY-MM-DD". */
  readonly from: string;
  readonly asOf: string;
  readonly sufficient: boolean;
  readonly gaps: number;
  /** Of the logarithmic returns of one period. */
  readonly moments: Moments;
  /** The greatest fall from a peak, as a share of it: 0 to 1. */
  readonly maxDrawdown: number;
  /** Loss of one period that is exceeded in one case of forty, and the mean loss in those cases: shares of the amount. */
  readonly valueAtRisk: number;
  readonly expectedShortfall: number;
  /** The same by the Cornish-Fisher expansion. */
  readonly cornishFisherValueAtRisk: number;
  readonly cornishFisherExpectedShortfall: number;
}

/** Share of the worst cases: 97.5 % confidence, as Annex II of 2017/653 and the Basel standard for market risk have it. */
export const TAIL = 0.025;
/** Φ⁻¹(.025). */
const TAIL_Z = -1.959963984540054;
/** Of fewer returns than these nothing is said. */
export const LEAST_RETURNS = 12;

/**
 * @param points in any order
 * @returns undefined where there are fewer than twelve returns
 * @throws {ConcordError} BAD_INPUT: see priceHistory
 */
export function priceFiguresOf(points: readonly PricePoint[]): PriceFigures | undefined {
  const { frequency, points: used, returns, sufficient, gaps } = priceHistory(points);
  if (returns.length < LEAST_RETURNS) return undefined;
  const simple = Float64Array.from(returns, Math.expm1);
  const observed = historicalTail(simple, TAIL);
  const expanded = cornishFisherTail(momentsOf(simple), TAIL_Z, TAIL);
  return {
    frequency,
    observations: returns.length,
    from: used[0].day,
    asOf: used[used.length - 1].day,
    sufficient,
    gaps,
    moments: momentsOf(returns),
    maxDrawdown: maxDrawdown(used),
    ...observed,
    cornishFisherValueAtRisk: expanded.valueAtRisk,
    cornishFisherExpectedShortfall: expanded.expectedShortfall,
  };
}

/** The greatest fall from a peak to a later price, as a share of the peak. @param points ascending by day */
export function maxDrawdown(points: readonly PricePoint[]): number {
  let [peak, deepest] = [0, 0];
  for (const { price } of points) {
    peak = Math.max(peak, price);
    deepest = Math.max(deepest, 1 - price / peak);
  }
  return deepest;
}
