import { concatenate, sequential } from './compose.js';
import { dense } from './dense.js';
import { layerNorm } from './layer-norm.js';
import { initialParameters, manifestOf } from './parameters.js';

const first = dense({ name: 'first', inputs: 3, units: 4, activation: 'relu' });
const second = dense({ name: 'second', inputs: 4, units: 2 });

test('the manifest lays parameters one after the other', () => {
  expect(manifestOf(sequential([first, layerNorm({ name: 'norm', width: 4 }), second]))).toEqual({
    size: 12 + 4 + 4 + 4 + 8 + 2,
    entries: [
      { name: 'first.weight', shape: [3, 4], offset: 0 },
      { name: 'first.bias', shape: [4], offset: 12 },
      { name: 'norm.gain', shape: [4], offset: 16 },
      { name: 'norm.bias', shape: [4], offset: 20 },
      { name: 'second.weight', shape: [4, 2], offset: 24 },
      { name: 'second.bias', shape: [2], offset: 32 },
    ],
  });
});

test('one layer in two places shares its parameters, two layers of one name are refused', () => {
  expect(manifestOf(concatenate([first, first])).size).toBe(16);
  const impostor = dense({ name: 'first', inputs: 3, units: 4 });
  expect(() => manifestOf(concatenate([first, impostor]))).toThrow('Two parameters are called first.weight.');
});

test('initial weights depend on the seed and the name alone', () => {
  const both = initialParameters(sequential([first, second]), 1);
  expect(both).toEqual(initialParameters(sequential([first, second]), 1));
  expect(both).not.toEqual(initialParameters(sequential([first, second]), 2));
  expect(both.subarray(16)).toEqual(initialParameters(second, 1));
  expect(both.subarray(12, 16)).toEqual(new Float32Array(4));
  const limit = Math.sqrt(6 / 3);
  for (const value of both.subarray(0, 12)) expect(Math.abs(value)).toBeLessThanOrEqual(limit);
});
