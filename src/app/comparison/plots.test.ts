import { interestPlots, riskPlots, scoreWidth } from './plots.js';

describe('what plots show', () => {
  const risk = {
    users: Int32Array.of(0, 1, 2, 3),
    labels: Uint8Array.of(0, 1, 0, 1),
    probabilities: Float32Array.of(0.05, 0.5, 0.25, 0.95),
  };

  test('probabilities are counted by outcome, the last bin taking all above', () => {
    expect(scoreWidth([risk])).toBeCloseTo(0.5 / 20, 9);
    const { scores, eventRate, meanProbability } = riskPlots(risk, 0.025);
    expect([eventRate, meanProbability]).toEqual([0.5, expect.closeTo(0.4375, 6)]);
    expect(scores.events.flatMap((count, bin) => (count > 0 ? [[bin, count]] : []))).toEqual([[19, 2]]);
    expect(scores.others.flatMap((count, bin) => (count > 0 ? [[bin, count]] : []))).toEqual([
      [2, 1],
      [10, 1],
    ]);
  });

  test('recall by product, in the order given, and by part of the catalogue', () => {
    const products = [
      { index: 2, code: 'C', owners: 30 },
      { index: 0, code: 'A', owners: 20 },
      { index: 1, code: 'B', owners: 10 },
    ];
    const plots = interestPlots(
      {
        users: Int32Array.of(4, 5, 6),
        targets: Int32Array.of(2, 2, 0),
        ranks: Float64Array.of(1, 3.5, 2),
        probabilities: Float32Array.of(0.7, 0.1, 0.3),
        tail: Uint8Array.of(0, 0, 1),
        topSize: 2,
        top: Int32Array.of(2, 0, 0, 1, 1, 0),
        topProbabilities: Float32Array.of(0.7, 0.2, 0.5, 0.3, 0.6, 0.3),
      },
      products,
    );
    expect(plots.byProduct).toEqual([
      { users: 2, recall3: 0.5 },
      { users: 1, recall3: 1 },
      { users: 0, recall3: Number.NaN },
    ]);
    expect(plots.recallAt.map(({ recall }) => recall)).toEqual([1 / 3, 2 / 3, 2 / 3]);
    expect(plots.head).toEqual({ users: 2, recall3: 0.5, mrr: (1 + 1 / 3.5) / 2 });
    expect(plots.tail).toEqual({ users: 1, recall3: 1, mrr: 0.5 });
    // First of the first user alone is the hidden one: predicted .5, .6, .7, happened 0, 0, 1.
    expect(plots.reliability.map(({ observed }) => observed)).toEqual([0, 0, 1]);
  });
});
