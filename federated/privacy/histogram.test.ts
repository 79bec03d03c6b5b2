import { epsilon } from './accountant/epsilon.js';
import { histogramMechanism, nominalHistogramNoise } from './histogram.js';

test('a histogram is charged for less noise than it has, by what rounding to the grid may add', () => {
  expect(histogramMechanism(3)).toEqual({ mechanism: 'gaussian', noiseMultiplier: 3 / (1 + 2 ** -10), count: 1 });
  expect(epsilon([histogramMechanism(3)], 1e-5)).toBeGreaterThan(
    epsilon([{ mechanism: 'gaussian', noiseMultiplier: 3, count: 1 }], 1e-5),
  );
});

test('the noise of a plan is what gives the calibrated charge', () => {
  expect(histogramMechanism(nominalHistogramNoise(2.5))).toMatchObject({ noiseMultiplier: 2.5 });
});
