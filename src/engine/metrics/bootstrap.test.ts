import { createRandom } from '../layers/random.js';
import { binaryMetrics } from './binary.js';
import {
  bootstrap,
  type Figures,
  holm,
  meanOverFolds,
  pairedDifference,
  percentileInterval,
  quantileOf,
  replicatesOf,
} from './bootstrap.js';
import { rankingMetrics } from './ranking.js';
import { weightedBinary } from './weighted-binary.js';
import { weightedRanking } from './weighted-ranking.js';

const random = createRandom(7);
const risk = (size: number) => ({
  labels: Uint8Array.from({ length: size }, () => (random.uniform() < 0.3 ? 1 : 0)),
  // Of few values, so that many are equal.
  probabilities: Float32Array.from({ length: size }, () => random.below(20) / 20),
});
const ranking = (size: number) => ({
  targets: Int32Array.from({ length: size }, () => random.below(5)),
  ranks: Float64Array.from({ length: size }, () => 1 + random.below(12) / 2),
  probabilities: Float32Array.from({ length: size }, () => random.uniform()),
  tail: Uint8Array.from({ length: size }, () => 0),
});
const figuresOf = ({ names, compute }: Figures, weights: ArrayLike<number>) => {
  const values = new Float64Array(names.length);
  compute(weights, values);
  return Object.fromEntries(names.map((name, at) => [name, values[at]]));
};
const drawn = (size: number) => {
  const weights = new Int32Array(size);
  for (let draw = 0; draw < size; draw++) weights[random.below(size)]++;
  return { weights, rows: Array.from(weights, (weight, row) => new Array<number>(weight).fill(row)).flat() };
};

describe('figures with a weight on each user', () => {
  test('weights of one give the figures of a risk model', () => {
    const { labels, probabilities } = risk(200);
    const expected = binaryMetrics(labels, probabilities, risk(50));
    const own = figuresOf(weightedBinary({ labels, probabilities }, expected), new Int32Array(200).fill(1));
    expect(Object.keys(own)).toHaveLength(11);
    for (const [name, value] of Object.entries(own)) expect(value).toBeCloseTo(expected[name], 10);
  });

  test('weights count a user as often as they say', () => {
    for (let round = 0; round < 30; round++) {
      const { labels, probabilities } = risk(40);
      const { weights, rows } = drawn(40);
      const expected = binaryMetrics(
        rows.map((row) => labels[row]),
        rows.map((row) => probabilities[row]),
      );
      const own = figuresOf(weightedBinary({ labels, probabilities }), weights);
      for (const [name, value] of Object.entries(own)) {
        if (name in expected) expect(value).toBeCloseTo(expected[name], 10);
        else expect(value).toBeNaN();
      }
    }
  });

  test('a ranking likewise', () => {
    for (let round = 0; round < 30; round++) {
      const ranked = ranking(40);
      ranked.tail.forEach((_, row) => {
        ranked.tail[row] = ranked.targets[row] >= 2 ? 1 : 0;
      });
      const { weights, rows } = drawn(40);
      const users = rows.map((row) => ({
        target: ranked.targets[row],
        rank: ranked.ranks[row],
        probability: ranked.probabilities[row],
      }));
      const expected = rankingMetrics(users, new Set([0, 1]));
      const own = figuresOf(weightedRanking(ranked), weights);
      expect(Object.keys(own).sort()).toEqual(
        Object.keys(expected)
          .filter((name) => !/^(tail_)?n$/.test(name))
          .sort(),
      );
      for (const [name, value] of Object.entries(own)) expect(value).toBeCloseTo(expected[name], 10);
    }
  });

  test('by folds they are means over the folds where they are defined', () => {
    const scores = { labels: [1, 0, 1, 0, 0, 0], probabilities: [0.9, 0.1, 0.2, 0.4, 0.3, 0.2] };
    const folds = [
      [0, 1],
      [2, 3],
      [4, 5],
    ].map((rows) => weightedBinary(scores, { rows: Int32Array.from(rows) }));
    const { auc, brier } = figuresOf(meanOverFolds(folds), [1, 1, 1, 1, 1, 1]);
    expect(auc).toBe(0.5);
    expect(brier).toBeCloseTo((0.01 + (0.64 + 0.16) / 2 + (0.09 + 0.04) / 2) / 3, 12);
  });
});

