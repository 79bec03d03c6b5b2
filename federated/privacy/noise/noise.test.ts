import fc from 'fast-check';
import { aliasTable } from './alias-table.js';
import { discreteGaussian } from './discrete-gaussian.js';
import { exactGaussianDensity } from './exact-exp.js';

/** Six standard errors: a sound sampler fails this once in five hundred million runs. */
const SIX = 6;

function sample(sigma: number, count: number): Float64Array {
  const values = new Float64Array(count);
  discreteGaussian(sigma).fill(values);
  return values;
}

describe('discrete Gaussian', () => {
  test.each([
    [0.5],
    [0.8],
    [2.5],
    [3.7],
    [31],
    [33],
  ])('σ = %d: every value as often as its probability says', (sigma) => {
    const count = 400_000;
    const values = sample(sigma, count);
    const density = (x: number) => Math.exp(-(x * x) / (2 * sigma * sigma));
    let total = 0;
    for (let x = -2000; x <= 2000; x++) total += density(x);
    const seen = new Map<number, number>();
    for (const x of values) seen.set(x, (seen.get(x) ?? 0) + 1);
    for (let x = -Math.ceil(4 * sigma); x <= 4 * sigma; x++) {
      const expected = (count * density(x)) / total;
      if (expected < 20) continue;
      const error = Math.sqrt(expected * (1 - expected / count));
      expect(Math.abs((seen.get(x) ?? 0) - expected)).toBeLessThan(SIX * error);
    }
  });

  test.each([
    [1.3],
    [47],
    [1000.5],
    [2 ** 20],
    [1.37 * 2 ** 20],
    [2 ** 26],
  ])('σ = %d: mean, variance, fourth moment and independence of neighbours', (sigma) => {
    const count = 500_000;
    const values = sample(sigma, count);
    let [sum, squares, fourth, product] = [0, 0, 0, 0];
    values.forEach((value, i) => {
      const z = value / sigma;
      sum += z;
      squares += z * z;
      fourth += z ** 4;
      if (i > 0) product += (z * values[i - 1]) / sigma;
    });
    expect(Math.abs(sum / Math.sqrt(count))).toBeLessThan(SIX);
    expect(Math.abs(squares / count - 1) / Math.sqrt(2 / count)).toBeLessThan(SIX);
    expect(Math.abs(fourth / count - 3) / Math.sqrt(96 / count)).toBeLessThan(SIX);
    expect(Math.abs(product / Math.sqrt(count))).toBeLessThan(SIX);
  });

  test.each([
    [2 ** 20],
    [1.37 * 2 ** 20],
    [2 ** 24],
  ])('σ = %d: every part of it as often as its probability says', (sigma) => {
    // Parts a third as wide as the sampler's steps, which are not to be seen.
    const [count, width] = [1_000_000, sigma / 300];
    const seen = new Float64Array(2 * 900);
    for (const x of sample(sigma, count)) {
      const part = Math.floor(x / width) + 900;
      if (part >= 0 && part < seen.length) seen[part]++;
    }
    const chiSquare = seen.reduce((sum, times, part) => {
      // Simpson's rule for the density over the part.
      const [a, b, c] = [0, 0.5, 1].map((at) => Math.exp(-(((part - 900 + at) * width) ** 2) / (2 * sigma * sigma)));
      const expected = (count * width * (a + 4 * b + c)) / 6 / (sigma * Math.sqrt(2 * Math.PI));
      return sum + (times - expected) ** 2 / expected;
    }, 0);
    expect(Math.abs(chiSquare - seen.length)).toBeLessThan(SIX * Math.sqrt(2 * seen.length));
  });

  test('tails come as often as they should', () => {
    const count = 2_000_000;
    const values = sample(2 ** 20, count);
    for (const [cut, probability] of [
      [2, 0.0455002638963584],
      [3, 0.0026997960632602],
      [4, 0.0000633424836662],
    ]) {
      const beyond = values.filter((x) => Math.abs(x) > cut * 2 ** 20).length;
      expect(Math.abs(beyond - count * probability)).toBeLessThan(SIX * Math.sqrt(count * probability));
    }
  });

  test('fills whole numbers of either kind of array, never the same twice', () => {
    const a = new Int32Array(1000);
    const b = new Int32Array(1000);
    const source = discreteGaussian(2 ** 20);
    source.fill(a);
    source.fill(b);
    expect(a).not.toEqual(b);
    expect(sample(1000.5, 100).every(Number.isInteger)).toBe(true);
  });

  test.each([[0], [0.4], [2 ** 27], [Number.NaN], [Infinity]])('σ = %d is refused', (sigma) => {
    expect(() => discreteGaussian(sigma)).toThrow(RangeError);
  });
});

test('an alias table draws each index by exactly its share of all words', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1_000_000), { minLength: 8, maxLength: 8 }), (parts) => {
      const weights = parts.map((part) => part * 500);
      weights[0] += 2 ** 32 - weights.reduce((sum, weight) => sum + weight, 0);
      const { threshold, alias } = aliasTable(weights);
      const share = 2 ** 29;
      const found = new Array<number>(8).fill(0);
      threshold.forEach((cut, i) => {
        found[i] += cut;
        found[alias[i]] += share - cut;
      });
      expect(found).toEqual(weights);
    }),
  );
  expect(() => aliasTable([1, 2])).toThrow(RangeError);
});

describe('exact density', () => {
  // e^(−1/2) and e^(−8), from their series with 60 digits.
  test.each([
    [1, 1, '0.606530659712633423603799534991180453441918135487186955682892'],
    [4, 1, '0.000335462627902511838821389125780861019310900133720319360545'],
  ])('x = %d, σ = %d: bounds enclose the value, closely', (x, sigma, digits) => {
    const bits = 150;
    const { lower, upper } = exactGaussianDensity(x, sigma, bits);
    const value = (BigInt(digits.slice(2)) << BigInt(bits)) / 10n ** BigInt(digits.length - 2);
    expect(lower <= value && value <= upper).toBe(true);
    expect(upper - lower).toBeLessThanOrEqual(4n);
  });

  test('agrees with double precision wherever that can tell', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100_000 }), fc.double({ min: 0.5, max: 5e4, noNaN: true }), (x, sigma) => {
        const { lower, upper } = exactGaussianDensity(x, sigma, 100);
        const value = Math.exp(-(x * x) / (2 * sigma * sigma));
        const error = value * 1e-12 * Math.max(1, (x / sigma) ** 2) + 2 ** -90;
        return Number(lower) / 2 ** 100 <= value + error && Number(upper) / 2 ** 100 >= value - error;
      }),
    );
  });
});
