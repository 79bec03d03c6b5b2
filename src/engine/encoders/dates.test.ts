import { datePart, daysOf } from './dates.js';

describe('dates', () => {
  test('ISO dates and times to days', () => {
    expect(daysOf('1970-01-01')).toBe(0);
    expect(daysOf('1969-12-31')).toBe(-1);
    expect(daysOf('2020-02-29')).toBe(18_321);
    expect(daysOf('2020-02-29T23:59:59.999Z')).toBe(18_321);
    expect(daysOf('0050-01-01')).toBeLessThan(-700_000);
  });

  test.each(['', '2021-02-29', '2021-13-01', '29/02/2020', '2020-02-29x', 'yesterday'])('%p is no date', (text) => {
    expect(daysOf(text)).toBeNaN();
  });

  test('parts', () => {
    expect([datePart(18_321.9, 'year'), datePart(18_321.9, 'month'), datePart(18_321, 'days')]).toEqual([
      2020, 2, 18_321,
    ]);
    expect(datePart(-1, 'year')).toBe(1969);
    for (const days of [Number.NaN, Number.POSITIVE_INFINITY, 1e12]) expect(datePart(days, 'year')).toBeNaN();
  });
});