describe('bootstrap', () => {
  const mean = (values: readonly number[]): Figures => ({
    names: ['mean'],
    compute(weights, into) {
      into[0] = values.reduce((sum, value, user) => sum + weights[user] * value, 0) / values.length;
    },
  });

  test('replicates of a mean are spread like its standard error', async () => {
    const values = Array.from({ length: 400 }, () => random.normal());
    const figure = mean(values);
    const [all] = await bootstrap([figure], { users: 400, resamples: 2000, seed: 1 });
    const average = values.reduce((sum, value) => sum + value, 0) / 400;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - average) ** 2, 0) / 400);
    const [low, high] = percentileInterval(replicatesOf(all, figure, 'mean')) ?? [0, 0];
    expect((low + high) / 2).toBeCloseTo(average, 1);
    expect((high - low) / (2 * 1.96 * (deviation / 20))).toBeCloseTo(1, 1);
  });

  test('the same seed draws the same users, for every model', async () => {
    const one = mean([1, 2, 3, 4, 5]);
    const run = (seed: number) => bootstrap([one, one], { users: 5, resamples: 20, seed });
    const [first, second] = await run(3);
    expect(first).toEqual(second);
    expect(await run(3)).toEqual([first, second]);
    expect((await run(4))[0]).not.toEqual(first);
  });

  test('users of a fold stay in it', async () => {
    const fold = Uint8Array.of(0, 0, 1, 1, 1, 2);
    const sizes: Figures = {
      names: ['first', 'last'],
      compute(weights, into) {
        into[0] = weights[0] + weights[1];
        into[1] = weights[5];
      },
    };
    const [all] = await bootstrap([sizes], { users: 6, resamples: 30, seed: 1, fold });
    expect([...replicatesOf(all, sizes, 'first')]).toEqual(new Array(30).fill(2));
    expect([...replicatesOf(all, sizes, 'last')]).toEqual(new Array(30).fill(1));
  });

  test('what a checkpoint throws ends it', async () => {
    const checkpoint = () => {
      throw new Error('given up');
    };
    await expect(bootstrap([mean([1])], { users: 1, resamples: 5, seed: 1, checkpoint })).rejects.toThrow('given up');
  });

  test('quantiles lie between the values', () => {
    expect(quantileOf([1, 2, 3, 4, 5], 0.5)).toBe(3);
    expect(quantileOf([0, 10], 0.025)).toBeCloseTo(0.25, 12);
    expect(quantileOf([7], 0.9)).toBe(7);
  });

  test('an interval holds the middle of the replicates that are defined', () => {
    const values = Float64Array.from({ length: 101 }, (_, place) => 100 - place);
    expect(percentileInterval(values, 0.9)).toEqual([expect.closeTo(5, 9), expect.closeTo(95, 9)]);
    expect(percentileInterval(Float64Array.of(Number.NaN, Number.NaN, 1))).toBeUndefined();
  });

  test('a difference is a finding where nearly all draws agree on its sign', () => {
    const base = Float64Array.from({ length: 1999 }, () => random.normal());
    const better = base.map((value) => value + 0.1);
    expect(pairedDifference(better, base)).toEqual({
      interval: [expect.closeTo(0.1, 9), expect.closeTo(0.1, 9)],
      p: 2 / 2000,
    });
    expect(pairedDifference(base, base)?.p).toBe(1);
    const noise = base.map((value, place) => value + (place % 2 ? 1 : -1));
    expect(pairedDifference(noise, base)?.p).toBeGreaterThan(0.9);
  });

  test('Holm raises the least p by the number of comparisons, and keeps their order', () => {
    const raised = holm([0.01, 0.04, 0.03, 0.005]);
    expect(raised).toEqual([0.03, 0.06, 0.06, 0.02].map((value) => expect.closeTo(value, 12)));
    expect(holm([0.9, 0.8])).toEqual([1, 1]);
    expect(holm([])).toEqual([]);
  });
});
