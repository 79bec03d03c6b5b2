import type { Product } from './product.js';
import { similarProducts } from './similarity.js';

const product = (code: string, rest: Partial<Product> = {}): Product => ({
  id: code,
  code,
  name: code,
  type: 'fund',
  riskClass: 3,
  expectedYield: 0.05,
  volatility: 0.1,
  termMonths: null,
  minimumAmount: 0,
  minimumHorizonMonths: 0,
  requiredKnowledge: 0,
  currency: 'EUR',
  attributes: {},
  active: true,
  createdAt: new Date(0),
  updatedAt: new Date(0),
  ...rest,
});

const a = product('a');
const twin = product('twin');
const riskier = product('riskier', { riskClass: 5, volatility: 0.3 });
const loan = product('loan', {
  type: 'loan',
  riskClass: 1,
  expectedYield: null,
  volatility: null,
  minimumAmount: 10_000,
});
const all = [a, twin, riskier, loan];

test('the likest come first, and never the product itself', () => {
  const similar = similarProducts(a, all, [], 10);
  expect(similar.map(({ product: each }) => each.code)).toEqual(['twin', 'riskier', 'loan']);
  expect(similar[0].similarity).toBe(1);
  expect(similarProducts(a, all, [], 1)).toHaveLength(1);
});

test('reasons add up to the similarity, and unknown values are left out', () => {
  for (const { similarity, reasons } of similarProducts(
    a,
    all,
    [
      { id: 'a', holders: 90, both: 90 },
      { id: 'loan', holders: 60, both: 30 },
    ],
    10,
  )) {
    expect(reasons.reduce((sum, reason) => sum + reason.contribution, 0)).toBeCloseTo(similarity, 12);
    expect(similarity).toBeGreaterThanOrEqual(0);
    expect(similarity).toBeLessThanOrEqual(1);
  }
  const { reasons } = similarProducts(a, all, [], 10)[2];
  expect(reasons.map((reason) => reason.dimension).sort()).toEqual(['minimumAmount', 'riskClass', 'type']);
  expect(reasons.find((reason) => reason.dimension === 'type')?.text).toBe('loan, not fund');
});

test('follows the formula', () => {
  const [, second] = similarProducts(a, all, [], 10);
  // type 1, risk class 1 − 2/4, yield 1 (no range), volatility 1 − .2/.2, minimum amount 1; the term of neither is known
  expect(second.similarity).toBeCloseTo((3 * 1 + 2 * 0.5 + 1 + 0 + 1) / 8, 12);
});

test('who holds both counts, the more the more users hold them', () => {
  const owned = (holders: number, both: number) => [
    { id: 'a', holders, both: holders },
    { id: 'loan', holders, both },
  ];
  const similarity = (holders: number, both: number) =>
    similarProducts(a, [loan], owned(holders, both), 1)[0].similarity;
  const content = similarProducts(a, [loan], [], 1)[0].similarity;
  expect(similarity(1_000, 900)).toBeGreaterThan(similarity(10, 9));
  expect(similarity(10, 9)).toBeGreaterThan(content);
  const alpha = (0.5 * 50) / (50 + 50);
  expect(similarity(50, 25)).toBeCloseTo((1 - alpha) * content + alpha * (25 / 75), 12);
});

test('ties go by code', () => {
  const codes = ['c', 'b', 'd'].map((code) => product(code));
  expect(similarProducts(a, codes, [], 3).map((each) => each.product.code)).toEqual(['b', 'c', 'd']);
});
