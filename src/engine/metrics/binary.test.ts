import { auc, averagePrecision, bestThreshold, binaryMetrics, brier, confusion, ks, logLoss } from './binary.js';

describe('figures of a risk model', () => {
  // Sorted by score: 1 (.9), 0 (.8), 1 and 0 tied (.6), 0 (.3), 1 (.1)
  const labels = [1, 0, 1, 0, 0, 1];
  const scores = [0.9, 0.8, 0.6, 0.6, 0.3, 0.1];

  test('AUC counts a tie half', () => {
    // Pairs won by the three positives over the three negatives: .9 wins 3, .6 wins 1 and ties 1, .1 wins none.
    expect(auc(labels, scores)).toBeCloseTo(4.5 / 9, 12);
    expect(auc([1, 0], [0.7, 0.7])).toBe(0.5);
    expect(auc([0, 1], [0.2, 0.7])).toBe(1);
  });

  test('KS is the greatest distance of the two distributions', () => {
    // After .9: 1/3 against 0; after .8: 1/3, 1/3; after .6: 2/3, 2/3; after .3: 2/3, 1.
    expect(ks(labels, scores)).toBeCloseTo(1 / 3, 12);
  });

  test('average precision adds precision where recall grows', () => {
    // 1/3 · 1/1 + 1/3 · 2/4 + 1/3 · 3/6
    expect(averagePrecision(labels, scores)).toBeCloseTo((1 + 0.5 + 0.5) / 3, 12);
  });

  test('confusion at a threshold, which itself counts as predicted', () => {
    expect(confusion(labels, scores, 0.6)).toEqual({
      accuracy: 0.5,
      precision: 0.5,
      recall: 2 / 3,
      f1: 4 / 7,
    });
    expect(confusion([0, 0], [0.1, 0.2], 0.5)).toEqual({ accuracy: 1, precision: 0, recall: 0, f1: 0 });
  });

  test('the best threshold is one of the scores, the highest of several', () => {
    // F1: .9: 2/4; .8: 2/5; .6: 4/7; .3: 4/8; .1: 6/9
    expect(bestThreshold(labels, scores)).toBe(0.1);
    expect(bestThreshold([1, 0, 0], [0.9, 0.2, 0.1])).toBe(0.9);
  });

  test('log loss and Brier score', () => {
    expect(logLoss([1, 0], [0.8, 0.4])).toBeCloseTo(-(Math.log(0.8) + Math.log(0.6)) / 2, 12);
    expect(brier([1, 0], [0.8, 0.4])).toBeCloseTo((0.04 + 0.16) / 2, 12);
    expect(logLoss([1], [0])).toBeLessThan(28);
  });

  test('figures that are undefined for one class are left out', () => {
    const figures = binaryMetrics([0, 0], [0.1, 0.2]);
    expect(figures).not.toHaveProperty('auc');
    expect(figures).not.toHaveProperty('ks');
    expect(figures).toMatchObject({ n: 2, 'acc@0.5': 1 });
  });

  test('the threshold comes from validation users', () => {
    const figures = binaryMetrics(labels, scores, { labels: [1, 0, 0], probabilities: [0.6, 0.2, 0.1] });
    expect(figures).toMatchObject({ threshold: 0.6, 'f1@val_best': 4 / 7, val_auc: 1 });
  });
});
