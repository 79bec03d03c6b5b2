import { createRandom } from '../layers/random.js';
import { calibrationError, errorByChance, reliability, wilson } from './calibration.js';
import { gainsCurve, heightAt, precisionRecallCurve, rocCurve, scoreBands, thinned } from './curves.js';
import { judgeLearning } from './over-fitting.js';

// Sorted by score: 1 (.9), 0 (.8), 1 and 0 tied (.6), 0 (.3), 1 (.1)
const scores = { labels: [1, 0, 1, 0, 0, 1], probabilities: [0.9, 0.8, 0.6, 0.6, 0.3, 0.1] };

describe('curves of a risk model', () => {
  test('ROC by hand; equal scores are one step', () => {
    expect(rocCurve(scores)).toEqual([
      { x: 0, y: 0 },
      { x: 0, y: 1 / 3, threshold: 0.9 },
      { x: 1 / 3, y: 1 / 3, threshold: 0.8 },
      { x: 2 / 3, y: 2 / 3, threshold: 0.6 },
      { x: 1, y: 2 / 3, threshold: 0.3 },
      { x: 1, y: 1, threshold: 0.1 },
    ]);
  });

  test('precision and recall by hand', () => {
    expect(precisionRecallCurve(scores).map(({ x, y }) => [x, y])).toEqual([
      [1 / 3, 1],
      [1 / 3, 1 / 2],
      [2 / 3, 2 / 4],
      [2 / 3, 2 / 5],
      [1, 3 / 6],
    ]);
  });

  test('gains grow from nothing to everything', () => {
    expect(gainsCurve(scores).map(({ x, y }) => [x, y])).toEqual([
      [0, 0],
      [1 / 6, 1 / 3],
      [2 / 6, 1 / 3],
      [4 / 6, 2 / 3],
      [5 / 6, 2 / 3],
      [1, 1],
    ]);
  });

  test('bands by hand: three of two users', () => {
    const bands = scoreBands(scores, 3);
    expect(bands.map(({ users, from }) => [users, from])).toEqual([
      [2, 0.8],
      [2, 0.6],
      [2, 0.1],
    ]);
    expect(bands.map(({ events }) => Math.round(events * 1e9) / 1e9)).toEqual([1, 1, 1]);
    expect(bands.map(({ lift }) => lift)).toEqual([1, 1, 1].map((value) => expect.closeTo(value, 9)));
  });

  test('users of one score are spread over the bands', () => {
    const bands = scoreBands({ labels: [1, 0, 0, 0, 1, 0, 0, 0], probabilities: new Array(8).fill(0.25) }, 4);
    for (const { users, events, lift } of bands) {
      expect([users, events, lift]).toEqual([2, expect.closeTo(0.5, 9), expect.closeTo(1, 9)]);
    }
  });

  test('a thinned curve keeps its ends and whatever a plot can tell apart', () => {
    const line = Array.from({ length: 100_001 }, (_, place) => ({ x: place / 1e5, y: place / 1e5 }));
    const few = thinned(line);
    expect(few.length).toBeLessThan(210);
    expect([few[0], few.at(-1)]).toEqual([line[0], line.at(-1)]);
    expect(heightAt(few, 0.12345)).toBeCloseTo(0.12345, 9);
  });
});

describe('calibration', () => {
  test('bins of equal size, predicted and observed by hand', () => {
    const bins = reliability([0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.4, 0.5, 0.7, 0.9], 3);
    expect(bins.map(({ users, predicted, observed }) => [users, predicted, observed])).toEqual([
      [2, expect.closeTo(0.15, 12), 0],
      [2, expect.closeTo(0.45, 12), 0.5],
      [2, expect.closeTo(0.8, 12), 1],
    ]);
    expect(calibrationError(bins)).toBeCloseTo((0.15 + 0.05 + 0.2) / 3, 12);
  });

  test('equal probabilities stay in one bin, and the next bin is no smaller for it', () => {
    const probabilities = [...new Array<number>(60).fill(0.1), ...Array.from({ length: 40 }, (_, k) => 0.2 + k / 100)];
    const bins = reliability(new Array(100).fill(0), probabilities, 10);
    expect(bins.map(({ users }) => users)).toEqual([60, 10, 10, 10, 10]);
  });

  test('right probabilities are off by what chance alone makes', () => {
    const random = createRandom(3);
    const errors = Array.from({ length: 200 }, () => {
      const probabilities = Float64Array.from({ length: 500 }, () => 0.1 + 0.5 * random.uniform());
      const happened = Uint8Array.from(probabilities, (probability) => (random.uniform() < probability ? 1 : 0));
      const bins = reliability(happened, probabilities);
      return calibrationError(bins) / errorByChance(bins);
    });
    expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeCloseTo(1, 1);
  });

  test("Wilson's interval", () => {
    // Newcombe (1998), table I: 81 of 263, and 0 of 20.
    const [low, high] = wilson(81, 263);
    expect(low).toBeCloseTo(0.2553, 4);
    expect(high).toBeCloseTo(0.3662, 4);
    expect(wilson(0, 20)).toEqual([0, expect.closeTo(0.1611, 4)]);
    expect(wilson(0, 0)).toEqual([0, 1]);
  });
});

describe('learning curves', () => {
  const curve = (...losses: [number, number][]) => ({
    name: 'one',
    points: losses.map(([loss, validationLoss], place) => ({ step: place + 1, loss, validationLoss })),
  });

  test('validation loss that rises while training loss falls is over-fitting', () => {
    expect(judgeLearning(curve([0.9, 0.9], [0.6, 0.65], [0.5, 0.7]))).toEqual({
      best: 2,
      gap: expect.closeTo(0.05, 12),
      overfitsAfter: true,
      parted: false,
    });
  });

  test('both falling, or both rising, are none', () => {
    expect(judgeLearning(curve([0.9, 0.9], [0.6, 0.65], [0.5, 0.6]))?.overfitsAfter).toBe(false);
    expect(judgeLearning(curve([0.9, 0.9], [0.6, 0.65], [0.7, 0.8]))?.overfitsAfter).toBe(false);
  });

  test('a gap at the best step says that they have parted', () => {
    expect(judgeLearning(curve([0.9, 0.9], [0.3, 0.65]))?.parted).toBe(true);
  });

  test('one point is no curve', () => {
    expect(judgeLearning(curve([0.9, 0.9]))).toBeUndefined();
  });
});
