import { conform } from './conform.js';
import type { Column, Dataset } from './dataset.js';

const NONE = Number.NaN;
const datasetOf = (...columns: Column[]): Dataset => ({
  name: 'bank',
  size: 3,
  userIds: ['a', 'b', 'c'],
  columns,
  protectedColumns: [],
});
const numbers: Column = { kind: 'numeric', name: 'x', values: Float64Array.of(1.5, NONE, 3) };
/** The same three users, of whom the second turned out to have a text: all became categories. */
const mixed: Column = {
  kind: 'categorical',
  name: 'x',
  values: Int32Array.of(0, 1, 2),
  categories: ['1.5', 'unknown', '3'],
};
const as = (column: Column, kind: Column['kind']) => conform(datasetOf(column), new Map([['x', kind]])).columns[0];

test('one text among numbers changes nothing of what is read of the others', () => {
  expect(as(mixed, 'numeric')).toEqual(as(numbers, 'numeric'));
});

test('numbers as categories have the texts that they would have among texts', () => {
  expect(as(numbers, 'categorical')).toEqual({
    kind: 'categorical',
    name: 'x',
    values: Int32Array.of(0, -1, 1),
    categories: ['1.5', '3'],
  });
});

test('days are read from texts, and written as them', () => {
  const days: Column = { kind: 'date', name: 'x', values: Float64Array.of(0, NONE, 20_000) };
  const texts = as(days, 'categorical');
  expect(texts).toMatchObject({ categories: ['1970-01-01', '2024-10-04'] });
  expect(as(texts, 'date')).toEqual(days);
  expect(as(days, 'numeric')).toMatchObject({ values: Float64Array.of(NONE, NONE, NONE) });
  expect(as(mixed, 'date')).toMatchObject({ values: Float64Array.of(NONE, NONE, NONE) });
});

test('a column of the agreed kind, and one of which nothing was agreed, stay as they are', () => {
  expect(as(numbers, 'numeric')).toBe(numbers);
  expect(conform(datasetOf(mixed), new Map()).columns[0]).toBe(mixed);
});
