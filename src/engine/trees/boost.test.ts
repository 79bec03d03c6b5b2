import fc from 'fast-check';
import { createRandom } from '../layers/random.js';
import { auc } from '../metrics/binary.js';
import { type BoostRows, type BoostSettings, boost } from './boost.js';
import { importanceOf } from './ensemble.js';
import { Grower } from './grow.js';
import { type BinnedRows, binRows, fitBins, type RowSets, type TreeColumn } from './matrix.js';
import { logistic, type Objective, softmax, squared } from './objective.js';
import { scoreRows } from './score.js';

const SETTINGS: BoostSettings = {
  rounds: 40,
  patience: 10,
  learningRate: 0.2,
  maxLeaves: 8,
  maxDepth: 8,
  minRows: 5,
  minWeight: 1e-3,
  l1: 0,
  l2: 1,
  minGain: 0,
  rowShare: 1,
  featureShare: 1,
  categorySmoothing: 1,
  categoryL2: 1,
  categoryRows: 2,
};

/** Numbers with missing ones, categories, and a set. */
function madeUp(rows: number, seed = 1, bins?: BinnedRows['features']) {
  const random = createRandom(seed);
  const draw = (make: () => number) => Float32Array.from({ length: rows }, make);
  const columns: TreeColumn[] = [
    { values: draw(() => (random.uniform() < 0.2 ? Number.NaN : random.normal())), categories: 0 },
    { values: draw(() => random.below(4)), categories: 0 },
    { values: draw(() => (random.uniform() < 0.1 ? Number.NaN : random.below(12))), categories: 12 },
    { values: draw(() => random.below(3)), categories: 3 },
    { values: draw(() => random.normal()), categories: 0 },
  ];
  const offsets = new Int32Array(rows + 1);
  const items: number[] = [];
  for (let row = 0; row < rows; row++) {
    for (let member = 0; member < 4; member++) if (random.uniform() < 0.3) items.push(member);
    offsets[row + 1] = items.length;
  }
  const sets: RowSets = { members: 4, offsets, items: Int32Array.from(items) };
  const matrix = binRows(
    bins ?? fitBins(columns, 32),
    columns,
    Int32Array.from({ length: rows }, (_, row) => row),
    sets,
  );
  const has = (row: number, member: number) => items.slice(offsets[row], offsets[row + 1]).includes(member);
  const truth = (row: number) => {
    const [a, b, c, d] = columns.map(({ values }) => values[row]);
    const ofSet = has(row, 1) ? 1 : 0;
    return (Number.isNaN(a) ? 1 : a > 0.5 ? 1.5 : -0.5) + ([1, 4, 7].includes(c) ? 1.5 : -0.5) + (d === 1 ? b : -ofSet);
  };
  const width = columns.length + sets.members;
  const dense = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    columns.forEach(({ values }, place) => {
      dense[row * width + place] = values[row];
    });
    for (let member = 0; member < 4; member++) dense[row * width + columns.length + member] = has(row, member) ? 1 : 0;
  }
  return { rows, columns, matrix, sets, truth, dense, random };
}

const ones = (rows: number) => new Float32Array(rows).fill(1);

function binary(rows: number, seed = 1, bins?: BinnedRows['features']) {
  const data = madeUp(rows, seed, bins);
  const targets = Float32Array.from({ length: rows }, (_, row) =>
    data.random.uniform() < 1 / (1 + Math.exp(-2 * data.truth(row))) ? 1 : 0,
  );
  const train: BoostRows = { matrix: data.matrix, objective: logistic(targets, ones(rows)), weights: ones(rows) };
  return { ...data, targets, train };
}

const train = (data: BoostRows, settings: Partial<BoostSettings> = {}, validation?: BoostRows, monotone?: Int8Array) =>
  boost(data, validation, { ...SETTINGS, ...settings }, createRandom(7), { monotone });

