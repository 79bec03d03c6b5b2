import { interestDataset, riskDataset } from '../../../test/support/synthetic.js';
import { ConcordError } from '../../errors.js';
import { FOLD } from '../data/dataset.js';
import { hiddenProducts, usersInFold } from '../data/split.js';
import { encodeRows } from '../encoders/encode.js';
import type { Task } from '../engine.js';
import { auc } from '../metrics/binary.js';
import { createBatch, fillRows } from '../training/batch.js';
import { packTrees, unpackTrees } from './artifact.js';
import { createTreeExplainer } from './explain.js';
import { type FittedTrees, fitTrees, type TrainTrees } from './fit.js';
import { treeInputs } from './inputs.js';
import { trainTrees } from './member.js';
import { predictBatch } from './predict.js';
import { candidateTreeSettings } from './presets.js';
import { checkTreeSettings, type TreeModel, type TreeSettings } from './settings.js';

const here: TrainTrees = async (tasks) => tasks.map((task) => trainTrees(task, { checkpoint() {} }));

const data = { risk: riskDataset({ size: 1500 }), interest: interestDataset({ users: 900 }) };

function request(task: Task, model: TreeModel, settings: Partial<TreeSettings> = {}) {
  const dataset = data[task];
  const train = usersInFold(dataset, FOLD.train);
  const users = usersInFold(dataset, FOLD.validation);
  const hidden = dataset.ownership
    ? hiddenProducts(dataset.ownership, users, 1)
    : new Int32Array(users.length).fill(-1);
  const quick = model === 'gbdt' ? { rounds: 60, patience: 10, members: 2 } : { trees: 30 };
  return {
    dataset,
    task,
    model,
    train,
    folds: [{ train, validation: { users, hidden } }],
    seed: 1,
    part: { stage: 'training', from: 0, to: 1 },
    settings: { ...quick, ...settings } as Partial<TreeSettings>,
  };
}

/** Probabilities of the test users, each with its hidden product hidden. */
function probabilitiesOf(
  task: Task,
  { contract, encoded, ensemble }: FittedTrees,
  users: Int32Array,
  hidden: Int32Array,
) {
  const inputs = treeInputs(contract);
  const batch = createBatch(task, users.length, inputs.width, ensemble.outputs);
  fillRows(batch, inputs, encoded, { users, hidden }, 0);
  return predictBatch(task, ensemble, batch);
}

const rowOf = (task: Task, user: number) => {
  const { columns, ownership } = data[task];
  const values = Object.fromEntries(
    columns.map((column) => {
      const value = column.values[user];
      if (column.kind === 'categorical') return [column.name, value < 0 ? null : column.categories[value]];
      return [column.name, Number.isNaN(value) ? null : value];
    }),
  );
  const owned = ownership
    ? Array.from(ownership.items.subarray(ownership.offsets[user], ownership.offsets[user + 1]))
    : [];
  return { values, owned: owned.map((product) => ownership?.products[product] as string) };
};

