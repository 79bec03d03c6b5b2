import { dropout, fillMask } from './dropout.js';
import { createRandom } from './random.js';

test('a mask is 0 or 1 / (1 − rate), in the shares asked for, and the same for the same seed', () => {
  const mask = new Float32Array(100_001);
  fillMask(mask, { rate: 0.25 }, createRandom(1));
  expect(new Set(mask)).toEqual(new Set([0, Math.fround(4 / 3)]));
  expect(mask.filter((value) => value === 0).length / mask.length).toBeCloseTo(0.25, 2);
  const again = new Float32Array(mask.length);
  fillMask(again, { rate: 0.25 }, createRandom(1));
  expect(again).toEqual(mask);
});

test('a rate of 0 asks for no mask', () => {
  expect(dropout({ name: 'none', width: 4, rate: 0 }).masks).toEqual([]);
  expect(dropout({ name: 'some', width: 4, rate: 0.1 }).masks).toEqual([{ name: 'some', width: 4, rate: 0.1 }]);
});
