import fc from 'fast-check';
import { logit, normalCdf, sigmoid } from './log-odds.js';
import { type PairProduct, pairRisk } from './pair-risk.js';
import { lossProbability, productRisk } from './product-risk.js';
import { checkThresholds, DEFAULT_THRESHOLDS, riskClassOf } from './risk-class.js';
import { shapley } from './shapley.js';

const fund: PairProduct = {
  type: 'fund',
  riskClass: 3,
  expectedYield: 0.05,
  volatility: 0.09,
  termMonths: null,
  minimumHorizonMonths: 60,
  minimumAmount: 1000,
  requiredKnowledge: 1,
  attributes: {},
};
const questionnaire = {
  riskTolerance: 3,
  knowledge: 1,
  horizonMonths: 60,
  investableAmount: 10_000,
  completedAt: new Date('2026-01-01'),
  expiresAt: new Date('2027-01-01'),
};
const products = fc.record<PairProduct>({
  type: fc.constantFrom(
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
  ),
  riskClass: fc.integer({ min: 1, max: 5 }),
  expectedYield: fc.option(fc.double({ min: -0.5, max: 1, noNaN: true })),
  volatility: fc.option(fc.double({ min: 0, max: 2, noNaN: true })),
  termMonths: fc.option(fc.integer({ min: 0, max: 600 })),
  minimumHorizonMonths: fc.integer({ min: 0, max: 600 }),
  minimumAmount: fc.double({ min: 0, max: 1e6, noNaN: true }),
  requiredKnowledge: fc.integer({ min: 0, max: 3 }),
  attributes: fc.constant({}),
});

describe('log-odds', () => {
  test.each([
    [0, 0.5],
    [1, 0.8413447460685429],
    [-1.959963984540054, 0.025],
    [-5, 2.866515718791939e-7],
    [3, 0.9986501019683699],
  ])('Φ(%d) = %d', (x, expected) => {
    expect(Math.abs(normalCdf(x) / expected - 1)).toBeLessThan(3e-7);
  });

  test('logit is the inverse of sigmoid, and finite at 0 and 1', () => {
    expect(sigmoid(logit(0.2))).toBeCloseTo(0.2, 12);
    expect(logit(0)).toBeCloseTo(Math.log(1e-6), 5);
    expect(logit(1)).toBeCloseTo(-Math.log(1e-6), 5);
  });
});

test('Shapley values of a product of inputs share its interaction, and sum to the difference', () => {
  const [a, b, c] = shapley(([x, y, z]) => x * y + 2 * z, [0, 0, 1], [3, 4, 5]);
  expect([a, b, c]).toEqual([6, 6, 8]);
});

test('loss probability: the lognormal formula by hand', () => {
  // (−(.05 − .02) · 4) / (.2 · 2) = −.3
  expect(lossProbability(0.05, 0.2, 4)).toBeCloseTo(0.3820885778, 6);
  expect(lossProbability(0.03, 0, 1)).toBeCloseTo(1e-6, 9);
});

test('reasons sum, with the base, to the log-odds of any product', () => {
  fc.assert(
    fc.property(products, (product) => {
      const risk = productRisk(product);
      const sum = risk.reasons.reduce((total, { contribution }) => total + contribution, risk.base);
      expect(Number.isFinite(sum)).toBe(true);
      expect(sum).toBeCloseTo(Math.log(risk.probability / (1 - risk.probability)), 6);
    }),
  );
});

test('reasons sum, with the base, to the log-odds of any pair', () => {
  fc.assert(
    fc.property(
      products,
      fc.option(fc.constant(questionnaire)),
      fc.double({ min: -5, max: 5, noNaN: true }),
      (product, answers, logOdds) => {
        const risk = pairRisk(product, answers ?? undefined, { logOdds, base: -1 });
        const sum = risk.reasons.reduce((total, { contribution }) => total + contribution, risk.base);
        expect(risk.probability).toBeCloseTo(sigmoid(sum), 9);
        for (const { text } of risk.reasons) expect(text).not.toMatch(/NaN|undefined|null/);
      },
    ),
  );
});

describe('the risk of a product', () => {
  test('grows with volatility and risk class, falls with yield', () => {
    const p = (change: Partial<PairProduct>) => productRisk({ ...fund, ...change }).probability;
    expect(p({ volatility: 0.2 })).toBeGreaterThan(p({}));
    expect(p({ expectedYield: 0.08 })).toBeLessThan(p({}));
    expect(p({ riskClass: 5 })).toBeGreaterThan(p({}));
    expect(p({ volatility: null, riskClass: 5 })).toBeGreaterThan(p({ volatility: null, riskClass: 2 }));
    expect(p({ type: 'loan', riskClass: 5 })).toBeGreaterThan(p({ type: 'loan', riskClass: 1 }));
    expect(p({ type: 'insurance', volatility: null, riskClass: 4 })).toBeCloseTo(0.15, 9);
  });

  test('is stated in words', () => {
    const texts = productRisk({ ...fund, volatility: 0.25 }).reasons.map(({ text }) => text);
    expect(texts).toContain('volatility of 25 % raises the risk');
    expect(productRisk({ ...fund, expectedYield: null }).reasons.map(({ text }) => text)).toContain(
      'unknown expected yield (taken as 0) raises the risk',
    );
  });
});

describe('the risk of a pair', () => {
  const risk = (change: Partial<typeof questionnaire>) =>
    pairRisk(fund, { ...questionnaire, ...change }, undefined).probability;

  test.each([
    ['less tolerance', { riskTolerance: 1 }],
    ['a shorter horizon', { horizonMonths: 6 }],
    ['less knowledge', { knowledge: 0 }],
    ['less to invest', { investableAmount: 1000 }],
  ])('grows with %s', (_, change) => {
    expect(risk(change)).toBeGreaterThan(risk({}));
  });

  test('grows with the risk of the user', () => {
    const of = (logOdds: number) => pairRisk(fund, questionnaire, { logOdds, base: -2 }).probability;
    expect(of(1)).toBeGreaterThan(of(-2));
  });

  test('without a questionnaire takes the most cautious answers, and says so', () => {
    const cautious = pairRisk(fund, undefined, undefined);
    expect(cautious.probability).toBeGreaterThan(risk({}));
    expect(cautious.reasons.some(({ text }) => text.includes('no valid questionnaire'))).toBe(true);
  });
});

test('classes by thresholds', () => {
  expect([0, 0.0999, 0.1, 0.2999, 0.3, 1].map((p) => riskClassOf(p, DEFAULT_THRESHOLDS))).toEqual([
    'low',
    'low',
    'medium',
    'medium',
    'high',
    'high',
  ]);
  expect(() => checkThresholds({ medium: 0.5, high: 0.4 })).toThrow(/thresholds/);
  expect(() => checkThresholds({ medium: Number.NaN, high: 0.4 })).toThrow(/thresholds/);
});
