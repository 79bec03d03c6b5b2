import type { CategoricalSpec, DateSpec, NumericSpec, SeriesRules } from '../descriptor.js';
import { Actions } from '../report.js';
import { CategoricalCleaner } from './categorical.js';
import type { Cleaner } from './cleaner.js';
import { DateCleaner } from './date.js';
import { NumericCleaner } from './numeric.js';
import { outlierBounds, tame } from './outliers.js';
import { mean, quantile, Sample } from './sample.js';
import { SeriesCleaner } from './series.js';

const NULLS = new Set(['', 'NA']);

/** Learns from the training texts and cleans the others, as a column is. */
function cleaned<V>(cleaner: Cleaner<V>, texts: readonly string[], training: readonly string[] = texts) {
  for (const text of training) cleaner.observe(text);
  cleaner.settle();
  const actions = new Actions();
  const values = texts.map((text) => {
    const fault: { reason?: string } = {};
    const value = cleaner.clean(text, actions, fault);
    const filled = fault.reason === undefined ? cleaner.fill(value, actions, fault) : value;
    return fault.reason ?? filled;
  });
  return { values, actions: actions.toJSON() };
}
const numeric = (spec: Partial<NumericSpec>, texts: string[], training?: string[]) =>
  cleaned(new NumericCleaner(spec, NULLS, '.'), texts, training);
const categorical = (spec: Partial<CategoricalSpec>, texts: string[], training?: string[]) =>
  cleaned(new CategoricalCleaner(spec, NULLS), texts, training);
const date = (spec: Partial<DateSpec>, texts: string[]) => cleaned(new DateCleaner(spec, NULLS), texts);

describe('numbers that are missing', () => {
  const texts = ['1', '', '2', 'NA', '9'];
  test.each<[NumericSpec['missing'], (number | string)[], string]>([
    [undefined, [1, Number.NaN, 2, Number.NaN, 9], 'missing'],
    ['own', [1, Number.NaN, 2, Number.NaN, 9], 'missing'],
    ['mean', [1, 4, 2, 4, 9], 'missing, filled by mean'],
    ['median', [1, 2, 2, 2, 9], 'missing, filled by median'],
    [{ constant: -1 }, [1, -1, 2, -1, 9], 'missing, filled by constant'],
    ['reject', [1, 'missing value', 2, 'missing value', 9], 'missing'],
  ])('%j', (missing, values, action) => {
    expect(numeric({ missing }, texts)).toEqual({ values, actions: { [action]: 2 } });
  });

  test('are filled by what training rows say, and nothing else', () => {
    expect(numeric({ missing: 'mean' }, ['', '100'], ['1', '3']).values).toEqual([2, 100]);
  });
});

describe('numbers that are impossible', () => {
  const texts = ['-1', '5', '200', 'many'];
  test.each<[NumericSpec['impossible'], (number | string)[], Record<string, number>]>([
    [
      undefined,
      [Number.NaN, 5, Number.NaN, Number.NaN],
      { 'impossible value, missing': 2, 'unreadable number, missing': 1, missing: 3 },
    ],
    ['clip', [0, 5, 100, Number.NaN], { 'impossible value, clipped': 2, 'unreadable number, missing': 1, missing: 1 }],
    ['reject', ['impossible value', 5, 'impossible value', 'unreadable number'], {}],
  ])('%j', (impossible, values, actions) => {
    expect(numeric({ min: 0, max: 100, impossible }, texts)).toEqual({ values, actions });
  });

  test('do not count as training values', () => {
    expect(numeric({ min: 0, missing: 'mean' }, ['', '4', '6', '-1000']).values).toEqual([5, 4, 6, 5]);
  });

  test('are none where they are codes', () => {
    expect(numeric({ max: 100, codes: [999], missing: 'mean' }, ['999', '', '10'])).toEqual({
      values: [999, 10, 10],
      actions: { 'missing, filled by mean': 1 },
    });
  });
});

describe('outliers', () => {
  const texts = [...Array.from({ length: 99 }, (_, i) => String(i)), '100000'];

  test('are clipped at quantiles, by default .01 and .99', () => {
    const { values, actions } = numeric({ outliers: { rule: 'quantiles' } }, texts);
    expect(values[0]).toBeCloseTo(0.99, 6);
    expect(values[99]).toBeCloseTo(quantile(texts.map(Number), 0.99), 6);
    expect(actions).toEqual({ 'outlier, clipped': 2 });
  });

  test.each(['iqr', 'mad'] as const)('become missing by %s', (rule) => {
    const { values, actions } = numeric({ outliers: { rule, action: 'missing' }, missing: 'mean' }, texts);
    expect(values[98]).toBe(98);
    expect(values[99]).toBe(49); // the mean of what is left
    expect(actions).toEqual({ 'outlier, missing': 1, 'missing, filled by mean': 1 });
  });

  test('are bounded as the textbooks say', () => {
    const sorted = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    expect(outlierBounds(sorted, { rule: 'iqr' })).toEqual({ low: 3 - 6, high: 7 + 6 });
    expect(outlierBounds(sorted, { rule: 'mad', factor: 2 })).toEqual({
      low: 5 - 2 * 1.4826 * 2,
      high: 5 + 2 * 1.4826 * 2,
    });
    expect(outlierBounds([5, 5, 5, 5, 900], { rule: 'iqr' }).high).toBe(Number.POSITIVE_INFINITY);
    expect(outlierBounds([], { rule: 'quantiles' })).toEqual({
      low: Number.NEGATIVE_INFINITY,
      high: Number.POSITIVE_INFINITY,
    });
    expect([tame(1, { low: 2, high: 3 }, 'clip'), tame(4, { low: 2, high: 3 }, 'clip')]).toEqual([2, 3]);
  });
});

