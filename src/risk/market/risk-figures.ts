import type { Product, ProductType } from '../../products/product.js';
import { holdingYears } from '../holding-years.js';
import { FREQUENCIES } from './history.js';
import type { PriceFigures } from './price-figures.js';
import {
  creditRiskMeasure,
  marketRiskMeasure,
  riskClassOfIndicator,
  summaryRiskIndicator,
  varEquivalentVolatility,
  varReturnSpace,
} from './sri.js';

/** The risk of a product as its price history shows it. */
export interface RiskFigures extends Omit<PriceFigures, 'moments'> {
  /** Standard deviation of the logarithmic returns, a year. */
  readonly volatility: number;
  readonly skewness: number;
  readonly kurtosis: number;
  /** The recommended holding period. */
  readonly holdingYears: number;
  /** Loss over the holding period that is exceeded in one case of forty, by the expansion of Annex II, point 12: a share of the amount. */
  readonly holdingPeriodLoss: number;
  readonly varEquivalentVolatility: number;
  /** 1 to 7. */
  readonly marketRisk: number;
  /** 1 to 6. */
  readonly creditRisk: number;
  /** Credit quality step of who owes the money, and whether it is one that the regulation assumes; null: nobody owes any. */
  readonly creditQualityStep: number | null;
  readonly creditAssumed: boolean;
  /** 1 to 7. */
  readonly sri: number;
  /** 1 to 5. */
  readonly riskClass: number;
}

export type PricedProduct = Pick<
  Product,
  'type' | 'termMonths' | 'minimumHorizonMonths' | 'attributes' | 'riskClass' | 'priceFigures'
>;

/** Where less is observed than once a month, a year has as many periods as it is taken to have at least. */
const RARE_PERIODS = FREQUENCIES.monthly.periods;

/** @returns undefined where there are too few prices. Pure, and cheap: a few dozen operations */
export function riskFiguresOf(product: PricedProduct): RiskFigures | undefined {
  if (!product.priceFigures) return undefined;
  const { moments, ...figures } = product.priceFigures;
  const periods = figures.frequency === 'rare' ? RARE_PERIODS : FREQUENCIES[figures.frequency].periods;
  const years = holdingYears(product);
  const valueAtRisk = varReturnSpace(moments, years * periods);
  const volatility = varEquivalentVolatility(valueAtRisk, years);
  const marketRisk = marketRiskMeasure(volatility, figures.sufficient);
  const credit = creditOf(product);
  const sri = summaryRiskIndicator(marketRisk, credit.creditRisk);
  return {
    ...figures,
    volatility: moments.deviation * Math.sqrt(periods),
    skewness: moments.skewness,
    kurtosis: moments.kurtosis,
    holdingYears: years,
    holdingPeriodLoss: Math.max(0, -Math.expm1(valueAtRisk)),
    varEquivalentVolatility: volatility,
    marketRisk,
    ...credit,
    sri,
    riskClass: riskClassOfIndicator(sri),
  };
}

/**
 * The class by which a product is judged where somebody's tolerance is asked for: the stated one, or that of its price history where this is higher.
 * Loans and cards lend to the user: prices have no part in them.
 */
export function effectiveRiskClass(product: PricedProduct): number {
  if (product.type === 'loan' || product.type === 'card') return product.riskClass;
  return Math.max(product.riskClass, riskFiguresOf(product)?.riskClass ?? 0);
}

/** The stated volatility, or that of the price history; null where neither is known. */
export function knownVolatility(product: PricedProduct & Pick<Product, 'volatility'>): number | null {
  return product.volatility ?? riskFiguresOf(product)?.volatility ?? null;
}

/** Who owes money without a credit quality step counts as of this one (part 2): 3 for banks and insurers, which are supervised, 5 for others. */
const ASSUMED_STEPS: Readonly<Partial<Record<ProductType, number>>> = { deposit: 3, account: 3, insurance: 3, bond: 5 };

/** The attribute of a product that has its credit quality step (Implementing Regulation (EU) 2016/1800): 0 to 6. */
export const CREDIT_QUALITY_STEP = 'creditQualityStep';

function creditOf({ type, termMonths, attributes }: PricedProduct) {
  const stated = statedStep(attributes[CREDIT_QUALITY_STEP]);
  const step = stated ?? ASSUMED_STEPS[type] ?? null;
  if (step === null) return { creditRisk: 1, creditQualityStep: null, creditAssumed: false };
  // Money in an account is paid back when it is asked for; a bond without a term, never.
  const onDemand = type === 'deposit' || type === 'account';
  const years = termMonths === null ? (onDemand ? 0 : null) : termMonths / 12;
  return { creditRisk: creditRiskMeasure(step, years), creditQualityStep: step, creditAssumed: stated === null };
}

function statedStep(value: number | string | null | undefined): number | null {
  const step = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof step === 'number' && Number.isInteger(step) && step >= 0 && step <= 6 ? step : null;
}
