import type { NumericFeature } from './contract.js';
import { addNumeric, numericPosition, quantileEdges } from './numeric.js';

const feature: NumericFeature = {
  kind: 'numeric',
  name: 'x',
  column: 'x',
  encoding: 'piecewise',
  edges: [0, 10, 30],
  codes: [-1, 99],
  missing: true,
  mean: [0, 0, 0, 0, 0],
};

function encoded(value: number, as = feature): number[] {
  const inputs = new Float64Array(as.mean.length);
  addNumeric(as, numericPosition(as, value), 1, inputs, 0);
  return [...inputs];
}

describe('numeric features', () => {
  test('piecewise: how far the value has come through each bin', () => {
    expect(encoded(0)).toEqual([0, 0, 0, 0, 0]);
    expect(encoded(5)).toEqual([0.5, 0, 0, 0, 0]);
    expect(encoded(10)).toEqual([1, 0, 0, 0, 0]);
    expect(encoded(25)).toEqual([1, 0.75, 0, 0, 0]);
    expect(encoded(30)).toEqual([1, 1, 0, 0, 0]);
  });

  test('values beyond the edges are clipped', () => {
    expect(encoded(-1e300)).toEqual([0, 0, 0, 0, 0]);
    expect(encoded(1e300)).toEqual([1, 1, 0, 0, 0]);
  });

  test('codes, missing and infinities have inputs of their own', () => {
    expect(encoded(-1)).toEqual([0, 0, 1, 0, 0]);
    expect(encoded(99)).toEqual([0, 0, 0, 1, 0]);
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(encoded(value)).toEqual([0, 0, 0, 0, 1]);
    }
  });

  test('missing that training never saw says nothing', () => {
    expect(numericPosition({ ...feature, missing: false }, Number.NaN)).toBeNaN();
  });

  test('bins: 1 in the bin of the value', () => {
    const bins = { ...feature, encoding: 'bins' as const };
    expect(encoded(5, bins)).toEqual([1, 0, 0, 0, 0]);
    expect(encoded(10, bins)).toEqual([0, 1, 0, 0, 0]);
    expect(encoded(30, bins)).toEqual([0, 1, 0, 0, 0]);
  });

  test('a column that does not vary has no bins', () => {
    const constant = { ...feature, edges: [4], codes: [], missing: false, mean: [] };
    expect(encoded(4, constant)).toEqual([]);
    expect(encoded(7, constant)).toEqual([]);
  });

  test('edges are distinct values where these are few, else quantiles without repetition', () => {
    expect(quantileEdges(Float64Array.of(1, 1, 2, 5, 5), 4)).toEqual([1, 2, 5]);
    expect(quantileEdges(Float64Array.of(), 4)).toEqual([]);
    expect(
      quantileEdges(
        Float64Array.from({ length: 101 }, (_, value) => value),
        4,
      ),
    ).toEqual([0, 25, 50, 75, 100]);
    const skewed = Float64Array.from({ length: 100 }, (_, index) => (index < 90 ? 0 : index));
    expect(quantileEdges(skewed, 4)).toEqual([0, 99]);
    const wild = Float64Array.from({ length: 50 }, (_, index) => (index - 25) * 7e306).sort();
    for (const edge of quantileEdges(wild, 3)) expect(Number.isFinite(edge)).toBe(true);
  });
});
