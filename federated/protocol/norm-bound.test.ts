import { honestNorm } from './norm-bound.js';
import type { TrainingSettings } from './plan.js';

const training: TrainingSettings = {
  clipping: { kind: 'flat', norm: 0.5 },
  samplingRate: 0.2,
  expectedUsers: 500,
  noiseMultiplier: 2,
  steps: 4,
  learningRate: 0.5,
  momentum: 0.9,
  proximal: 0,
};

describe('the norm that no honest update passes', () => {
  test('of FedSGD: four times the batch and its spread, and noise in every parameter', () => {
    const clipped = (400 + 6 * 20 + 36) / 100;
    expect(honestNorm(training, 'fedsgd', 10_000)).toBeCloseTo(clipped + (2 * 106) / 100, 12);
  });

  test('of FedAvg: steps add up, noise in quadrature, momentum to ten times', () => {
    const clipped = (400 + 6 * 20 + 36) / 100;
    const expected = 5 * (4 * clipped + 2 * ((2 * 106) / 100));
    expect(honestNorm(training, 'fedavg', 10_000)).toBeCloseTo(expected, 12);
  });

  test('it does not depend on the clip norm: updates are in its units', () => {
    const other: TrainingSettings = { ...training, clipping: { kind: 'flat', norm: 7 } };
    expect(honestNorm(other, 'fedavg', 100)).toBe(honestNorm(training, 'fedavg', 100));
  });
});
