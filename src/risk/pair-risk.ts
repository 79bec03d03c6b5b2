import { readableNumber } from '../models/reasons.js';
import type { Product } from '../products/product.js';
import type { Questionnaire } from '../profiles/questionnaire.js';
import { holdingYears } from './holding-years.js';
import { logit, sigmoid } from './log-odds.js';
import { effectiveRiskClass } from './market/risk-figures.js';
import { type Assessed, assessed, isCredit, type ProductFacts, productRisk, term } from './product-risk.js';

/** Weights of the terms, in log-odds. */
export const PAIR_WEIGHTS = {
  /** For each class of the product above (or below) the user's tolerance. */
  tolerance: 0.8,
  /** For ln((holding months + 6) / (the user's horizon + 6)). */
  horizon: 0.5,
  /** For each unit of (minimum amount / investable amount − .1). */
  amount: 1.5,
  /** For each level of knowledge that is lacking. */
  knowledge: 0.4,
  /** For the user's own risk in log-odds, compared with a typical user. */
  capacity: 0.5,
  /** Loans and cards: for the product's risk in log-odds, compared with one of class 3 over 5 years. */
  credit: 0.5,
} as const;

/** What is taken for a user without a questionnaire: the most cautious answers. */
export const CAUTIOUS = { riskTolerance: 1, knowledge: 0, horizonMonths: 12, investableAmount: null } as const;

export type PairProduct = ProductFacts & Pick<Product, 'minimumAmount' | 'requiredKnowledge'>;

/** The user's own risk by the active model: probability in log-odds, and that of a typical user (the base of its reasons). */
export interface UserRisk {
  readonly logOdds: number;
  readonly base: number;
}

/**
 * The risk of this product for this user.
 * What is invested: the product's own risk, and what tolerance, horizon, amount, knowledge and the user's own risk add to it.
 * Loans and cards: the user's own risk, and what the product adds to it.
 * @param questionnaire the answers that count; undefined: the cautious ones are taken
 * @param userRisk undefined where no risk model is active. Loans and cards need it.
 */
export function pairRisk(
  product: PairProduct,
  questionnaire: Questionnaire | undefined,
  userRisk: UserRisk | undefined,
): Assessed {
  const own = productRisk(product);
  if (isCredit(product.type)) {
    if (!userRisk) throw new RangeError('The risk of a loan for a user needs the risk of the user.');
    const credit = PAIR_WEIGHTS.credit * (logit(own.probability) - own.base);
    return assessed('user-credit', userRisk.base, [
      term('userRisk', sigmoid(userRisk.logOdds), userRisk.logOdds - userRisk.base, ownRisk(userRisk)),
      term('productRisk', own.probability, credit, `the product's risk of ${readableNumber('rate', own.probability)}`),
    ]);
  }
  return assessed('user-product', own.base, [
    ...own.reasons,
    ...suitabilityTerms(product, questionnaire),
    capacityTerm(userRisk),
  ]);
}

function suitabilityTerms(product: PairProduct, questionnaire: Questionnaire | undefined) {
  const user = questionnaire ?? CAUTIOUS;
  const w = PAIR_WEIGHTS;
  const riskClass = effectiveRiskClass(product);
  const months = holdingYears(product) * 12;
  const horizon = clamp(Math.log((months + 6) / (user.horizonMonths + 6)), -1, 2);
  const lacking = Math.max(0, product.requiredKnowledge - user.knowledge);
  const share = user.investableAmount === null ? null : amountShare(product.minimumAmount, user.investableAmount);
  const assumed = questionnaire ? '' : ' (assumed: there is no valid questionnaire)';
  return [
    term(
      'riskTolerance',
      user.riskTolerance,
      w.tolerance * (riskClass - user.riskTolerance),
      `risk class ${riskClass} for a tolerance of ${user.riskTolerance}${assumed}`,
    ),
    term(
      'horizon',
      user.horizonMonths,
      w.horizon * horizon,
      `holding ${months} months with a horizon of ${user.horizonMonths}${assumed}`,
    ),
    term(
      'knowledge',
      user.knowledge,
      w.knowledge * lacking,
      `knowledge ${user.knowledge} where ${product.requiredKnowledge} is required${assumed}`,
    ),
    term(
      'amount',
      share,
      share === null ? 0 : w.amount * (share - 0.1),
      share === null
        ? 'not knowing the investable amount'
        : `a minimum of ${readableNumber('share', share)} of the investable amount`,
    ),
  ];
}

function capacityTerm(userRisk: UserRisk | undefined) {
  if (!userRisk) return term('userRisk', null, 0, "not knowing the user's own risk (no model is active)");
  const difference = clamp(userRisk.logOdds - userRisk.base, -3, 3);
  return term('userRisk', sigmoid(userRisk.logOdds), PAIR_WEIGHTS.capacity * difference, ownRisk(userRisk));
}

const ownRisk = ({ logOdds }: UserRisk) => `the user's own risk of ${readableNumber('rate', sigmoid(logOdds))}`;

/** How much of what the user can invest the product takes at least: 0 to 1. */
function amountShare(minimum: number, investable: number): number {
  return investable > 0 ? Math.min(1, minimum / investable) : minimum > 0 ? 1 : 0;
}

const clamp = (x: number, least: number, most: number) => Math.min(most, Math.max(least, x));
