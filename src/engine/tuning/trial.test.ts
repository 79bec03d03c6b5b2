import { interestDataset, riskDataset } from '../../../test/support/synthetic.js';
import { quietTools } from '../../../test/support/workshop.js';
import type { Backend } from '../backends/backend.js';
import { openBackend } from '../backends/select.js';
import { type Column, type Dataset, FOLD } from '../data/dataset.js';
import type { ModelName } from '../engine.js';
import { runTrial } from './trial.js';

/** The same users, but for those of the test fold, of whom nothing is left. */
function withoutTestUsers(dataset: Dataset): Dataset {
  const isTest = (user: number) => dataset.fold?.[user] === FOLD.test;
  const blank = (column: Column): Column =>
    column.kind === 'categorical'
      ? { ...column, values: column.values.map((value, user) => (isTest(user) ? -1 : value)) }
      : { ...column, values: column.values.map((value, user) => (isTest(user) ? Number.NaN : value)) };
  return {
    ...dataset,
    columns: dataset.columns.map(blank),
    ...(dataset.label && { label: dataset.label.map((label, user) => (isTest(user) ? 1 - label : label)) }),
  };
}

describe('a trial', () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await openBackend('onnxruntime');
  });
  afterAll(() => backend.dispose());
  const run = (dataset: Dataset, model: ModelName, trial: number, effort = 1) =>
    runTrial(
      { dataset, model, task: dataset.ownership ? 'interest' : 'risk', seed: 1, trial, effort },
      { ...quietTools(backend), onStage: () => undefined },
    );

  test.each([
    ['logistic', riskDataset()],
    ['gbdt', riskDataset()],
    ['scorecard', riskDataset()],
    ['ease', interestDataset()],
  ] as const)('of %s gives settings and what they reach on validation users, and does not look at test users', async (model, dataset) => {
    const { settings, validationLoss } = await run(dataset, model, 2, 0.1);
    expect(validationLoss).toBeGreaterThan(0.2);
    expect(validationLoss).toBeLessThan(2);
    expect(await run(withoutTestUsers(dataset), model, 2, 0.1)).toEqual({ settings, validationLoss });
    expect((await run(dataset, model, 3, 0.1)).validationLoss).not.toBe(validationLoss);
  });

  test('takes a part of the rounds in training, and gives settings for all of them', async () => {
    const [little, much] = [await run(riskDataset(), 'gbdt', 2, 0.001), await run(riskDataset(), 'gbdt', 2, 1)];
    expect(little.settings).toEqual(much.settings);
    expect(little.validationLoss).toBeGreaterThan(much.validationLoss ?? Number.POSITIVE_INFINITY);
  });

  test('without a stored split is judged by users set aside in turn', async () => {
    const { fold: _, ...dataset } = riskDataset({ size: 200 });
    const { validationLoss } = await run(dataset, 'logistic', 1, 0.1);
    expect(validationLoss).toBeLessThan(0.8);
  });

  test('that cannot be numbered, or has nothing to try, is refused', async () => {
    await expect(run(riskDataset(), 'logistic', 0)).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await expect(run(riskDataset(), 'logistic', 1, 0)).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await expect(run(riskDataset(), 'popularity', 1)).rejects.toThrow(/no settings to search/);
    await expect(run(riskDataset(), 'ease', 2)).resolves.toMatchObject({
      validationLoss: null,
      refused: expect.stringContaining('cannot learn risk'),
    });
    await expect(run(riskDataset(), 'ease', 1)).rejects.toThrow(/cannot learn risk/);
  });
});
