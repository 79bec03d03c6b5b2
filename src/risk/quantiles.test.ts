import fc from 'fast-check';
import { quantileOf } from './quantiles.js';

const samples = fc.array(fc.oneof(fc.double({ min: -50, max: 50, noNaN: true }), fc.constantFrom(0, 0, 7)), {
  minLength: 40,
  maxLength: 300,
});

/** A column as a contract is fitted to a sample: edges at its quantiles, each once, and the mean of each input. */
function fitted(values: readonly number[], encoding: 'bins' | 'piecewise', bins = 12, missing = 0) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))];
  const edges = [...new Set(Array.from({ length: bins + 1 }, (_, bin) => at(bin / bins)))];
  const inputs = edges.slice(1).map((to, bin) => {
    const from = edges[bin];
    const last = bin === edges.length - 2;
    return encoding === 'bins'
      ? (value: number) => Number(value >= from && (value < to || last))
      : (value: number) => Math.min(1, Math.max(0, (value - from) / (to - from)));
  });
  const total = values.length / (1 - missing);
  const mean = inputs.map((input) => values.reduce((sum, value) => sum + input(value), 0) / total);
  return { feature: { edges, encoding, mean: missing ? [...mean, missing] : mean }, sorted };
}

describe.each(['bins', 'piecewise'] as const)('quantiles by %s', (encoding) => {
  test('are where about as many training users lie below, whatever the distribution, missing ones apart', () => {
    fc.assert(
      fc.property(
        samples,
        fc.double({ min: 0.1, max: 0.9, noNaN: true }),
        fc.constantFrom(0, 0.3),
        (values, share, missing) => {
          const { feature, sorted } = fitted(values, encoding, 12, missing);
          fc.pre(feature.edges.length > 2);
          const quantile = quantileOf(feature, share);
          // A bin and a half of twelve, for that much the contract cannot tell; between equal values anything goes.
          const at = (place: number) =>
            sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(place * (sorted.length - 1))))];
          const bin = feature.edges.findIndex((edge, index) => index > 0 && quantile <= edge);
          const width = feature.edges[bin] - feature.edges[bin - 1];
          expect(quantile).toBeGreaterThanOrEqual(at(share - 0.15) - width);
          expect(quantile).toBeLessThanOrEqual(at(share + 0.15) + width);
        },
      ),
    );
  });

  test('never fall, and stay within the edges', () => {
    fc.assert(
      fc.property(samples, (values) => {
        const { feature } = fitted(values, encoding);
        fc.pre(feature.edges.length > 1);
        let last = feature.edges[0];
        for (let share = 0; share <= 1; share += 0.05) {
          const quantile = quantileOf(feature, share);
          expect(quantile).toBeGreaterThanOrEqual(last - 1e-9);
          last = quantile;
        }
        expect(last).toBeLessThanOrEqual(feature.edges[feature.edges.length - 1]);
      }),
    );
  });
});

test('the middle is that of the users, not of the edges: most pay in time, a few are late by up to eight months', () => {
  const values = [...Array(60).fill(0), ...Array(25).fill(-1), ...Array(8).fill(1), 2, 2, 2, 3, 4, 8, 8];
  expect(Math.abs(quantileOf(fitted(values, 'piecewise', 40).feature, 0.5))).toBeLessThan(0.6);
});