describe('categories', () => {
  test.each<[CategoricalSpec['unknown'], (string | null)[], Record<string, number>]>([
    [undefined, ['a', 'unknown', null], { 'unknown category, unknown': 1, missing: 1 }],
    ['missing', ['a', null, null], { 'unknown category, missing': 1, missing: 2 }],
    ['reject', ['a', 'unknown category', null], { missing: 1 }],
    [{ as: 'b' }, ['a', 'b', null], { 'unknown category, b': 1, missing: 1 }],
  ])('that are unknown: %j', (unknown, values, actions) => {
    expect(categorical({ categories: ['a', 'b'], unknown }, ['a', 'z', 'NA'])).toEqual({ values, actions });
  });

  test('that are missing take the most frequent of the training rows, or a constant', () => {
    expect(categorical({ missing: 'mode' }, ['', 'x', 'x'], ['y', 'y', 'x']).values).toEqual(['y', 'x', 'x']);
    expect(categorical({ missing: { constant: 'none' } }, ['']).values).toEqual(['none']);
    expect(categorical({ missing: 'reject' }, ['']).values).toEqual(['missing value']);
  });

  test('are mapped first', () => {
    expect(categorical({ map: { '1': 'male', '9': null }, categories: ['male'] }, ['1', '9'])).toEqual({
      values: ['male', null],
      actions: { mapped: 2, missing: 1 },
    });
  });

  test('have at most 500 characters', () => {
    expect(categorical({}, ['x'.repeat(501)]).values).toEqual(['longer than 500 characters']);
  });
});

describe('dates', () => {
  test('are days; others are missing, clipped or rejected', () => {
    const texts = ['1970-01-02', '9999-12-31', '31.2.2020', ''];
    expect(date({}, texts)).toEqual({
      values: [1, Number.NaN, Number.NaN, Number.NaN],
      actions: { 'impossible value, missing': 1, 'unreadable date, missing': 1, missing: 3 },
    });
    expect(date({ max: '1970-01-11', impossible: 'clip' }, texts).values.slice(0, 2)).toEqual([1, 10]);
    expect(date({ impossible: 'reject', missing: { constant: '1970-01-01' } }, texts).values).toEqual([
      1,
      'impossible value',
      'unreadable date',
      0,
    ]);
  });
});

describe('series', () => {
  const run = (rules: SeriesRules, values: number[]) => {
    const cleaner = new SeriesCleaner(rules);
    return values.map((value) => cleaner.next(value).value);
  };
  const N = Number.NaN;
  test.each<[string, SeriesRules, number[], number[]]>([
    ['carry the last observation forward', { missing: 'last' }, [N, 1, N, N, 4], [N, 1, 1, 1, 4]],
    ['leave missing values alone', { smooth: { rule: 'moving-average', window: 2 } }, [2, N, 4, 6], [2, N, 3, 5]],
    ['are averaged over a window', { smooth: { rule: 'moving-average', window: 3 } }, [3, 6, 9, 12], [3, 4.5, 6, 9]],
    ['take the median of a window', { smooth: { rule: 'median', window: 3 } }, [1, 100, 2, 3], [1, 50.5, 2, 3]],
    ['are smoothed exponentially', { smooth: { rule: 'exponential', alpha: 0.5 } }, [4, 8, 0], [4, 6, 3]],
  ])('%s', (_, rules, values, expected) => {
    expect(run(rules, values)).toEqual(expected);
  });
});

describe('a sample', () => {
  test('is exact while it is small', () => {
    const sample = new Sample();
    for (const value of [3, 1, 2]) sample.add(value);
    expect([...sample.sorted()]).toEqual([1, 2, 3]);
    expect([mean([1, 2, 6]), quantile([1, 2, 4], 0.5), quantile([1, 2], 0.25), quantile([], 0.5)]).toEqual([
      3,
      2,
      1.25,
      Number.NaN,
    ]);
  });

  test('is bounded, uniform and reproducible when there is more', () => {
    const draw = () => {
      const sample = new Sample();
      for (let i = 0; i < 3 << 20; i++) sample.add(i);
      return sample.sorted();
    };
    const sorted = draw();
    expect(sorted).toHaveLength(1 << 20);
    expect(quantile(sorted, 0.5) / (3 << 20)).toBeCloseTo(0.5, 2);
    expect(draw()).toEqual(sorted);
  });
});
