import { createRandom } from '../layers/random.js';
import { auc, logLoss } from '../metrics/binary.js';
import { type ForestRows, type ForestSettings, growForest } from './forest.js';
import { binRows, fitBins, type TreeColumn } from './matrix.js';
import { scoreRows } from './score.js';

const SETTINGS: ForestSettings = {
  trees: 60,
  maxLeaves: 1000,
  maxDepth: 20,
  minRows: 5,
  featuresTried: 2,
  extra: false,
  rowShare: 1,
  smoothing: 0.5,
};

/** Two numbers, categories and a set of two members; the class follows from three of them. */
function madeUp(rows: number, seed: number, classes: number) {
  const random = createRandom(seed);
  const draw = (make: () => number) => Float32Array.from({ length: rows }, make);
  const columns: TreeColumn[] = [
    { values: draw(() => random.normal()), categories: 0 },
    { values: draw(() => (random.uniform() < 0.2 ? Number.NaN : random.normal())), categories: 0 },
    { values: draw(() => random.below(6)), categories: 6 },
  ];
  const owns = Array.from({ length: rows }, () => [0, 1].filter(() => random.uniform() < 0.4));
  const offsets = new Int32Array(rows + 1);
  owns.forEach((items, row) => {
    offsets[row + 1] = offsets[row] + items.length;
  });
  const sets = { members: 2, offsets, items: Int32Array.from(owns.flat()) };
  const users = Int32Array.from({ length: rows }, (_, row) => row);
  const values = Float32Array.from({ length: rows }, (_, row) => {
    const [a, b, c] = columns.map((column) => column.values[row]);
    const score = (a > 0 ? 1 : 0) + (Number.isNaN(b) ? 1 : 0) + (c === 2 || c === 4 ? 1 : 0) + owns[row].length / 2;
    const noisy = score + 0.4 * random.normal();
    return classes > 1 ? Math.max(0, Math.min(classes - 1, Math.floor(noisy))) : noisy > 1.2 ? 1 : 0;
  });
  const dense = new Float32Array(rows * 5);
  for (let row = 0; row < rows; row++) {
    columns.forEach((column, place) => {
      dense[row * 5 + place] = column.values[row];
    });
    for (const member of owns[row]) dense[row * 5 + 3 + member] = 1;
  }
  const matrix = binRows(fitBins(columns, 64), columns, users, sets);
  const train: ForestRows = { matrix, targets: { values, classes }, weights: new Float32Array(rows).fill(1) };
  return { rows, values, dense, train };
}

function scoresOf({ ensemble }: ReturnType<typeof growForest>, { rows, dense }: ReturnType<typeof madeUp>) {
  const scores = new Float64Array(rows * ensemble.outputs);
  scoreRows(ensemble, dense, rows, scores);
  return scores;
}

describe.each([false, true])('a forest (cuts drawn: %s)', (extra) => {
  const settings = { ...SETTINGS, extra };

  test('gives probabilities of an event that hold for others', () => {
    const data = madeUp(1500, 1, 1);
    const other = madeUp(1500, 2, 1);
    const forest = growForest(data.train, settings, createRandom(1));
    const scores = scoresOf(forest, other);
    expect(scores.every((score) => score > 0 && score < 1)).toBe(true);
    expect(auc(other.values, scores)).toBeGreaterThan(0.9);
    expect(logLoss(other.values, scores)).toBeLessThan(0.4);
  });

  test('says by trees that have not seen a row what it would say of others', () => {
    const data = madeUp(1500, 1, 1);
    const forest = growForest(data.train, settings, createRandom(1));
    const other = madeUp(1500, 2, 1);
    const honest = auc(data.values, forest.outOfBag);
    expect(Math.abs(honest - auc(other.values, scoresOf(forest, other)))).toBeLessThan(0.02);
    expect(auc(data.values, scoresOf(forest, data))).toBeGreaterThan(honest);
  });

  test('tells several classes apart, with shares that sum to 1', () => {
    const data = madeUp(2000, 1, 4);
    const other = madeUp(2000, 2, 4);
    const forest = growForest(data.train, { ...settings, featuresTried: 3 }, createRandom(1));
    const scores = scoresOf(forest, other);
    let right = 0;
    for (let row = 0; row < other.rows; row++) {
      const shares = [...scores.subarray(4 * row, 4 * row + 4)];
      expect(shares.reduce((sum, share) => sum + share)).toBeCloseTo(1, 5);
      if (shares.indexOf(Math.max(...shares)) === other.values[row]) right++;
    }
    expect(right / other.rows).toBeGreaterThan(0.65);
  });
});

test('the same seed grows the same forest, another seed another', () => {
  const { train } = madeUp(300, 1, 1);
  const run = (seed: number) => growForest(train, SETTINGS, createRandom(seed)).ensemble;
  expect(run(1)).toEqual(run(1));
  expect(run(1)).not.toEqual(run(2));
});

test('rows of a group are drawn together, so that no tree has seen half of one', () => {
  const { train, rows } = madeUp(400, 1, 1);
  const groups = Int32Array.from({ length: rows }, (_, row) => row >> 2);
  // Every row knows its group; learnt from one's own group, outcomes by group would be known out of bag.
  const random = createRandom(5);
  const byGroup = Float32Array.from({ length: rows / 4 }, () => random.below(2));
  const columns = [{ values: Float32Array.from(groups), categories: 0 }];
  const matrix = binRows(fitBins(columns, 255), columns, Int32Array.from(groups.keys()));
  const targets = { values: Float32Array.from(groups, (group) => byGroup[group]), classes: 1 };
  const settings = { ...SETTINGS, minRows: 1, featuresTried: 1 };
  const of = (given?: Int32Array) =>
    auc(targets.values, growForest({ ...train, matrix, targets, groups: given }, settings, createRandom(1)).outOfBag);
  expect(of()).toBeGreaterThan(0.95);
  expect(of(groups)).toBeLessThan(0.75);
});

test('leaves, depth and rows are obeyed, and the caller may give up', () => {
  const { train } = madeUp(600, 1, 1);
  const settings = { ...SETTINGS, trees: 5 };
  expect(growForest(train, { ...settings, maxLeaves: 7 }, createRandom(1)).ensemble.cover.length).toBeLessThanOrEqual(
    35,
  );
  expect(growForest(train, { ...settings, maxDepth: 2 }, createRandom(1)).ensemble.cover.length).toBeLessThanOrEqual(
    20,
  );
  const { cover } = growForest(train, { ...settings, minRows: 50 }, createRandom(1)).ensemble;
  expect(Math.min(...cover)).toBeGreaterThanOrEqual(50);
  const checkpoint = () => {
    throw new Error('given up');
  };
  expect(() => growForest(train, settings, createRandom(1), { checkpoint })).toThrow('given up');
});