describe.each<TreeModel>(['gbdt', 'random-forest'])('%s', (model) => {
  test('tells who will have the event', async () => {
    const fitted = await fitTrees(request('risk', model), here);
    const test = usersInFold(data.risk, FOLD.test);
    const probabilities = probabilitiesOf('risk', fitted, test, new Int32Array(test.length).fill(-1));
    const labels = Float32Array.from(test, (user) => data.risk.label?.[user] as number);
    expect(auc(labels, probabilities)).toBeGreaterThan(0.7);
    expect(probabilities.every((value) => value >= 0 && value <= 1)).toBe(true);
  });

  test('ranks products, with probabilities of the candidates that sum to 1', async () => {
    const fitted = await fitTrees(request('interest', model), here);
    const test = usersInFold(data.interest, FOLD.test);
    const hidden = hiddenProducts(data.interest.ownership!, test, 1);
    const probabilities = probabilitiesOf('interest', fitted, test, hidden);
    const { items, offsets } = fitted.encoded;
    let first = 0;
    test.forEach((user, row) => {
      const shown = new Set(
        [...items.subarray(offsets[user], offsets[user + 1])].filter((each) => each !== hidden[row]),
      );
      const own = [...probabilities.subarray(8 * row, 8 * row + 8)];
      const open = own.map((value, product) => (shown.has(product) ? 0 : value));
      expect(open.reduce((sum, value) => sum + value)).toBeCloseTo(1, 5);
      if (open.indexOf(Math.max(...open)) === hidden[row]) first++;
    });
    expect(first / hidden.filter((product) => product >= 0).length).toBeGreaterThan(0.3);
  });

  test.each<Task>([
    'risk',
    'interest',
  ])('explains %s by contributions that sum to the log-odds of what it serves', async (task) => {
    const fitted = await fitTrees(request(task, model), here);
    const stored = unpackTrees(packTrees(fitted.ensemble), {
      categories: treeInputs(fitted.contract).categories,
      outputs: fitted.ensemble.outputs,
    });
    const explainer = createTreeExplainer(fitted.contract, stored);
    for (const user of usersInFold(data[task], FOLD.test).subarray(0, 30)) {
      const row = rowOf(task, user);
      const encoded = encodeRows(fitted.contract, [row]);
      const served = probabilitiesOf(task, { ...fitted, encoded }, Int32Array.of(0), Int32Array.of(-1));
      const products = task === 'interest' ? fitted.contract.products : ['risk'];
      const explanations =
        task === 'interest' ? explainer.explainInterest(row, products) : [explainer.explainRisk(row)];
      explanations.forEach(({ base, score, contributions }, output) => {
        expect(contributions.reduce((sum, { contribution }) => sum + contribution, base)).toBeCloseTo(score, 9);
        expect(1 / (1 + Math.exp(-score))).toBeCloseTo(served[output], 6);
      });
    }
  });

  test('is the same for the same seed', async () => {
    const run = async () => (await fitTrees(request('risk', model), here)).ensemble;
    expect(await run()).toEqual(await run());
  });

  test('stops where it is told to', async () => {
    const checkpoint = () => {
      throw new ConcordError('CANCELLED', 'given up');
    };
    const stopping: TrainTrees = async (tasks) => tasks.map((task) => trainTrees(task, { checkpoint }));
    await expect(fitTrees(request('risk', model), stopping)).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

test('the best candidate by validation loss is taken, and its members are not trained again', async () => {
  let trained = 0;
  const counting: TrainTrees = (tasks, part) => {
    trained += tasks.length;
    return here(tasks, part);
  };
  const { training } = await fitTrees(request('risk', 'gbdt'), counting);
  const candidates = training.candidates as { validationLoss: number; maxLeaves: number }[];
  const best = candidates.reduce((a, b) => (b.validationLoss < a.validationLoss ? b : a));
  expect((training.settings as TreeSettings).maxLeaves).toBe(best.maxLeaves);
  expect(trained).toBe(candidates.length + 1);
});

test('a factor that is told to raise the risk never lowers it', async () => {
  const fitted = await fitTrees(
    request('risk', 'gbdt', { monotone: { income: -1, delay: 1 } } as Partial<TreeSettings>),
    here,
  );
  const score = (values: Record<string, number | null>) =>
    createTreeExplainer(fitted.contract, fitted.ensemble).explainRisk({ values, owned: [] }).score;
  const incomes = [100, 500, 2000, 5000, 20_000].map((income) => score({ income, delay: 1 }));
  expect(incomes).toEqual([...incomes].sort((a, b) => b - a));
  const delays = [-2, -1, 0, 1, 2, 3].map((delay) => score({ income: 3000, delay }));
  expect(delays).toEqual([...delays].sort((a, b) => a - b));
});

test.each<[string, Partial<TreeSettings>]>([
  ['a column without an order', { monotone: { job: 1 } } as Partial<TreeSettings>],
  ['a column that is not there', { monotone: { nothing: 1 } } as Partial<TreeSettings>],
  ['a direction of 2', { monotone: { income: 2 } } as never],
  ['half a leaf', { maxLeaves: 2.5 }],
  ['more bins than a byte holds', { bins: 256 }],
  ['no rows', { rowShare: 0 }],
])('%s is refused', async (_, settings) => {
  await expect(fitTrees(request('risk', 'gbdt', settings), here)).rejects.toMatchObject({ code: 'BAD_INPUT' });
});

test('too many products are refused with what to do instead', async () => {
  const dataset = interestDataset({ users: 60, products: 300 });
  const { folds, ...rest } = request('interest', 'gbdt');
  const train = usersInFold(dataset, FOLD.train);
  const validation = { users: train, hidden: hiddenProducts(dataset.ownership!, train, 1) };
  const asked = fitTrees({ ...rest, dataset, train, folds: [{ train, validation }] }, here);
  await expect(asked).rejects.toMatchObject({ code: 'BAD_INPUT', message: expect.stringContaining('linear or dnn') });
  expect(folds).toHaveLength(1);
});

test('all candidates are settings that may be', () => {
  for (const task of ['risk', 'interest'] as const)
    for (const model of ['gbdt', 'random-forest'] as const)
      for (const users of [100, 10_000])
        for (const settings of candidateTreeSettings({ task, model, users, features: 30 }))
          expect(checkTreeSettings(settings)).toBe(settings);
});
