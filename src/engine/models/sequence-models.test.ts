import { orderedDataset, rowOf, withEvents } from '../../../test/support/synthetic.js';
import type { Backend } from '../backends/backend.js';
import { openBackend } from '../backends/select.js';
import type { Column, Dataset } from '../data/dataset.js';
import { usersInFold } from '../data/split.js';
import { encodeDataset, encodeRows } from '../encoders/encode.js';
import type { ModelName } from '../engine.js';
import { explainRisk } from '../explanations/explain.js';
import { createRandom } from '../layers/random.js';
import { auc } from '../metrics/binary.js';
import { fitModel } from '../training/fit-model.js';
import { trainMember } from '../training/member.js';
import type { FittedModel, Predictor } from './kind.js';
import { packWeights } from './kinds.js';
import { createPredictor, loadPredictor } from './predictor.js';
import { READERS } from './sequence-reader.js';

const QUICK = {
  maxEpochs: 40,
  members: 1,
  hidden: [16],
  dropout: 0.1,
  weightDecay: 0,
  learningRate: 0.01,
  batchSize: 64,
};

/** Six months of which one has a 1: the event is of those who had it in the last three. */
function monthlyDataset(size = 600): Dataset {
  const random = createRandom(5);
  const month = Array.from({ length: size }, () => random.below(6));
  const column = (at: number): Column => ({
    kind: 'numeric',
    name: `m${at}`,
    values: Float64Array.from(month, (own) => (own === at ? 1 : 0)),
  });
  return {
    name: 'made-up months',
    size,
    userIds: month.map((_, user) => `u${user}`),
    columns: Array.from({ length: 6 }, (_, at) => column(at)),
    protectedColumns: [],
    series: [{ name: 'late', columns: Array.from({ length: 6 }, (_, at) => `m${at}`) }],
    label: Float32Array.from(month, (own) => (own >= 3 ? 1 : 0)),
    fold: Uint8Array.from({ length: size }, (_, user) => [0, 0, 0, 1, 2][user % 5]),
  };
}

