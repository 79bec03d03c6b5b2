import { createRandom } from '../layers/random.js';
import { createBatch } from './batch.js';
import { drawBeta, mixRows } from './mixup.js';

test.each([0.2, 1, 4])('Beta(%d, %d) has the mean and variance that it should', (alpha) => {
  const random = createRandom(3);
  const draws = Array.from({ length: 20_000 }, () => drawBeta(alpha, random));
  const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length;
  const variance = draws.reduce((sum, value) => sum + (value - mean) ** 2, 0) / draws.length;
  const expected = 1 / (4 * (2 * alpha + 1));
  expect(Math.abs(mean - 0.5)).toBeLessThan(5 * Math.sqrt(expected / draws.length));
  expect(variance / expected).toBeGreaterThan(0.95);
  expect(variance / expected).toBeLessThan(1.05);
});

test('very small shapes give numbers all the same', () => {
  const random = createRandom(1);
  for (let draw = 0; draw < 1000; draw++) {
    const value = drawBeta(0.001, random);
    expect(value >= 0 && value <= 1).toBe(true);
  }
});

test('rows become mixtures of two, targets alike, and what is beyond them stays', () => {
  const batch = createBatch('risk', 6, 2, 1);
  // The first input is the target, the second what is left of 1: any mixture keeps that.
  for (let row = 0; row < 4; row++) {
    batch.targets[row] = row / 4;
    batch.weights[row] = 0.25;
    batch.inputs.set([row / 4, 1 - row / 4], 2 * row);
  }
  mixRows(batch, 4, 1, createRandom(2));
  for (let row = 0; row < 4; row++) {
    expect(batch.inputs[2 * row]).toBeCloseTo(batch.targets[row], 6);
    expect(batch.inputs[2 * row] + batch.inputs[2 * row + 1]).toBeCloseTo(1, 6);
    expect(batch.weights[row]).toBeCloseTo(0.25, 6);
  }
  expect([...batch.targets.subarray(0, 4)]).not.toEqual([0, 0.25, 0.5, 0.75]);
  expect([...batch.inputs.subarray(8), ...batch.weights.subarray(4)]).toEqual(new Array(6).fill(0));
});

test('a row of weight 0 has no say in the target', () => {
  const batch = createBatch('risk', 2, 1, 1);
  batch.targets.set([1, 0]);
  batch.weights.set([1, 0]);
  mixRows(batch, 2, 1, createRandom(5));
  for (let row = 0; row < 2; row++) if (batch.weights[row] > 0) expect(batch.targets[row]).toBeCloseTo(1, 6);
});
