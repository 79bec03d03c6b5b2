import type { Product } from '../products/product.js';
import { isExpired, KNOWLEDGE_LEVELS, type Questionnaire } from '../profiles/questionnaire.js';
import { effectiveRiskClass, knownVolatility, type PricedProduct } from '../risk/market/risk-figures.js';
import type { RiskClass } from '../risk/risk-class.js';

export const SUITABILITY_RULES = [
  'questionnaire',
  'risk_tolerance',
  'knowledge',
  'horizon',
  'amount',
  'credit_risk',
] as const;
export type SuitabilityRule = (typeof SUITABILITY_RULES)[number];

export interface SuitabilityCheck {
  readonly rule: SuitabilityRule;
  readonly passed: boolean;
  readonly text: string;
}

/** Whether a product may be recommended to a user; every rule that applies to this type of product, and how it came out. */
export interface SuitabilityDecision {
  readonly suitable: boolean;
  readonly checks: readonly SuitabilityCheck[];
}

export interface SuitabilityFacts {
  readonly questionnaire?: Questionnaire;
  /** The user's own risk; absent where no risk model is active. */
  readonly userRisk?: { readonly probability: number; readonly class: RiskClass };
}

type SuitabilityProduct = PricedProduct &
  Pick<Product, 'requiredKnowledge' | 'minimumAmount' | 'currency' | 'volatility'>;

/**
 * Investments need a valid questionnaire (MiFID II, Art. 25(2); insurance-based investments: IDD, Art. 30): funds, bonds, stocks, portfolios,
 * what is of no known type, and insurance with a volatility of its own. Deposits, accounts, cards, loans and plain insurance do not.
 */
export function needsQuestionnaire(product: PricedProduct & Pick<Product, 'volatility'>): boolean {
  switch (product.type) {
    case 'fund':
    case 'bond':
    case 'stock':
    case 'portfolio':
    case 'other':
      return true;
    case 'insurance':
      return (knownVolatility(product) ?? 0) > 0;
    default:
      return false;
  }
}

/** Decides by the rules of docs/recommendations.md. Pure: the same facts at the same moment give the same decision. */
export function decideSuitability(
  product: SuitabilityProduct,
  { questionnaire, userRisk }: SuitabilityFacts,
  now: Date,
): SuitabilityDecision {
  if (product.type === 'loan' || product.type === 'card') return decision([creditCheck(userRisk)]);
  if (needsQuestionnaire(product)) {
    const valid = questionnaireCheck(questionnaire, now);
    if (!questionnaire || !valid.passed) return decision([valid]);
    return decision([
      valid,
      toleranceCheck(product, questionnaire),
      knowledgeCheck(product, questionnaire),
      horizonCheck(product, questionnaire),
      amountCheck(product, questionnaire),
    ]);
  }
  // What is not an investment is still not offered against what the user has told.
  if (product.type !== 'insurance' && questionnaire && !isExpired(questionnaire, now))
    return decision([
      horizonCheck(product, questionnaire),
      ...(questionnaire.investableAmount === null ? [] : [amountCheck(product, questionnaire)]),
    ]);
  return decision([]);
}

const decision = (checks: SuitabilityCheck[]): SuitabilityDecision => ({
  suitable: checks.every(({ passed }) => passed),
  checks,
});

const check = (rule: SuitabilityRule, passed: boolean, text: string): SuitabilityCheck => ({ rule, passed, text });

function questionnaireCheck(questionnaire: Questionnaire | undefined, now: Date): SuitabilityCheck {
  if (!questionnaire)
    return check('questionnaire', false, 'there is no suitability questionnaire, and an investment needs one');
  const date = questionnaire.expiresAt.toISOString().slice(0, 10);
  if (isExpired(questionnaire, now))
    return check('questionnaire', false, `the suitability questionnaire expired on ${date}`);
  return check('questionnaire', true, `the suitability questionnaire is valid until ${date}`);
}

/** By the higher of the stated class and that of the price history: who stated too low a class must not sell by it. */
function toleranceCheck(product: SuitabilityProduct, { riskTolerance }: Questionnaire): SuitabilityCheck {
  const riskClass = effectiveRiskClass(product);
  const passed = riskClass <= riskTolerance;
  const source = riskClass > product.riskClass ? ` by its price history (stated: ${product.riskClass})` : '';
  const text = `risk class ${riskClass}${source} is ${passed ? 'within' : 'above'} the tolerance of ${riskTolerance}`;
  return check('risk_tolerance', passed, text);
}

function knowledgeCheck({ requiredKnowledge }: SuitabilityProduct, { knowledge }: Questionnaire): SuitabilityCheck {
  const required = KNOWLEDGE_LEVELS[requiredKnowledge];
  return check(
    'knowledge',
    knowledge >= requiredKnowledge,
    `knowledge is ${KNOWLEDGE_LEVELS[knowledge]}, required ${required}`,
  );
}

function horizonCheck(
  { minimumHorizonMonths }: SuitabilityProduct,
  { horizonMonths }: Questionnaire,
): SuitabilityCheck {
  const passed = horizonMonths >= minimumHorizonMonths;
  return check(
    'horizon',
    passed,
    `the horizon is ${horizonMonths} months, at least ${minimumHorizonMonths} are needed`,
  );
}

function amountCheck(
  { minimumAmount, currency }: SuitabilityProduct,
  { investableAmount }: Questionnaire,
): SuitabilityCheck {
  if (minimumAmount === 0) return check('amount', true, 'there is no minimum amount');
  if (investableAmount === null)
    return check(
      'amount',
      false,
      `the investable amount is not known, at least ${minimumAmount} ${currency} is needed`,
    );
  const passed = investableAmount >= minimumAmount;
  return check(
    'amount',
    passed,
    `${investableAmount} can be invested, at least ${minimumAmount} ${currency} is needed`,
  );
}

function creditCheck(userRisk: SuitabilityFacts['userRisk']): SuitabilityCheck {
  if (!userRisk) return check('credit_risk', true, 'the risk of the user was not assessed: no risk model is active');
  const percent = Number((userRisk.probability * 100).toPrecision(3));
  return check('credit_risk', userRisk.class !== 'high', `the risk of the user is ${userRisk.class} (${percent} %)`);
}
