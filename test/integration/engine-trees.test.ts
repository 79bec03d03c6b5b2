import { createEngine } from '../../src/engine/create-engine.js';
import type { UserRow } from '../../src/engine/data/dataset.js';
import type { Engine, Explanation, ModelSettings, Progress, Task, TrainedModel } from '../../src/engine/engine.js';
import { initialParameters } from '../../src/engine/models/federated.js';
import { readSafetensors, writeSafetensors } from '../../src/engine/safetensors/safetensors.js';
import { TREE_MODELS, type TreeModel } from '../../src/engine/trees/settings.js';
import { interestDataset, riskDataset, rowOf } from '../support/synthetic.js';

const DATA = { risk: riskDataset({ size: 900 }), interest: interestDataset() };
const QUICK: Readonly<Record<TreeModel, ModelSettings>> = {
  gbdt: { rounds: 60, patience: 10, learningRate: 0.1, maxLeaves: 8, minRows: 5, members: 2 },
  'random-forest': { trees: 40, minRows: 5, featureShare: 0.5, extra: false },
};
const ALL = TREE_MODELS.flatMap((model) => (['risk', 'interest'] as const).map((task) => [model, task] as const));

/** Users of the data, and such as no training has seen. */
const rowsOf = (task: Task): UserRow[] => [
  ...Array.from({ length: 20 }, (_, user) => rowOf(DATA[task], user)),
  { values: {}, owned: [] },
  { values: { income: null, delay: null, job: 'astronaut', kind: 'z', age: null }, owned: [] },
  { values: { income: 1e300, delay: -1e300, opened: '1800-01-01', age: -5 }, owned: task === 'interest' ? ['P1'] : [] },
];

/** A stored model, its file changed. */
const withFile = (
  model: TrainedModel,
  change: (file: ReturnType<typeof readSafetensors>) => ReturnType<typeof readSafetensors>,
) => ({ ...model, weights: writeSafetensors(change(readSafetensors(model.weights))) });

