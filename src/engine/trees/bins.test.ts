import fc from 'fast-check';
import { binOf, categoricalBins, numericBins } from './bins.js';

const values = fc.array(fc.oneof(fc.float(), fc.constantFrom(0, 1, 2, Number.NaN)), { maxLength: 300 });

describe('bins of numbers', () => {
  test('rise with the values, are no more than asked for, and missing comes after them', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 2, max: 255 }), (numbers, most) => {
        const feature = numericBins(Float32Array.from(numbers), most);
        expect(feature.bins).toBeLessThanOrEqual(most);
        expect(feature.thresholds).toHaveLength(feature.bins - 1);
        const sorted = Float32Array.from(numbers)
          .filter((value) => !Number.isNaN(value))
          .sort();
        const bins = [...sorted].map((value) => binOf(feature, value));
        expect(bins).toEqual([...bins].sort((a, b) => a - b));
        expect(bins.every((bin) => bin >= 0 && bin < feature.bins)).toBe(true);
        expect(binOf(feature, Number.NaN)).toBe(feature.bins);
        // A bin is what a threshold says: the same numbers go left by either.
        for (const value of sorted)
          feature.thresholds.forEach((threshold, cut) => {
            expect(value <= threshold).toBe(binOf(feature, value) <= cut);
          });
      }),
    );
  });

  test('of few distinct values each is one', () => {
    const feature = numericBins(Float32Array.of(3, 1, 2, 2, 1, Number.NaN));
    expect([1, 2, 3].map((value) => binOf(feature, value))).toEqual([0, 1, 2]);
    expect(feature.thresholds).toEqual(Float32Array.of(1.5, 2.5));
  });

  test('of many values hold about equally many, and a frequent one has its own', () => {
    const numbers = Float32Array.from({ length: 10_000 }, (_, place) => (place % 4 === 0 ? 0 : 1 + place / 10_000));
    const feature = numericBins(numbers, 10);
    const counts = new Int32Array(feature.bins);
    for (const value of numbers) counts[binOf(feature, value)]++;
    expect(counts[0]).toBe(2500);
    for (const count of counts.subarray(1)) expect(Math.abs(count - 7500 / 9)).toBeLessThan(50);
  });

  test('neighbours in float32 are told apart', () => {
    const next = 1 + 2 ** -23;
    const feature = numericBins(Float32Array.of(1, next));
    expect([binOf(feature, 1), binOf(feature, next)]).toEqual([0, 1]);
  });
});

describe('bins of categories', () => {
  test('are the categories, and of too many the rare ones share the last', () => {
    expect([0, 1, 2, Number.NaN].map((value) => binOf(categoricalBins(Float32Array.of(0, 2), 3), value))).toEqual([
      0, 1, 2, 3,
    ]);
    const counted = Float32Array.of(4, 4, 4, 1, 1, 0);
    const feature = categoricalBins(counted, 5, 3);
    expect(feature.bins).toBe(3);
    expect([4, 1, 0, 2, 3].map((value) => binOf(feature, value))).toEqual([0, 1, 2, 2, 2]);
  });
});
