import { matcher, selectNames } from './condition.js';
import { dateParser } from './date.js';
import { numberParser } from './number.js';

const iso = (time: number) => (Number.isNaN(time) ? undefined : new Date(time).toISOString());

test.each([
  ['1', 1],
  ['-1.50', -1.5],
  ['+.5', 0.5],
  ['1e3', 1000],
  ['$1,250.00', 1250],
  ['10.65%', 10.65],
  ['-€ 3', -3],
  ["1'000'000", 1_000_000],
  ['', Number.NaN],
  ['abc', Number.NaN],
  ['0x10', Number.NaN],
  ['Infinity', Number.NaN],
  ['1e999', Number.NaN],
  ['1,2,3', Number.NaN],
  ['NaN', Number.NaN],
  ['12-13', Number.NaN],
])('the number %j is %d', (text, value) => {
  expect(numberParser('.')(text)).toBe(value);
});

test.each([
  ['1.250,75', 1250.75],
  ['0,5', 0.5],
  ['12', 12],
  ['1,2,3', Number.NaN],
])('with a decimal comma, %j is %d', (text, value) => {
  expect(numberParser(',')(text)).toBe(value);
});

test.each<[string | string[], string, string | undefined]>([
  ['iso', '2024-02-29', '2024-02-29T00:00:00.000Z'],
  ['iso', '2024-02-29T23:30:00.5+01:00', '2024-02-29T22:30:00.500Z'],
  ['iso', '2023-02-29', undefined],
  ['iso', '9999-12-31', '9999-12-31T00:00:00.000Z'],
  ['d/m/yyyy', '1/2/2019', '2019-02-01T00:00:00.000Z'],
  ['dd/mm/yyyy', '1/2/2019', undefined],
  ['yymmdd', '930705', '1993-07-05T00:00:00.000Z'],
  ['yymmdd', '690101', '2069-01-01T00:00:00.000Z'],
  ['yymmdd HH:MM:SS', '931107 08:09:10', '1993-11-07T08:09:10.000Z'],
  ['mmm-yyyy', 'Dec-2011', '2011-12-01T00:00:00.000Z'],
  ['d mmm yyyy', '3 september 2001', '2001-09-03T00:00:00.000Z'],
  ['m/d/yyyy', '13/1/2000', undefined],
  ['unix', '881250949', '1997-12-04T15:55:49.000Z'],
  ['unix-ms', '881250949123', '1997-12-04T15:55:49.123Z'],
  [['iso', 'd.m.yyyy'], '3.4.1999', '1999-04-03T00:00:00.000Z'],
  ['iso', '2024-01-01; drop table users', undefined],
])('by %j, %j is %s', (format, text, expected) => {
  expect(iso(dateParser(format)(text))).toBe(expected);
});

test.each(['dd-HH', 'mm/mm/yyyy', 'hello'])('%j is no date format', (format) => {
  expect(() => dateParser(format)).toThrow(/is no date format/);
});

test('conditions are values, lists and ranges', () => {
  expect(['1', '1.0', '2', ''].map(matcher(1))).toEqual([true, true, false, false]);
  expect(['yes', 'no'].map(matcher('yes'))).toEqual([true, false]);
  expect(['a', 'b', 'c'].map(matcher(['a', 'b']))).toEqual([true, true, false]);
  expect(['3', '4', '5', 'x', ''].map(matcher({ min: 4 }))).toEqual([false, true, true, false, false]);
  expect(['', 'x', 'y'].map(matcher({ not: ['', 'y'] }))).toEqual([false, true, false]);
});

test('names are selected with *', () => {
  const names = ['own_a', 'own_b', 'x.own', 'own'];
  expect(selectNames(['own_*'], names)).toEqual(['own_a', 'own_b']);
  expect(selectNames(['*.own', 'own'], names)).toEqual(['x.own', 'own']);
});
