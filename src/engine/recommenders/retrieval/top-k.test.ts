import fc from 'fast-check';
import { createTopK, thresholdAt, topK } from './top-k.js';

/** Few different values, so that ties are common. */
const values = fc.array(fc.integer({ min: -5, max: 5 }), { maxLength: 60 });

const sorted = (all: readonly number[]) =>
  all
    .map((similarity, index) => ({ index, similarity }))
    .sort((a, b) => b.similarity - a.similarity || a.index - b.index);

test('the k best are the first k of a full sort, of equal ones those of the lower index', () => {
  fc.assert(fc.property(values, fc.nat(70), (all, k) => expect(topK(all, k)).toEqual(sorted(all).slice(0, k))));
});

test('what is no candidate is left out', () => {
  expect(topK([5, 4, 3, 2], 2, (index) => index % 2 === 1)).toEqual([
    { index: 1, similarity: 4 },
    { index: 3, similarity: 2 },
  ]);
});

test('the order in which values come does not matter, and what is no number is never kept', () => {
  fc.assert(
    fc.property(
      fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 8 }),
      fc.integer({ min: 1, max: 9 }),
      (order, k) => {
        const scores = [3, 1, 2, 3, Number.NaN, 0, 3, -1];
        const selection = createTopK(k);
        for (const index of order) selection.offer(index, scores[index]);
        const expected = sorted(scores.map((score) => (Number.isNaN(score) ? Number.NEGATIVE_INFINITY : score)));
        expect(selection.take()).toEqual(expected.slice(0, Math.min(k, 7)));
      },
    ),
  );
});

test('the threshold is where the weights of the highest values reach k', () => {
  const weighted = fc.array(fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 1, max: 4 })), {
    minLength: 1,
    maxLength: 40,
  });
  fc.assert(
    fc.property(weighted, fc.double({ min: 0.01, max: 1, noNaN: true }), (pairs, share) => {
      const all = pairs.reduce((sum, [, weight]) => sum + weight, 0);
      const k = Math.max(1, Math.round(share * all));
      const least = thresholdAt(
        Float64Array.from(pairs, ([value]) => value),
        Float64Array.from(pairs, ([, weight]) => weight),
        k,
      );
      const weightWhere = (counts: (value: number) => boolean) =>
        pairs.reduce((sum, [value, weight]) => sum + (counts(value) ? weight : 0), 0);
      expect(weightWhere((value) => value > least)).toBeLessThan(k);
      expect(weightWhere((value) => value >= least)).toBeGreaterThanOrEqual(k);
    }),
  );
});
