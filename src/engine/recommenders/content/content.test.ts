import { ConcordError } from '../../../errors.js';
import { fitContent, openContent } from './content.js';
import { encodeContent, fitEncoder, type ProductContent } from './encoder.js';

const product = (text: string, attributes: ProductContent['attributes'] = {}, vector?: number[]): ProductContent => ({
  texts: [text],
  attributes,
  ...(vector && { vector }),
});

const CATALOGUE = [
  product('Global equity fund', { type: 'fund', riskClass: 5 }),
  product('European equity fund', { type: 'fund', riskClass: 4 }),
  product('Home loan', { type: 'loan', riskClass: 1 }),
  product('环球股票基金', { type: 'fund', riskClass: 5 }),
  product('住房贷款', { type: 'loan', riskClass: 1 }),
  product('个人住房贷款', { type: 'loan', riskClass: 2 }),
];
const scorer = openContent(fitContent(CATALOGUE));
const indices = (found: readonly { index: number }[] = []) => found.map(({ index }) => index);

test('products are alike in text and attributes, in Chinese as in English', () => {
  expect(indices(scorer.similarProducts?.(0, 2)).sort()).toEqual([1, 3]);
  expect(indices(scorer.similarProducts?.(4, 2))).toEqual([5, 2]);
});

test('similarity is the cosine: symmetric, 1 for twins', () => {
  const twins = openContent(fitContent([...CATALOGUE, CATALOGUE[2]]));
  const similarity = (a: number, b: number) =>
    twins.similarProducts?.(a, 7).find(({ index }) => index === b)?.similarity ?? 0;
  expect(similarity(2, 6)).toBeCloseTo(1, 6);
  for (let a = 0; a < 7; a++) for (let b = 0; b < a; b++) expect(similarity(a, b)).toBeCloseTo(similarity(b, a), 12);
});

test('a search finds products by words that they contain, whatever their width and case', () => {
  expect(indices(scorer.similarTo(product('ＥＱＵＩＴＹ funds'), 2)).sort()).toEqual([0, 1]);
  expect(indices(scorer.similarTo(product('住房'), 2)).sort()).toEqual([4, 5]);
  expect(scorer.similarTo(product('zzz'), 2)).toEqual([]);
});

test('a new product is like those of near risk rather than of distant one', () => {
  const [nearest] = scorer.similarTo({ texts: [], attributes: { riskClass: 4.5 } }, 6);
  expect([0, 1, 3]).toContain(nearest.index);
});

test("the bank's vectors count, and must all be of one length", () => {
  const withVectors = [product('a', {}, [1, 0]), product('b', {}, [0, 1]), product('c', {}, [0.1, 1])];
  expect(indices(openContent(fitContent(withVectors)).similarProducts?.(1, 1))).toEqual([2]);
  expect(() => fitContent([...withVectors, product('d', {}, [1])])).toThrow(ConcordError);
  expect(() => fitContent([product('a', {}, [Number.NaN])])).toThrow(ConcordError);
  const encoder = fitEncoder(withVectors);
  expect(() => encodeContent(encoder, product('e', {}, [1, 2, 3]))).toThrow(ConcordError);
});

test('vectors have length 1, those of products without anything none', () => {
  const { vectors } = fitContent([...CATALOGUE, product('')]);
  for (let row = 0; row < vectors.rows; row++) {
    const values = vectors.values.subarray(vectors.offsets[row], vectors.offsets[row + 1]);
    const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    expect(length).toBeCloseTo(row < 6 ? 1 : 0, 6);
  }
});

describe('a user who owns a fund and a loan', () => {
  const owned = Int32Array.of(0, 2);
  const scores = new Float64Array(6);
  scorer.score(owned, scores);

  test("is scored by the cosine to the mean of their products' vectors", () => {
    const cosine = (a: number, b: number) =>
      a === b ? 1 : (scorer.similarProducts?.(a, 6).find(({ index }) => index === b)?.similarity ?? 0);
    const length = Math.sqrt(2 + 2 * cosine(0, 2));
    for (const each of [1, 3, 4, 5]) expect(scores[each]).toBeCloseTo((cosine(0, each) + cosine(2, each)) / length, 5);
  });

  test('has scores that are sums of what each product contributes', () => {
    for (const each of [1, 3, 4, 5]) {
      const parts = scorer.explain?.(owned, each) ?? [];
      expect(parts[0] + parts[1]).toBeCloseTo(scores[each], 9);
    }
  });

  test('is scored for what they own as if they did not', () => {
    const without = new Float64Array(6);
    scorer.score(Int32Array.of(0), without);
    expect(scores[2]).toBeCloseTo(without[2], 6);
  });
});

test('who owns nothing that has a content is like nothing', () => {
  const bare = openContent(fitContent([product(''), product('x')]));
  const scores = new Float64Array(2);
  for (const owned of [Int32Array.of(), Int32Array.of(0)]) {
    bare.score(owned, scores);
    expect(scores).toEqual(Float64Array.of(0, 0));
  }
});
