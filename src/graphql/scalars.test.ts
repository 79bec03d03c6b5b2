import { Kind, parseValue } from 'graphql';
import { ConcordError } from '../errors.js';
import { AttributesScalar, CalendarDate, DateTime } from './scalars.js';

const bad = (work: () => unknown) => expect(work).toThrow(ConcordError);

describe('DateTime', () => {
  it.each([
    ['2026-03-01T09:30:00Z', '2026-03-01T09:30:00.000Z'],
    ['2026-03-01T09:30:00.123456+02:00', '2026-03-01T07:30:00.123Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
  ])('reads %s', (text, instant) => {
    expect(DateTime.serialize(DateTime.parseValue(text))).toBe(instant);
    expect(DateTime.parseLiteral({ kind: Kind.STRING, value: text }).toISOString()).toBe(instant);
  });

  it.each([
    '2026-03-01',
    '2026-03-01T09:30:00',
    '2025-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '9999-01-01T00:00:00Z',
    '1799-12-31T00:00:00Z',
    '',
    5,
    null,
    {},
  ])('refuses %p', (value) => bad(() => DateTime.parseValue(value)));
});

describe('Date', () => {
  it('reads and writes a day', () => {
    expect(CalendarDate.parseValue('2026-03-01')).toBe('2026-03-01');
    expect(CalendarDate.serialize(new Date('2026-03-01T00:00:00Z'))).toBe('2026-03-01');
  });

  it.each(['2026-02-30', '01.03.2026', '2200-01-01', 20260301])('refuses %p', (value) =>
    bad(() => CalendarDate.parseValue(value)));
});

describe('Attributes', () => {
  it('takes numbers, texts, truth values and nulls, as variables and as literals', () => {
    const value = { age: 41, job: 'teacher', owner: true, income: null };
    expect(AttributesScalar.parseValue(value)).toEqual(value);
    expect(AttributesScalar.parseLiteral(parseValue('{age: 41, job: "teacher", owner: true, income: null}'))).toEqual(
      value,
    );
    expect(AttributesScalar.parseLiteral(parseValue('{age: $age}'), { age: 7 })).toEqual({ age: 7 });
  });

  it('does not let a name reach the prototype', () => {
    const value = AttributesScalar.parseValue(JSON.parse('{"constructor": 1, "toString": 2}')) as object;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.entries(value)).toEqual([
      ['constructor', 1],
      ['toString', 2],
    ]);
  });

  it.each([
    [[]],
    ['x'],
    [5],
    [null],
    [{ a: {} }],
    [{ a: [1] }],
    [{ a: Number.POSITIVE_INFINITY }],
    [{ '': 1 }],
    [{ a: 'x'.repeat(5000) }],
  ])('refuses %p', (value) => bad(() => AttributesScalar.parseValue(value)));

  it('refuses enum values and too many names', () => {
    bad(() => AttributesScalar.parseLiteral(parseValue('{a: NaN}')));
    bad(() => AttributesScalar.parseValue(Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`a${i}`, i]))));
  });
});
