import type { Feature } from '../engine/encoders/contract.js';
import type { Reason } from '../models/reasons.js';
import { featureNames } from './feature-names.js';
import { principalReasons } from './principal-reasons.js';

/** As many training users in each bin. */
const evenly = (edges: readonly number[]) => edges.slice(1).map((_, bin) => 1 - (bin + 0.5) / (edges.length - 1));
const numeric = (column: string, edges: number[], rest: Partial<Feature> = {}): Feature =>
  ({
    kind: 'numeric',
    name: column,
    column,
    encoding: 'piecewise',
    edges,
    codes: [],
    missing: true,
    mean: evenly(edges),
    ...rest,
  }) as Feature;
const features = [
  numeric('income', [500, 1500, 2000, 3000, 9000]),
  numeric('creditUtilisation', [0, 0.2, 0.4, 1.2]),
  numeric('paid', [0, 1, 2], { codes: [-1] }),
  numeric('since', [10_000, 15_000, 20_000], { name: 'since.days', part: 'days' }),
  numeric('since', [1, 6, 12], { name: 'since.month', part: 'month' }),
];
const reason = (feature: string, value: Reason['value'], contribution: number): Reason => ({
  feature,
  value,
  contribution,
  text: '',
});
const options = { nameOf: featureNames([]), features };
const only = (feature: string, value: Reason['value']) => principalReasons([reason(feature, value, 0.5)], options)[0];

test('are the four largest contributions that raised the risk, largest first', () => {
  const reasons = [
    reason('a', 1, 0.1),
    reason('b', 1, -3),
    reason('c', 1, 0.5),
    reason('d', 1, 0.2),
    reason('e', 1, 0.3),
    reason('f', 1, 0.4),
    reason('g', 1, 1e-9),
    reason('others', 7, 0.9),
  ];
  expect(principalReasons(reasons, options).map(({ feature }) => feature)).toEqual(['c', 'f', 'e', 'd']);
  expect(principalReasons([reason('b', 1, -3), reason('g', 1, 0)], options)).toEqual([]);
});

test.each([
  ['income', 900, 'INCOME_LOW', 'Income of 900 is lower than usual, which raises the risk.'],
  ['income', 8000, 'INCOME_HIGH', 'Income of 8,000 is higher than usual, which raises the risk.'],
  [
    'creditUtilisation',
    0.92,
    'CREDIT_UTILISATION_HIGH',
    'Credit utilisation of 92 % is higher than usual, which raises the risk.',
  ],
  ['income', null, 'INCOME_UNKNOWN', 'Income is not known, which raises the risk.'],
  ['income', 2000, 'INCOME_VALUE', 'Income of 2,000 raises the risk.'],
  ['paid', -1, 'PAID_VALUE', 'Paid of -1 raises the risk.'],
  ['job', 'none', 'JOB_VALUE', 'Job "none" raises the risk.'],
  ['since', '2024-10-04', 'SINCE_LATE', 'Since 2024-10-04 is later than usual, which raises the risk.'],
  ['owned:CARD-1', 1, 'CARD_1_OWNED', 'Owning CARD-1 raises the risk.'],
  ['owned:other products', 0, 'OTHER_PRODUCTS_NOT_OWNED', 'Not owning other products raises the risk.'],
])('%s of %s is %s', (feature, value, code, text) => {
  expect(only(feature, value)).toMatchObject({ code, text });
});

test('are told in the words of the institution, in Chinese by the label that it gives, else by the English one, else by the name', () => {
  const nameOf = featureNames([
    { name: 'income', label: 'net income', labelZh: '月净收入', actionable: null },
    { name: 'job', label: 'occupation', labelZh: null, actionable: null },
  ]);
  const texts = (feature: string, value: Reason['value']) =>
    principalReasons([reason(feature, value, 1)], { nameOf, features })[0];
  expect(texts('income', 900)).toMatchObject({
    text: 'Net income of 900 is lower than usual, which raises the risk.',
    textZh: '月净收入为 900，低于一般水平，提高了风险。',
  });
  expect(texts('job', 'none').textZh).toBe('occupation为“none”，提高了风险。');
  expect(texts('paid', 2).textZh).toBe('paid为 2，高于一般水平，提高了风险。');
  expect(texts('income', null).textZh).toBe('月净收入未知，提高了风险。');
});
