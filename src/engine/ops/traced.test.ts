import { trace } from './traced.js';

const modelText = (model: Uint8Array): string => Buffer.from(model).toString('latin1');

test('operations that no output needs are not in the model', () => {
  const { model } = trace(
    (ops, [a]) => {
      ops.exp(a);
      return [ops.tanh(a)];
    },
    [{ shape: [2], dtype: 'float32' }],
  );
  expect(modelText(model)).toContain('Tanh');
  expect(modelText(model)).not.toContain('Exp');
});

test('shapes that do not fit are refused while tracing, with the shapes', () => {
  const inputs = [
    { shape: [2, 3], dtype: 'float32' },
    { shape: [2, 4], dtype: 'float32' },
  ] as const;
  expect(() => trace((ops, [a, b]) => [ops.add(a, b)], inputs)).toThrow('[2,3] and [2,4] do not fit');
  expect(() => trace((ops, [a, b]) => [ops.matMul(a, b)], inputs)).toThrow('matMul');
  expect(() => trace((ops, [a]) => [ops.reshape(a, [4])], inputs)).toThrow('reshape');
  expect(() => trace((ops, [a]) => [ops.slice(a, [0, 2], [2, 2])], inputs)).toThrow('slice');
  expect(() => trace((ops, [a, b]) => [ops.concat([a, b], 0)], inputs)).toThrow('concat');
});