describe('models of sequences', () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await openBackend('onnxruntime');
  });
  afterAll(() => backend.dispose());

  const train = (dataset: Dataset, model: ModelName, settings: object = {}): Promise<FittedModel> =>
    fitModel(
      {
        dataset,
        model,
        task: 'risk',
        seed: 1,
        train: usersInFold(dataset, 0),
        validation: usersInFold(dataset, 1),
        settings: { ...QUICK, ...(model !== 'dnn' && { units: model === 'cnn' ? [12, 12] : [12] }), ...settings },
      },
      {
        backend,
        checkpoint: () => undefined,
        onProgress: () => undefined,
        trainMembers: (tasks) =>
          Promise.all(tasks.map((task) => trainMember(task, backend, { checkpoint: () => undefined }))),
        trainTrees: async () => [],
      },
    );

  async function scores(predictor: Predictor, dataset: Dataset, users: Int32Array): Promise<Float64Array> {
    const all = new Float64Array(users.length);
    const rows = { users, hidden: new Int32Array(users.length).fill(-1) };
    await predictor.predict(encodeDataset(predictor.contract, dataset), rows, (start, count, values) => {
      all.set(values.subarray(0, count), start);
    });
    return all;
  }

  async function testAuc(dataset: Dataset, model: ModelName): Promise<number> {
    const { contract, weights } = await train(dataset, model);
    const predictor = createPredictor('risk', contract, weights, backend);
    const users = usersInFold(dataset, 2);
    const labels = Float32Array.from(users, (user) => dataset.label![user]);
    const found = auc(labels, await scores(predictor, dataset, users));
    await predictor.dispose();
    return found;
  }

  test('learn from the order of events, of which the sums say nothing', async () => {
    const dataset = orderedDataset({ size: 1000 });
    for (const reader of READERS) expect(await testAuc(dataset, reader)).toBeGreaterThan(0.95);
    const auc = await testAuc(dataset, 'dnn');
    expect(auc).toBeGreaterThan(0.35);
    expect(auc).toBeLessThan(0.65);
  });

  test.each(READERS)('%s: the stored model scores single rows as the trained one scores a data set', async (model) => {
    const dataset = orderedDataset();
    const { contract, weights } = await train(dataset, model, { maxEpochs: 3 });
    const stored = {
      task: 'risk' as const,
      contract: JSON.parse(JSON.stringify(contract)),
      weights: packWeights(weights),
    };
    const predictor = loadPredictor(stored, backend);
    expect(predictor.weights).toEqual(weights);
    const users = usersInFold(dataset, 2);
    const whole = await scores(predictor, dataset, users);
    const rows = [...users].map((user) => rowOf(dataset, user));
    const own = { users: Int32Array.from(rows.keys()), hidden: new Int32Array(rows.length).fill(-1) };
    const single = new Float64Array(rows.length);
    await predictor.predict(encodeRows(predictor.contract, rows), own, (start, count, values) => {
      single.set(values.subarray(0, count), start);
    });
    single.forEach((score, row) => {
      expect(score).toBeCloseTo(whole[row], 6);
    });
    await predictor.dispose();
  });

  test.each(READERS)('%s: contributions of events and of columns sum to the score', async (model) => {
    const dataset = orderedDataset();
    const { contract, weights } = await train(dataset, model);
    const predictor = createPredictor('risk', contract, weights, backend);
    for (const user of [0, 7, 31]) {
      const row = rowOf(dataset, user);
      const why = await explainRisk(predictor, row);
      const sum = why.contributions.reduce((total, { contribution }) => total + contribution, why.base);
      expect(sum).toBeCloseTo(why.score, 9);
      const [score] = await scores(predictor, dataset, Int32Array.of(user));
      expect(1 / (1 + Math.exp(-why.score))).toBeCloseTo(score, 5);
      expect(why.contributions.map(({ feature }) => feature).sort()).toEqual([
        'events',
        'events:amount',
        'events:kind',
        'noise',
      ]);
      expect(why.contributions[0]).toMatchObject({ feature: 'events:kind', value: row.events!.length });
    }
    await predictor.dispose();
  });

  test.each(READERS)('%s: what a column says as a step and as an attribute is one contribution', async (model) => {
    const dataset = monthlyDataset();
    const { contract, weights } = await train(dataset, model);
    const predictor = createPredictor('risk', contract, weights, backend);
    const why = await explainRisk(predictor, rowOf(dataset, 4));
    expect(why.contributions.map(({ feature }) => feature).sort()).toEqual(['m0', 'm1', 'm2', 'm3', 'm4', 'm5']);
    const sum = why.contributions.reduce((total, { contribution }) => total + contribution, why.base);
    expect(sum).toBeCloseTo(why.score, 9);
    await predictor.dispose();
  });

  test('a user without events, and one with more than any before, are scored', async () => {
    const dataset = orderedDataset();
    const { contract, weights } = await train(dataset, 'gru', { maxEpochs: 2 });
    const predictor = createPredictor('risk', contract, weights, backend);
    const many = Array.from({ length: 500 }, () => ({ kind: 'a', amount: 3 }));
    const rows = [
      { values: {}, owned: [] },
      { values: {}, owned: [], events: many },
    ];
    const asked = { users: Int32Array.of(0, 1), hidden: Int32Array.of(-1, -1) };
    await predictor.predict(encodeRows(contract, rows), asked, (_, count, values) => {
      for (const value of values.subarray(0, count)) expect(value > 0 && value < 1).toBe(true);
    });
    await predictor.dispose();
  });

  test('read events and nothing else where there are no columns', async () => {
    const dataset = { ...orderedDataset(), columns: [] };
    const { weights } = await train(dataset, 'cnn', { maxEpochs: 1 });
    expect(weights).toMatchObject({ architecture: { sequence: { reader: 'cnn', steps: 10 } } });
  });

  test('are refused where there is no sequence, with settings that are not theirs, and without hidden layers', async () => {
    const dataset = orderedDataset();
    await expect(train({ ...dataset, sequences: undefined }, 'gru')).rejects.toThrow(/has no event sequences/);
    await expect(train(dataset, 'cnn', { rank: 8 })).rejects.toThrow(/no setting rank/);
    await expect(train(dataset, 'cnn', { hidden: [] })).rejects.toThrow(/hidden layers/);
    await expect(train(dataset, 'cnn', { units: [] })).rejects.toThrow(/units/);
    await expect(train(dataset, 'cnn', { steps: 1000 })).rejects.toThrow(/steps/);
  });

  test('are not mistaken for one another: a file must read the sequence that its contract has', async () => {
    const dataset = orderedDataset();
    const { contract, weights } = await train(dataset, 'cnn', { maxEpochs: 1 });
    const bytes = packWeights(weights);
    const load =
      (changed: object, file: Uint8Array = bytes) =>
      () =>
        loadPredictor({ task: 'risk', contract: changed as never, weights: file }, backend);
    const { sequence, ...without } = contract;
    expect(load(without)).toThrow(/where its contract has one/);
    expect(load({ ...contract, sequence: { ...sequence, features: sequence!.features.slice(1) } })).toThrow(
      /must be of shape/,
    );
    const dnn = await train(withEvents(dataset), 'dnn', { maxEpochs: 1 });
    expect(load(contract, packWeights(dnn.weights))).toThrow(/where its contract has one/);
    const text = Buffer.from(bytes).toString('latin1');
    const other = Buffer.from(text.replace('"reader":"cnn"', '"reader":"abc"'), 'latin1');
    expect(load(contract, new Uint8Array(other))).toThrow(/reads a sequence/);
  });
});
