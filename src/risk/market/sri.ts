import type { Moments } from './tail.js';

/** Delegated Regulation (EU) 2017/653, Annex II: points are named where they are applied. */

/** Φ⁻¹(.025), as the regulation rounds it. */
const Z = 1.96;
/** 1.96², as the regulation rounds it. */
const Z_SQUARED = 3.842;

/**
 * Value at risk in return space at 97.5 %, by the Cornish-Fisher expansion (point 12):
 * σ √N (−1.96 + .474 μ₁/√N − .0687 μ₂/N + .146 μ₁²/N) − .5 σ² N.
 * @param moments of the logarithmic returns of one trading period
 * @param periods N, trading periods in the recommended holding period
 * @returns the logarithm of the share of the amount that is left
 */
export function varReturnSpace({ deviation, skewness, kurtosis }: Moments, periods: number): number {
  const root = Math.sqrt(periods);
  const quantile =
    -Z + (0.474 * skewness) / root - (0.0687 * kurtosis) / periods + (0.146 * skewness * skewness) / periods;
  return deviation * root * quantile - 0.5 * deviation * deviation * periods;
}

/**
 * VaR-equivalent volatility (point 13): (√(3.842 − 2 VaR) − 1.96) / √T, the yearly volatility of a normal distribution with that value at risk.
 * @param years T, the recommended holding period
 * @returns a year, 0 at least
 */
export function varEquivalentVolatility(valueAtRisk: number, years: number): number {
  return Math.max(0, (Math.sqrt(Math.max(0, Z_SQUARED - 2 * valueAtRisk)) - Z) / Math.sqrt(years));
}

/** From these VaR-equivalent volatilities on the market risk measure is 2, 3, … 7 (point 2). */
const MRM_BOUNDS = [0.005, 0.05, 0.12, 0.2, 0.3, 0.8] as const;
/** Without the prices that point 5 asks for a product is of category 1 (point 4(c)), whose class is 6 (point 8). */
const MRM_WITHOUT_HISTORY = 6;

/** Market risk measure, 1 to 7. @param sufficient whether there are the prices that point 5 asks for */
export function marketRiskMeasure(volatility: number, sufficient: boolean): number {
  const measured = 1 + MRM_BOUNDS.filter((bound) => volatility >= bound).length;
  return sufficient ? measured : Math.max(MRM_WITHOUT_HISTORY, measured);
}

/** Credit quality step by years to maturity: up to 1, up to 12, beyond (part 2, adjustment of the step for the term). */
const ADJUSTED_STEPS: readonly (readonly [short: number, medium: number, long: number])[] = [
  [0, 0, 0],
  [1, 1, 1],
  [1, 2, 2],
  [2, 3, 3],
  [3, 4, 5],
  [4, 5, 6],
  [6, 6, 6],
];

/**
 * Credit risk measure, 1 to 6 (part 2).
 * @param step credit quality step of who owes the money, 0 to 6
 * @param years to maturity; null: for ever
 */
export function creditRiskMeasure(step: number, years: number | null): number {
  const adjusted = ADJUSTED_STEPS[step][years !== null && years <= 1 ? 0 : years !== null && years <= 12 ? 1 : 2];
  return Math.max(1, adjusted);
}

/** Summary risk indicator by credit risk measure and market risk measure (part 3). */
const SRI = [
  [1, 2, 3, 4, 5, 6, 7],
  [1, 2, 3, 4, 5, 6, 7],
  [3, 3, 3, 4, 5, 6, 7],
  [5, 5, 5, 5, 5, 6, 7],
  [5, 5, 5, 5, 5, 6, 7],
  [6, 6, 6, 6, 6, 6, 7],
] as const;

/** Summary risk indicator, 1 to 7. @param market 1 to 7 @param credit 1 to 6 */
export const summaryRiskIndicator = (market: number, credit: number): number => SRI[credit - 1][market - 1];

/** Concord's risk class, 1 to 5, of a summary risk indicator: the classes from 20 % of volatility on are one. */
export const riskClassOfIndicator = (indicator: number): number => Math.min(5, indicator);