function scoresOf(
  ensemble: ReturnType<typeof boost>['ensemble'],
  { rows, dense }: { rows: number; dense: Float32Array },
) {
  const scores = new Float64Array(rows * ensemble.outputs);
  scoreRows(ensemble, dense, rows, scores);
  // As objectives have them: output after output.
  return scores.map((_, place) => scores[(place % rows) * ensemble.outputs + Math.floor(place / rows)]);
}

describe('boosted trees', () => {
  test('find numbers, missing values, categories and members of a set that decide', () => {
    const data = binary(1500);
    const { ensemble } = train(data.train);
    const other = { ...binary(1500, 2), random: undefined };
    const best = auc(
      other.targets,
      Float64Array.from({ length: other.rows }, (_, row) => other.truth(row)),
    );
    expect(auc(other.targets, scoresOf(ensemble, other))).toBeGreaterThan(best - 0.02);
  });

  test('score values as they scored bins in training', () => {
    const data = binary(800);
    for (const rowShare of [1, 0.5]) {
      const seen: number[] = [];
      const { ensemble } = boost(data.train, data.train, { ...SETTINGS, rowShare, patience: 40 }, createRandom(1), {
        onRound: ({ loss, validationLoss }) => seen.push(loss, validationLoss as number),
      });
      expect(ensemble.roots).toHaveLength(40);
      const loss = data.train.objective.loss(scoresOf(ensemble, data));
      expect(seen.slice(-2)[0]).toBeCloseTo(loss, 9);
      expect(seen.slice(-2)[1]).toBeCloseTo(loss, 9);
    }
  });

  test('are the same for the same seed, and others for another', () => {
    const data = binary(500);
    const run = (seed: number) =>
      boost(data.train, undefined, { ...SETTINGS, rowShare: 0.6, featureShare: 0.5 }, createRandom(seed)).ensemble;
    expect(run(1)).toEqual(run(1));
    expect(run(1)).not.toEqual(run(2));
  });

  test('stop when validation gets no better, and keep the best round', () => {
    const data = binary(400);
    const validation = binary(400, 9, data.matrix.features);
    const { ensemble, rounds, bestRound, validationLoss } = train(
      data.train,
      { rounds: 500, learningRate: 0.5, maxLeaves: 31, minRows: 1 },
      validation.train,
    );
    expect(rounds).toBe(bestRound + 10);
    expect(ensemble.roots).toHaveLength(bestRound);
    expect(validation.train.objective.loss(scoresOf(ensemble, validation))).toBeCloseTo(validationLoss, 9);
  });

  test('are none where nothing helps', () => {
    const data = binary(300);
    const validation = binary(300, 2, data.matrix.features);
    const opposite = logistic(
      validation.targets.map((target) => 1 - target),
      ones(300),
    );
    const { ensemble, bestRound } = train(data.train, {}, { ...validation.train, objective: opposite });
    expect([bestRound, ensemble.roots.length, ensemble.values.length]).toEqual([0, 0, 0]);
  });

  test('lean on what decides', () => {
    const importance = importanceOf(train(binary(1500).train).ensemble);
    expect([...importance.subarray(0, 4)].every((gain) => gain > importance[4])).toBe(true);
  });

  test('obey leaves, depth and rows', () => {
    const data = binary(600);
    for (const limit of [{ maxLeaves: 3 }, { maxDepth: 2, maxLeaves: 31 }, { minRows: 60, maxLeaves: 31 }]) {
      const { ensemble } = train(data.train, { ...limit, rounds: 5 });
      expect(ensemble.cover.length / 5).toBeLessThanOrEqual(limit.maxLeaves === 3 ? 3 : limit.maxDepth ? 4 : 10);
      expect(Math.min(...ensemble.cover)).toBeGreaterThanOrEqual(limit.minRows ?? 5);
    }
  });

  test('are not trained on when the caller gives up', () => {
    const data = binary(200);
    let rounds = 0;
    const checkpoint = () => {
      if (++rounds > 3) throw new Error('given up');
    };
    expect(() => boost(data.train, undefined, SETTINGS, createRandom(1), { checkpoint })).toThrow('given up');
    expect(rounds).toBe(4);
  });

  test('learn numbers by squared error', () => {
    const data = madeUp(1500);
    const targets = Float32Array.from({ length: data.rows }, (_, row) => data.truth(row));
    const objective = squared(targets, ones(data.rows));
    const { ensemble } = train({ matrix: data.matrix, objective, weights: ones(data.rows) }, { rounds: 100 });
    expect(objective.loss(scoresOf(ensemble, data))).toBeLessThan(0.02);
  });

  test('tell classes apart among those that are open', () => {
    const data = madeUp(1500);
    const targets = Int32Array.from({ length: data.rows }, (_, row) => {
      const open = [0, 1, 2, 3].filter(
        (each) => !data.sets.items.subarray(data.sets.offsets[row], data.sets.offsets[row + 1]).includes(each),
      );
      return open.length === 0 ? 4 : open[data.columns[3].values[row] % open.length];
    });
    const objective = softmax({ targets, weights: ones(data.rows), classes: 5, closed: data.sets });
    const { ensemble } = train({ matrix: data.matrix, objective, weights: ones(data.rows) });
    expect(ensemble.roots).toHaveLength(40 * 5);
    expect(objective.loss(scoresOf(ensemble, data))).toBeLessThan(0.05);
  });
});

