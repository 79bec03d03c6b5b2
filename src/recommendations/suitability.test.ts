import type { Product } from '../products/product.js';
import { priceFiguresOf } from '../risk/market/price-figures.js';
import { decideSuitability, needsQuestionnaire, type SuitabilityFacts } from './suitability.js';

const NOW = new Date('2026-03-01T00:00:00Z');
const answers = {
  riskTolerance: 3,
  knowledge: 1,
  horizonMonths: 60,
  investableAmount: 5000,
  completedAt: new Date('2025-06-01T00:00:00Z'),
  expiresAt: new Date('2026-06-01T00:00:00Z'),
};
const fund = {
  type: 'fund' as Product['type'],
  riskClass: 3,
  requiredKnowledge: 1,
  minimumHorizonMonths: 36,
  minimumAmount: 1000,
  currency: 'EUR',
  volatility: 0.1 as number | null,
  termMonths: null as number | null,
  attributes: {},
};
type Change = Partial<typeof fund>;
const answered = (change: Partial<typeof answers> | { investableAmount: null } = {}): SuitabilityFacts => ({
  questionnaire: { ...answers, ...change },
});
const risky = { userRisk: { probability: 0.4, class: 'high' as const } };

const cases: [string, Change, SuitabilityFacts, string | undefined, string?][] = [
  ['a fund that fits', {}, answered(), undefined],
  [
    'a fund without a questionnaire',
    {},
    {},
    'questionnaire',
    'there is no suitability questionnaire, and an investment needs one',
  ],
  [
    'a fund with an expired one',
    {},
    answered({ expiresAt: NOW }),
    'questionnaire',
    'the suitability questionnaire expired on 2026-03-01',
  ],
  [
    'a fund above the tolerance',
    { riskClass: 4 },
    answered(),
    'risk_tolerance',
    'risk class 4 is above the tolerance of 3',
  ],
  [
    'a fund that asks for more knowledge',
    { requiredKnowledge: 2 },
    answered(),
    'knowledge',
    'knowledge is basic, required informed',
  ],
  [
    'a fund for longer',
    { minimumHorizonMonths: 61 },
    answered(),
    'horizon',
    'the horizon is 60 months, at least 61 are needed',
  ],
  [
    'a fund for more money',
    { minimumAmount: 5001 },
    answered(),
    'amount',
    '5000 can be invested, at least 5001 EUR is needed',
  ],
  [
    'a fund, amount unknown',
    {},
    answered({ investableAmount: null }),
    'amount',
    'the investable amount is not known, at least 1000 EUR is needed',
  ],
  ['a fund without minimum, amount unknown', { minimumAmount: 0 }, answered({ investableAmount: null }), undefined],
  ['exactly at every limit', { minimumHorizonMonths: 60, minimumAmount: 5000 }, answered(), undefined],
  ['a stock without a questionnaire', { type: 'stock' }, {}, 'questionnaire'],
  ['something unknown without a questionnaire', { type: 'other' }, {}, 'questionnaire'],
  ['insurance that invests, without a questionnaire', { type: 'insurance' }, {}, 'questionnaire'],
  ['plain insurance', { type: 'insurance', volatility: null, riskClass: 5 }, {}, undefined],
  ['a deposit without a questionnaire', { type: 'deposit', riskClass: 5 }, {}, undefined],
  ['a deposit with an expired one', { type: 'deposit', minimumAmount: 9999 }, answered({ expiresAt: NOW }), undefined],
  ['a deposit for longer than the horizon', { type: 'deposit', minimumHorizonMonths: 61 }, answered(), 'horizon'],
  ['a deposit for more money', { type: 'deposit', minimumAmount: 9999 }, answered(), 'amount'],
  ['a deposit above the tolerance', { type: 'deposit', riskClass: 4 }, answered(), undefined],
  ['a deposit, amount unknown', { type: 'deposit' }, answered({ investableAmount: null }), undefined],
  ['a loan for a user of high risk', { type: 'loan' }, risky, 'credit_risk', 'the risk of the user is high (40 %)'],
  ['a card for a user of high risk', { type: 'card' }, risky, 'credit_risk'],
  [
    'a loan for a user of medium risk',
    { type: 'loan' },
    { userRisk: { probability: 0.2, class: 'medium' } },
    undefined,
  ],
  ['a loan where no model is active', { type: 'loan', riskClass: 5 }, {}, undefined],
  ['a fund for a user of high risk', {}, { ...risky, ...answered() }, undefined],
];

test.each(cases)('%s', (_, change, facts, rule, ...[text]) => {
  const decision = decideSuitability({ ...fund, ...change }, facts, NOW);
  const failed = decision.checks.filter(({ passed }) => !passed);
  expect(decision.suitable).toBe(rule === undefined);
  expect(failed.map((check) => check.rule)).toEqual(rule === undefined ? [] : [rule]);
  if (text) expect(failed[0].text).toBe(text);
});

test('all rules that are not met are named', () => {
  const product = { ...fund, riskClass: 5, requiredKnowledge: 3, minimumHorizonMonths: 120, minimumAmount: 1e6 };
  const failed = decideSuitability(product, answered(), NOW).checks.filter(({ passed }) => !passed);
  expect(failed.map(({ rule }) => rule)).toEqual(['risk_tolerance', 'knowledge', 'horizon', 'amount']);
});

test('a product is judged by its price history where that is riskier than the stated class', () => {
  const days = Array.from({ length: 261 }, (_, week) => new Date(Date.UTC(2026, 0, 30) - week * 7 * 86_400_000));
  const priced = (ratio: number) =>
    priceFiguresOf(days.map((day, week) => ({ day: day.toISOString().slice(0, 10), price: week % 2 ? ratio : 1 })));
  const toleranceOf = (ratio: number) => {
    const { checks } = decideSuitability({ ...fund, priceFigures: priced(ratio) }, answered(), NOW);
    return checks.find(({ rule }) => rule === 'risk_tolerance');
  };
  expect(toleranceOf(1.001)).toMatchObject({ passed: true, text: 'risk class 3 is within the tolerance of 3' });
  expect(toleranceOf(1.05)).toMatchObject({
    passed: false,
    text: 'risk class 5 by its price history (stated: 3) is above the tolerance of 3',
  });
});

test('investments are what needs a questionnaire', () => {
  const types = [
    'deposit',
    'fund',
    'bond',
    'stock',
    'insurance',
    'loan',
    'portfolio',
    'card',
    'account',
    'other',
  ] as const;
  const needing = types.filter((type) => needsQuestionnaire({ ...fund, type, volatility: null }));
  expect(needing).toEqual(['fund', 'bond', 'stock', 'portfolio', 'other']);
});
