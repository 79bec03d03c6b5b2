import { MAX_ATTRIBUTES, parseAttributes } from './attributes.js';

test('numbers, texts, days and nulls are kept as they are, truth values as 1 and 0', () => {
  const value = { age: 41.5, job: 'teacher', since: '2024-02-29', children: null, 'P5.a-b': -0, note: '2024-2-3' };
  expect(parseAttributes(value)).toEqual(value);
  expect(parseAttributes({ owner: true, married: false })).toEqual({ owner: 1, married: 0 });
});

test.each([
  [{ a: Number.NaN }],
  [{ a: Number.POSITIVE_INFINITY }],
  [{ a: 'x\0y' }],
  [{ a: '\ud800' }],
  [{ a: '2023-02-29' }],
  [{ a: '9999-12-31' }],
  [{ a: '1899-12-31' }],
  [{ a: 'x'.repeat(501) }],
  [{ a: {} }],
  [{ a: [1] }],
  [{ a: undefined }],
  [{ 'a b': 1 }],
  [{ '': 1 }],
  [{ '1a': 1 }],
  [{ 'profile.x': 1 }],
  [JSON.parse('{"__proto__": 1}')],
  [{ ['x'.repeat(64)]: 1 }],
  [Object.fromEntries(Array.from({ length: MAX_ATTRIBUTES + 1 }, (_, i) => [`n${i}`, i]))],
  [[1]],
  [null],
  ['text'],
])('what cannot be stored is refused: %j', (value) => {
  expect(() => parseAttributes(value)).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }));
});
