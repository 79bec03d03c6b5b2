import { headOf, macroRecallAt, midRank, rankingMetrics } from './ranking.js';

describe('figures of a ranking', () => {
  test('equal scores share the middle of their ranks', () => {
    const all = () => true;
    expect(midRank([0.5, 0.3, 0.2], 0, all)).toBe(1);
    expect(midRank([0.5, 0.3, 0.3, 0.3], 2, all)).toBe(3);
    expect(midRank([0.5, 0.3, 0.3], 1, all)).toBe(2.5);
  });

  test('only candidates are ranked', () => {
    expect(midRank([0.9, 0.8, 0.1], 2, (product) => product !== 0)).toBe(2);
  });

  test('a part of a matrix is ranked', () => {
    expect(midRank([9, 9, 9, 0.2, 0.7, 0.5], 2, () => true, 3, 3)).toBe(2);
  });

  const users = [
    { target: 0, rank: 1, probability: 0.5 },
    { target: 0, rank: 4, probability: 0.1 },
    { target: 1, rank: 2, probability: 0.25 },
    { target: 2, rank: 3.5, probability: 0.2 },
  ];

  test('recall, NDCG, MRR, tail and log loss by hand', () => {
    const figures = rankingMetrics(users, new Set([0]));
    expect(figures).toMatchObject({ n: 4, tail_n: 2, 'recall@1': 0.25, 'recall@3': 0.5, 'recall@5': 1 });
    expect(figures.mrr).toBeCloseTo((1 + 1 / 4 + 1 / 2 + 1 / 3.5) / 4, 12);
    expect(figures['ndcg@3']).toBeCloseTo((1 + 1 / Math.log2(3)) / 4, 12);
    expect(figures['ndcg@5']).toBeCloseTo((1 + 1 / Math.log2(5) + 1 / Math.log2(3) + 1 / Math.log2(4.5)) / 4, 12);
    expect(figures['tail_recall@1']).toBe(0);
    expect(figures['tail_recall@3']).toBe(0.5);
    expect(figures.tail_mrr).toBeCloseTo((1 / 2 + 1 / 3.5) / 2, 12);
    expect(figures['tail_ndcg@5']).toBeCloseTo((1 / Math.log2(3) + 1 / Math.log2(4.5)) / 2, 12);
    expect(figures.logloss).toBeCloseTo(-(Math.log(0.5) + Math.log(0.1) + Math.log(0.25) + Math.log(0.2)) / 4, 12);
  });

  test('macro recall is a mean over products', () => {
    expect(macroRecallAt(users, 3)).toBeCloseTo((0.5 + 1 + 0) / 3, 12);
  });

  test('the head is the fewest products with more than half of ownership', () => {
    expect([...headOf([10, 50, 30, 10])].sort()).toEqual([1, 2]);
    expect([...headOf([60, 40])]).toEqual([0]);
    expect([...headOf([0, 0])]).toEqual([]);
  });

  test('nobody to rank', () => {
    expect(rankingMetrics([], new Set())).toEqual({ n: 0 });
  });
});