describe('constraints', () => {
  test('a score never falls with a feature that it must rise with, whatever the data say', () => {
    const data = binary(800);
    fc.assert(
      fc.property(fc.constantFrom(1, -1), fc.integer({ min: 1, max: 1000 }), (direction, seed) => {
        const monotone = new Int8Array(9);
        monotone[0] = monotone[5] = direction;
        monotone[4] = -direction;
        const { ensemble } = train(data.train, { maxLeaves: 16, rounds: 20 }, undefined, monotone);
        const random = createRandom(seed);
        const row = data.dense.slice(0, 9);
        const values = Array.from({ length: 30 }, () => 2 * random.normal()).sort((a, b) => a - b);
        for (const [feature, sign] of [
          [0, direction],
          [4, -direction],
        ]) {
          const scores = values.map((value) => {
            const score = new Float64Array(1);
            scoreRows(ensemble, row.with(feature, value), 1, score);
            return sign * score[0];
          });
          for (let place = 1; place < scores.length; place++)
            expect(scores[place]).toBeGreaterThanOrEqual(scores[place - 1] - 1e-9);
        }
      }),
      { numRuns: 10 },
    );
  });

  test('that cost nothing change nothing', () => {
    const data = binary(500);
    const free = train(data.train).ensemble;
    const bound = train(data.train, {}, undefined, new Int8Array(9)).ensemble;
    expect(bound).toEqual(free);
  });
});

