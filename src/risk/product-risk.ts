import { effect, type Reason, readableNumber } from '../models/reasons.js';
import type { Product, ProductType } from '../products/product.js';
import { holdingYears } from './holding-years.js';
import { clampProbability, logit, normalCdf, sigmoid } from './log-odds.js';
import { knownVolatility, type PricedProduct } from './market/risk-figures.js';
import { shapley } from './shapley.js';

export type ProductFacts = PricedProduct & Pick<Product, 'expectedYield' | 'volatility'>;

/** A score with its terms: base + the contributions = log-odds of the probability. */
export interface Assessed {
  readonly probability: number;
  readonly base: number;
  readonly reasons: readonly Reason[];
  /** The formula or model that gave it. */
  readonly method: string;
}

/** Yearly volatility that is taken for a product that states none, by risk class: the middles of the classes of CESR/10-673, two of seven merged at each end. */
const CLASS_VOLATILITY = [0.005, 0.035, 0.075, 0.125, 0.25] as const;
/** Below these yearly volatilities a product is of class 1, 2, 3, 4; from the last on of class 5 (the same source). */
const CLASS_BOUNDS = [0.02, 0.05, 0.1, 0.15] as const;
/** Share of loans of a class that fail in a year. */
const CLASS_DEFAULT = [0.003, 0.01, 0.025, 0.06, 0.12] as const;
/** Probability that a pure insurance policy is given up at a loss, by class. */
const CLASS_LAPSE = [0.01, 0.03, 0.07, 0.15, 0.3] as const;

/** The product that reasons compare with: a mixed fund of class 3. */
export const REFERENCE = { yield: 0.04, volatility: 0.075, years: 5, riskClass: 3 } as const;
/** Added log-odds for each class by which the risk class is above what the volatility alone would give: credit and liquidity risk. */
const HIDDEN_RISK = 0.25;

/** Loans and cards lend to the user; all others take the user's money. */
export const isCredit = (type: ProductType): boolean => type === 'loan' || type === 'card';

/**
 * The risk of a product, whoever buys it.
 * - What is invested (deposits and accounts too): the probability of a loss over the holding period, under a lognormal return.
 * - Loans and cards: the probability that a loan of this class fails over its term.
 * - Insurance without a volatility of its own: the probability that the policy is given up at a loss.
 */
export function productRisk(product: ProductFacts): Assessed {
  if (isCredit(product.type)) return creditRisk(product);
  if (product.type === 'insurance' && !knownVolatility(product)) return lapseRisk(product);
  return marketRisk(product);
}

/**
 * P(S_T < S_0) = Φ((−(μ − σ²/2) T) / (σ √T)) where dS/S = μ dt + σ dW (Hull, Options, Futures and Other Derivatives, "the lognormal property").
 * @param mu expected return a year
 * @param sigma volatility a year; below .1 % it counts as that
 */
export function lossProbability(mu: number, sigma: number, years: number): number {
  const s = Math.max(sigma, 0.001);
  return clampProbability(normalCdf((-(mu - (s * s) / 2) * years) / (s * Math.sqrt(years))));
}

function marketRisk(product: ProductFacts): Assessed {
  const known = knownVolatility(product);
  const volatility = known ?? CLASS_VOLATILITY[product.riskClass - 1];
  const years = holdingYears(product);
  const f = ([mu, sigma, t]: readonly number[]) => logit(lossProbability(mu, sigma, t));
  const reference = [REFERENCE.yield, REFERENCE.volatility, REFERENCE.years];
  const [ofYield, ofVolatility, ofYears] = shapley(f, reference, [product.expectedYield ?? 0, volatility, years]);
  const hidden = known !== null ? HIDDEN_RISK * Math.max(0, product.riskClass - classOfVolatility(volatility)) : 0;
  return assessed('lognormal-loss', f(reference), [
    quantity('expectedYield', product.expectedYield, ofYield, 'expected yield', 'taken as 0'),
    known !== null
      ? quantity('volatility', known, ofVolatility, 'volatility')
      : quantity('riskClass', product.riskClass, ofVolatility, 'risk class'),
    quantity('holdingYears', years, ofYears, 'holding period in years'),
    ...(hidden ? [quantity('riskClass', product.riskClass, hidden, 'risk class above what the volatility shows')] : []),
  ]);
}

function creditRisk(product: ProductFacts): Assessed {
  const f = ([riskClass, years]: readonly number[]) => logit(1 - (1 - CLASS_DEFAULT[riskClass - 1]) ** years);
  const years = holdingYears(product);
  const reference = [REFERENCE.riskClass, REFERENCE.years];
  const [ofClass, ofYears] = shapley(f, reference, [product.riskClass, years]);
  return assessed('credit-class', f(reference), [
    quantity('riskClass', product.riskClass, ofClass, 'risk class'),
    quantity('termYears', years, ofYears, 'term in years'),
  ]);
}

function lapseRisk(product: ProductFacts): Assessed {
  const base = logit(CLASS_LAPSE[REFERENCE.riskClass - 1]);
  return assessed('lapse-class', base, [
    quantity('riskClass', product.riskClass, logit(CLASS_LAPSE[product.riskClass - 1]) - base, 'risk class'),
  ]);
}

function classOfVolatility(volatility: number): number {
  return 1 + CLASS_BOUNDS.filter((bound) => volatility >= bound).length;
}

/** The probability is computed from the terms, so that they sum to its log-odds exactly. */
export function assessed(method: string, base: number, reasons: readonly Reason[]): Assessed {
  const logOdds = reasons.reduce((sum, { contribution }) => sum + contribution, base);
  const sorted = [...reasons].sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
  return { probability: sigmoid(logOdds), base, reasons: sorted, method };
}

/** A named quantity as a term of a formula. @param ifMissing what was assumed where the value is null */
function quantity(feature: string, value: number | null, contribution: number, name: string, ifMissing = ''): Reason {
  const subject = value === null ? `unknown ${name} (${ifMissing})` : `${name} of ${readableNumber(name, value)}`;
  return term(feature, value, contribution, subject);
}

/** A term of a formula as a reason. @param subject what raises or lowers the risk, in words */
export function term(feature: string, value: number | null, contribution: number, subject: string): Reason {
  const negligible = Math.abs(contribution) < 1e-9;
  return { feature, value, contribution, text: `${subject} ${effect(negligible ? 0 : contribution, 'risk')}` };
}
