import { interestDataset, riskDataset } from '../../../test/support/synthetic.js';
import { ConcordError } from '../../errors.js';
import type { Backend } from '../backends/backend.js';
import { openBackend } from '../backends/select.js';
import type { Column, Dataset } from '../data/dataset.js';
import type { ModelName } from '../engine.js';
import { auc } from '../metrics/binary.js';
import { trainMember } from '../training/member.js';
import { trainTrees } from '../trees/member.js';
import { evaluate } from './evaluate.js';

/** One candidate, few epochs: enough to tell a model that learns from one that does not. */
const quick = { maxEpochs: 8, patience: 8, weightDecay: 0.01, batchSize: 128, learningRate: 0.03 };
const QUICK: Readonly<Partial<Record<ModelName, object>>> = {
  popularity: {},
  linear: quick,
  logistic: quick,
  gbdt: { rounds: 60, patience: 10, learningRate: 0.1, members: 2 },
  'random-forest': { trees: 40, members: 1 },
  dnn: { ...quick, members: 2, hidden: [16], dropout: 0.2, learningRate: 0.01 },
};

describe('evaluation', () => {
  let backend: Backend;
  const run = (dataset: Dataset, model: ModelName, more: object = {}) =>
    evaluate(
      {
        dataset,
        task: dataset.ownership ? 'interest' : 'risk',
        model,
        seed: 1,
        settings: QUICK[model],
        ...more,
      },
      {
        backend,
        onStage: () => undefined,
        checkpoint: () => undefined,
        onProgress: () => undefined,
        trainMembers: (tasks) =>
          Promise.all(tasks.map((task) => trainMember(task, backend, { checkpoint: () => undefined }))),
        trainTrees: async (tasks) => tasks.map((task) => trainTrees(task, { checkpoint: () => undefined })),
      },
    );
  beforeAll(async () => {
    backend = await openBackend('onnxruntime');
  });
  afterAll(() => backend.dispose());

  test('every model beats popularity on interest, which knows the shares alone', async () => {
    const dataset = interestDataset({ users: 900 });
    const popularity = (await run(dataset, 'popularity')).metrics;
    expect(popularity.n).toBe(
      dataset.ownership?.heldOut.filter((p, user) => p >= 0 && dataset.fold?.[user] === 2).length,
    );
    for (const model of ['linear', 'logistic', 'dnn', 'gbdt', 'random-forest'] as const) {
      const { metrics } = await run(dataset, model);
      expect(metrics.mrr).toBeGreaterThan(popularity.mrr + 0.1);
      expect(metrics.logloss).toBeLessThan(popularity.logloss - 0.1);
    }
  });

  test('a small risk set is measured on its split and by cross-validation', async () => {
    const { metrics, training } = await run(riskDataset(), 'logistic');
    expect(metrics.n).toBe(80);
    expect(metrics.auc).toBeGreaterThan(0.65);
    expect(metrics.cv5_auc).toBeGreaterThan(0.65);
    expect(metrics.cv5_auc_sd).toBeGreaterThan(0);
    expect(training).toMatchObject({ trainingUsers: 240 });
    const floor = (await run(riskDataset(), 'popularity')).metrics;
    expect(floor.auc).toBe(0.5);
  });

  test('the same seed gives the same figures', async () => {
    const first = await run(riskDataset(), 'dnn');
    expect(await run(riskDataset(), 'dnn')).toEqual(first);
  });

  test('test users are never learned from', async () => {
    const dataset = riskDataset();
    const changed = structuredClone(dataset);
    dataset.fold?.forEach((fold, user) => {
      if (fold === 2) for (const { values } of changed.columns) values[user] = values[0];
    });
    const before = await run(dataset, 'logistic');
    const after = await run(changed, 'logistic');
    expect(after.training).toEqual(before.training);
    expect(after.metrics.auc).not.toBe(before.metrics.auc);
  });

  test('what the model said of each user is told by the row of the dataset', async () => {
    const dataset = riskDataset();
    const { metrics, predictions, folds } = await run(dataset, 'logistic');
    if (predictions.task !== 'risk') throw new Error('not of risk');
    const { test, validation, crossValidated } = predictions;
    expect([...test.users].every((user) => dataset.fold?.[user] === 2)).toBe(true);
    expect([...(validation?.users ?? [])].every((user) => dataset.fold?.[user] === 1)).toBe(true);
    expect([...test.labels]).toEqual(Array.from(test.users, (user) => dataset.label?.[user]));
    expect(auc(test.labels, test.probabilities)).toBe(metrics.auc);
    expect([...(crossValidated?.users ?? [])].sort((a, b) => a - b)).toEqual(
      Array.from({ length: dataset.size }, (_, user) => user),
    );
    const inFirst = (_: number, place: number) => crossValidated?.fold?.[place] === 0;
    expect(auc(crossValidated?.labels.filter(inFirst) ?? [], crossValidated?.probabilities.filter(inFirst) ?? [])).toBe(
      folds?.[0].auc,
    );
    expect(folds).toHaveLength(5);
  });

  test('what was ranked first is told of each user, of products that the user does not show', async () => {
    const dataset = interestDataset({ users: 900 });
    const { metrics, predictions } = await run(dataset, 'linear', { predictions: true });
    if (predictions.task !== 'interest' || !dataset.ownership) throw new Error('not of interest');
    const { users, targets, ranks, probabilities, tail, topSize, top, topProbabilities } = predictions.test;
    expect(users).toHaveLength(metrics.n);
    expect([...(predictions.validation?.users ?? [])].some((user) => dataset.fold?.[user] !== 1)).toBe(false);
    expect(predictions.validation?.users.length).toBeGreaterThan(100);
    expect(tail.reduce((sum, is) => sum + is, 0)).toBe(metrics.tail_n);
    const { offsets, items, products } = dataset.ownership;
    expect(topSize).toBe(Math.min(10, products.length));
    users.forEach((user, place) => {
      const first = [...top.subarray(place * topSize, (place + 1) * topSize)].filter((product) => product >= 0);
      const shown = [...items.subarray(offsets[user], offsets[user + 1])].filter((item) => item !== targets[place]);
      expect(first).toHaveLength(Math.min(topSize, products.length - shown.length));
      expect(first.some((product) => shown.includes(product))).toBe(false);
      const of = [...topProbabilities.subarray(place * topSize, place * topSize + first.length)];
      expect(of).toEqual([...of].sort((a, b) => b - a));
      const at = first.indexOf(targets[place]);
      if (at >= 0) expect(of[at]).toBe(probabilities[place]);
      if (Number.isInteger(ranks[place]) && ranks[place] <= topSize) expect(at).toBe(ranks[place] - 1);
    });
  });

  test('without a split both tasks are cross-validated', async () => {
    const { fold: _, ...risk } = riskDataset();
    expect((await run(risk, 'logistic', { crossValidate: 3 })).metrics).toMatchObject({
      n: 400,
      cv3_auc: expect.any(Number),
    });
    const { metrics } = await run(interestDataset({ split: false }), 'linear');
    expect(metrics.cv5_mrr).toBe(metrics.mrr);
    expect(metrics.mrr).toBeGreaterThan(0.4);
  });

  test('without validation users some training users are set aside', async () => {
    const dataset = riskDataset();
    const fold = dataset.fold?.map((value) => (value === 1 ? 0 : value));
    const { metrics } = await run({ ...dataset, fold }, 'logistic');
    expect(metrics.auc).toBeGreaterThan(0.65);
    expect(metrics).not.toHaveProperty('val_auc');
  });

  test('head products can be named', async () => {
    const dataset = interestDataset();
    const { metrics } = await run(dataset, 'popularity', {
      headProducts: ['P0', 'P1', 'P2', 'P3', 'P4', 'P5', 'P6', 'P7'],
    });
    expect(metrics.tail_n).toBe(0);
    await expect(run(dataset, 'popularity', { headProducts: ['nope'] })).rejects.toThrow(/no product nope/);
  });

  test('data as bad as they come are learned from', async () => {
    const dataset = riskDataset({ size: 120 });
    const size = dataset.size;
    const users = Int32Array.from({ length: size }, (_, user) => user);
    const dull: Column[] = [
      { kind: 'numeric', name: 'constant', values: new Float64Array(size).fill(1) },
      { kind: 'numeric', name: 'missing', values: new Float64Array(size).fill(Number.NaN) },
      { kind: 'numeric', name: 'huge', values: Float64Array.from(users, (user) => (user % 2 ? 1e308 : -1e308)) },
      { kind: 'categorical', name: 'one', values: new Int32Array(size), categories: ['only'] },
      { kind: 'categorical', name: 'each', values: users, categories: Array.from(users, String) },
    ];
    const label = dataset.label?.map((value, user) => (user % 7 === 0 ? Number.NaN : value));
    for (const model of ['logistic', 'dnn', 'gbdt', 'random-forest'] as const) {
      const { metrics } = await run({ ...dataset, columns: [...dataset.columns, ...dull], label }, model);
      for (const value of Object.values(metrics)) expect(Number.isFinite(value)).toBe(true);
    }
    const nothing = await run({ ...dataset, columns: [] }, 'logistic');
    expect(nothing.metrics.auc).toBe(0.5);
  });

  test.each(['gbdt', 'random-forest'] as const)('%s without a column knows the base rate', async (model) => {
    const { metrics } = await run({ ...riskDataset(), columns: [] }, model, {
      settings: { ...QUICK[model], members: 1 },
    });
    expect(metrics.auc).toBe(0.5);
    const floor = (await run({ ...riskDataset(), columns: [] }, 'popularity')).metrics;
    expect(metrics.logloss).toBeCloseTo(floor.logloss, 1);
  });

  test.each<[string, (dataset: Dataset) => Dataset, RegExp]>([
    ['no label', ({ label: _, ...rest }) => rest, /no label/],
    [
      'no event',
      (dataset) => ({ ...dataset, label: new Float32Array(dataset.size) }),
      /No training user .* has the event/,
    ],
    [
      'nothing but events',
      (dataset) => ({ ...dataset, label: new Float32Array(dataset.size).fill(1) }),
      /Every training user/,
    ],
    ['too few users', () => riskDataset({ size: 20 }), /at least 20 users/],
    ['no known label', (dataset) => ({ ...dataset, label: new Float32Array(dataset.size).fill(Number.NaN) }), /users/],
  ])('%s: a sentence says so', async (_, change, message) => {
    const dataset = change(riskDataset());
    const failure = run(dataset, 'logistic', { task: 'risk' });
    await expect(failure).rejects.toThrow(ConcordError);
    await expect(failure).rejects.toThrow(message);
  });

  test.each<[ModelName, object, RegExp]>([
    ['gbdt', { dropout: 0.1 }, /gbdt has no setting dropout/],
    ['random-forest', { monotone: { income: 1 } }, /random-forest has no setting monotone/],
    ['logistic', { rounds: 10 }, /logistic has no setting rounds/],
  ])('%s refuses a setting of another model', async (model, settings, message) => {
    await expect(run(riskDataset(), model, { settings })).rejects.toThrow(message);
  });

  test('interest without products, or with one, is refused', async () => {
    await expect(run(riskDataset(), 'linear', { task: 'interest' })).rejects.toThrow(/products owned/);
    await expect(run(interestDataset({ products: 1 }), 'linear')).rejects.toThrow(/fewer than two products/);
  });
});