describe('a grown tree', () => {
  /** Loss that a set of leaves takes away, by definition. */
  const gainOf = (matrix: BinnedRows, objective: Objective, isLeft: (row: number) => boolean) => {
    const scores = new Float64Array(matrix.rows);
    const gradients = new Float32Array(matrix.rows);
    const hessians = new Float32Array(matrix.rows);
    objective.derive(scores, gradients, hessians);
    const sides = [0, 0, 0, 0];
    for (let row = 0; row < matrix.rows; row++) {
      const side = isLeft(row) ? 0 : 2;
      sides[side] += gradients[row];
      sides[side + 1] += hessians[row];
    }
    const score = (gradient: number, hessian: number) => gradient ** 2 / (hessian + 1);
    return score(sides[0], sides[1]) + score(sides[2], sides[3]) - score(sides[0] + sides[2], sides[1] + sides[3]);
  };

  test('has at its root the best of all cuts of numbers and members, each tried with missing values on both sides', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), (seed) => {
        const { matrix, targets, columns } = binary(120, seed);
        const objective = logistic(targets, ones(120));
        const isTried = new Uint8Array(9).fill(1);
        isTried[2] = isTried[3] = 0;
        const gradients = new Float32Array(120);
        const hessians = new Float32Array(120);
        objective.derive(new Float64Array(120), gradients, hessians);
        const rows = Int32Array.from({ length: 120 }, (_, row) => row);
        const settings = { ...SETTINGS, minRows: 1, maxLeaves: 2 };
        const tree = new Grower(matrix, settings).grow({ rows, count: 120, gradients, hessians, isTried });
        let best = 0;
        for (const place of [0, 1, 4]) {
          const { values } = columns[place];
          for (const missingLeft of [true, false]) {
            for (let bin = 0; bin < matrix.features[place].bins; bin++) {
              const isLeft = (row: number) =>
                Number.isNaN(values[row]) ? missingLeft : matrix.bins[place * 120 + row] <= bin;
              best = Math.max(best, gainOf(matrix, objective, isLeft));
            }
          }
        }
        for (let member = 0; member < 4; member++) {
          const { offsets, items } = matrix;
          const has = (row: number) => items.subarray(offsets[row], offsets[row + 1]).includes(member);
          best = Math.max(best, gainOf(matrix, objective, has));
        }
        expect(tree.gain[0]).toBeCloseTo(best, 5);
      }),
      { numRuns: 60 },
    );
  });

  test('has at its root the best set of categories', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), (seed) => {
        const random = createRandom(seed);
        const values = Float32Array.from({ length: 80 }, () => random.below(6));
        const targets = values.map((value) => (random.uniform() < [0.1, 0.9, 0.3, 0.8, 0.5, 0.2][value] ? 1 : 0));
        const columns = [{ values, categories: 6 }];
        const matrix = binRows(
          fitBins(columns, 255),
          columns,
          Int32Array.from({ length: 80 }, (_, row) => row),
        );
        const objective = logistic(targets, ones(80));
        const gradients = new Float32Array(80);
        const hessians = new Float32Array(80);
        objective.derive(new Float64Array(80), gradients, hessians);
        const rows = Int32Array.from({ length: 80 }, (_, row) => row);
        const rules = { minRows: 1, maxLeaves: 2, categoryL2: 0, categoryRows: 1, categorySmoothing: 1e-6 };
        const grower = new Grower(matrix, { ...SETTINGS, ...rules });
        const tree = grower.grow({ rows, count: 80, gradients, hessians, isTried: Uint8Array.of(1) });
        let best = 0;
        for (let set = 0; set < 64; set++)
          best = Math.max(
            best,
            gainOf(matrix, objective, (row) => ((set >> values[row]) & 1) === 1),
          );
        expect(tree.gain[0]).toBeCloseTo(best, 5);
      }),
      { numRuns: 60 },
    );
  });

  test('has leaves that hold all rows once, each where its bins say', () => {
    const { train, matrix, rows: count } = binary(700);
    const gradients = new Float32Array(count);
    const hessians = new Float32Array(count);
    train.objective.derive(new Float64Array(count), gradients, hessians);
    const rows = Int32Array.from({ length: count }, (_, row) => row);
    const grower = new Grower(matrix, { ...SETTINGS, maxLeaves: 31 });
    const tree = grower.grow({ rows, count, gradients, hessians, isTried: new Uint8Array(9).fill(1) });
    expect([...rows].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, row) => row));
    for (let leaf = 0; leaf < tree.leaves; leaf++) {
      let gradient = 0;
      let hessian = 0;
      for (const row of rows.subarray(tree.start[leaf], tree.end[leaf])) {
        expect(tree.leafOf(matrix, row)).toBe(leaf);
        gradient += gradients[row];
        hessian += hessians[row];
      }
      // Sums that were subtracted from one another are still those of the rows.
      expect(tree.value[leaf]).toBeCloseTo(-gradient / (hessian + 1), 6);
    }
  });
});
