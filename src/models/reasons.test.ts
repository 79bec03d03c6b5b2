import { readableName, readableNumber, reasonsOf } from './reasons.js';

const explanation = {
  base: -1,
  score: 0.75,
  contributions: [
    { feature: 'utilisation', value: 0.92, contribution: 1.5 },
    { feature: 'job', value: 'services', contribution: -0.5 },
    { feature: 'owned:F-1', value: 0, contribution: 0.4 },
    { feature: 'since', value: '2019-04-01', contribution: 0.3 },
    { feature: 'LIMIT_BAL', value: null, contribution: 0.05 },
    { feature: 'age', value: 41, contribution: 0 },
  ],
};

test('reasons say in words what the model adds', () => {
  const reasons = reasonsOf(explanation, 'risk', {
    productName: (code) => (code === 'F-1' ? 'Green Fund' : undefined),
  });
  expect(reasons.map(({ text }) => text)).toEqual([
    'utilisation of 92 % raises the risk',
    'job "services" lowers the risk',
    'not owning Green Fund raises the risk',
    'since 2019-04-01 raises the risk',
    'not knowing limit bal raises the risk',
  ]);
});

test.each([1, 2, 3, 4, 10])('with %d kept one by one the sum stays the same', (kept) => {
  const reasons = reasonsOf(explanation, 'risk', { kept });
  const sum = reasons.reduce((total, { contribution }) => total + contribution, explanation.base);
  expect(sum).toBeCloseTo(explanation.score, 12);
  expect(reasons.length).toBeLessThanOrEqual(kept + 1);
});

test.each([
  ['profile.viewSeconds13w', 'view seconds in 13 weeks'],
  ['profile.interest.fund', 'share of fund in products looked at'],
  ['profile.daysSinceLast', 'days since last'],
  ['LIMIT_BAL', 'limit bal'],
  ['PAY_0', 'pay 0'],
])('%s is called %s', (feature, name) => {
  expect(readableName(feature)).toBe(name);
});

test.each([
  ['share', 0.5, '50 %'],
  ['credit utilisation', 0.1234, '12.3 %'],
  ['ratio', 3.5, '3.5'],
  ['income', 41_000, '41,000'],
  ['amount', 12_345.678, '12,345.7'],
  ['age', 0.123456, '0.123'],
])('%s %d is written %s', (name, value, text) => {
  expect(readableNumber(name, value)).toBe(text);
});