describe('trees, in the worker threads of the engine', () => {
  let engine: Engine;
  beforeAll(() => {
    engine = createEngine({ backend: 'cpu', threads: 2 });
  });
  afterAll(() => engine.close());

  const train = (model: TreeModel, task: Task, seed = 1) =>
    engine.train(DATA[task], task, model, { settings: QUICK[model], seed });

  async function scoresOf(task: Task, rows: readonly UserRow[]): Promise<number[][]> {
    if (task === 'interest')
      return (await engine.scoring.scoreInterest('it', rows)).map((probabilities) => [...probabilities]);
    return [...(await engine.scoring.scoreRisk('it', rows))].map((probability) => [probability]);
  }

  async function reasonsOf(task: Task, row: UserRow, products: readonly string[]): Promise<Explanation[]> {
    if (task === 'interest') return engine.scoring.explainInterest('it', row, products);
    return [await engine.scoring.explainRisk('it', row)];
  }

  test.each(
    ALL,
  )('%s of %s is trained, stored, loaded, and gives scores with reasons that sum to them', async (model, task) => {
    const trained = await train(model, task);
    expect(trained).toMatchObject({ model, task, training: { seed: 1, settings: { model } } });
    if (task === 'risk') expect(trained.metrics.auc).toBeGreaterThan(0.65);
    else expect(trained.metrics.mrr).toBeGreaterThan(0.45);
    // As it comes back from a database.
    const stored = { ...trained, contract: JSON.parse(JSON.stringify(trained.contract)) };
    await engine.scoring.load('it', { ...stored, weights: new Uint8Array(Buffer.from(trained.weights)) });
    const rows = rowsOf(task);
    const scores = await scoresOf(task, rows);
    for (const [place, row] of rows.entries()) {
      const [alone] = await scoresOf(task, [row]);
      expect(alone).toEqual(scores[place]);
      const reasons = await reasonsOf(task, row, DATA.interest.ownership?.products ?? []);
      expect(reasons).toHaveLength(scores[place].length);
      reasons.forEach(({ base, score, contributions }, output) => {
        const sum = contributions.reduce((total, { contribution }) => total + contribution, base);
        expect(Math.abs(sum - score)).toBeLessThan(1e-9);
        // Probabilities are float32.
        expect(Math.abs(1 / (1 + Math.exp(-score)) - scores[place][output])).toBeLessThan(1e-6);
        const features = contributions.map(({ feature }) => feature);
        for (const { name } of DATA[task].columns) expect(features).toContain(name);
      });
    }
  });

  test.each(ALL)('%s of %s is the same for the same seed, and another for another', async (model, task) => {
    const [first, second, other] = [await train(model, task), await train(model, task), await train(model, task, 2)];
    expect(Buffer.from(first.weights).equals(Buffer.from(second.weights))).toBe(true);
    expect(first.metrics).toEqual(second.metrics);
    expect(Buffer.from(first.weights).equals(Buffer.from(other.weights))).toBe(false);
  });

  test('the number of threads changes nothing', async () => {
    // Work enough for helper threads.
    const dataset = riskDataset({ size: 10_000 });
    const settings = { trees: 300, maxLeaves: 4, members: 2 };
    const single = createEngine({ backend: 'cpu', threads: 1 });
    try {
      const [two, one] = await Promise.all(
        [engine, single].map((each) => each.train(dataset, 'risk', 'random-forest', { settings, seed: 3 })),
      );
      expect(Buffer.from(two.weights).equals(Buffer.from(one.weights))).toBe(true);
    } finally {
      await single.close();
    }
  });

  test.each(TREE_MODELS)('progress of %s grows to 1', async (model) => {
    const seen: Progress[] = [];
    const onProgress = (progress: Progress) => void seen.push(progress);
    await engine.train(DATA.risk, 'risk', model, { settings: QUICK[model], onProgress });
    const fractions = seen.map(({ fraction }) => fraction);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(fractions.at(-1)).toBe(1);
    expect(seen[0].stage).toContain(model);
    expect(seen[0].figures).toHaveProperty('epoch');
  });

  test.each<[TreeModel, ModelSettings]>([
    ['gbdt', { rounds: 100_000, patience: 100_000, learningRate: 1e-4 }],
    ['random-forest', { trees: 10_000 }],
  ])('%s stops in the middle when the signal fires, and what follows is not disturbed', async (model, settings) => {
    const stop = new AbortController();
    const stopped = engine.train(DATA.risk, 'risk', model, {
      settings,
      signal: stop.signal,
      onProgress: ({ figures }) => figures && stop.abort(),
    });
    const next = engine.evaluate(DATA.risk, 'risk', { model: 'popularity' });
    await expect(stopped).rejects.toMatchObject({ code: 'CANCELLED' });
    expect((await next).metrics.auc).toBe(0.5);
  });

  test('a file that is malformed, or not of the task, is refused', async () => {
    const [risk, interest] = [await train('random-forest', 'risk'), await train('gbdt', 'interest')];
    const load = (model: TrainedModel) => engine.scoring.load('broken', model);
    const broken = [
      { ...risk, weights: risk.weights.slice(0, -4) },
      { ...risk, contract: interest.contract },
      { ...interest, task: 'risk' as const },
      withFile(risk, (file) => ({ ...file, metadata: { ...file.metadata, link: 'softmax' } })),
      withFile(risk, (file) => ({ ...file, tensors: file.tensors.slice(1) })),
      withFile(risk, ({ tensors, ...file }) => ({
        ...file,
        tensors: tensors.map((tensor) =>
          tensor.name === 'left' ? { ...tensor, values: tensor.values.fill(0) } : tensor,
        ),
      })),
    ];
    for (const model of broken) await expect(load(model)).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await expect(engine.scoring.scoreRisk('broken', [rowOf(DATA.risk, 0)])).rejects.toMatchObject({
      code: 'MODEL_UNAVAILABLE',
    });
  });

  test('a federation is refused, with the reason', async () => {
    const contract = (await train('gbdt', 'risk')).contract;
    for (const model of TREE_MODELS)
      expect(() => initialParameters(model, 'risk', contract)).toThrow(/no parameters that could be averaged/);
  });
});
