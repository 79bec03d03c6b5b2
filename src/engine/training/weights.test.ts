import { interestDataset, riskDataset } from '../../../test/support/synthetic.js';
import type { Backend } from '../backends/backend.js';
import { openBackend } from '../backends/select.js';
import type { Dataset } from '../data/dataset.js';
import type { ModelName } from '../engine.js';
import { scoreRiskOf } from '../evaluation/score.js';
import { createPredictor } from '../models/predictor.js';
import { trainTrees } from '../trees/member.js';
import { fitModel } from './fit-model.js';
import { trainMember } from './member.js';

const network = { maxEpochs: 6, patience: 6, weightDecay: 0.01, batchSize: 128, learningRate: 0.03 };
const SETTINGS = {
  logistic: network,
  dnn: { ...network, members: 1, hidden: [8], dropout: 0 },
  gbdt: { rounds: 30, patience: 30, learningRate: 0.1, members: 1 },
  'random-forest': { trees: 20, members: 1 },
};
const MODELS = Object.keys(SETTINGS) as (keyof typeof SETTINGS)[];

describe('weights of users', () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await openBackend('onnxruntime');
  });
  afterAll(() => backend.dispose());

  const fitted = (dataset: Dataset, model: ModelName, settings: object = {}) => {
    const everyone = Int32Array.from({ length: dataset.size }, (_, user) => user);
    const task = dataset.ownership ? ('interest' as const) : ('risk' as const);
    return fitModel(
      {
        ...{ dataset, task, model, settings, seed: 1 },
        train: everyone.filter((user) => user % 4 > 0),
        validation: everyone.filter((user) => user % 4 === 0),
      },
      {
        backend,
        checkpoint: () => undefined,
        onProgress: () => undefined,
        trainMembers: (tasks) =>
          Promise.all(tasks.map((task) => trainMember(task, backend, { checkpoint: () => undefined }))),
        trainTrees: async (tasks) => tasks.map((task) => trainTrees(task, { checkpoint: () => undefined })),
      },
    );
  };
  const scores = async (dataset: Dataset, model: keyof typeof SETTINGS) => {
    const { contract, weights, encoded } = await fitted(dataset, model, SETTINGS[model]);
    const predictor = createPredictor('risk', contract, weights, backend);
    try {
      return [
        ...(await scoreRiskOf(
          predictor,
          encoded,
          Int32Array.from({ length: dataset.size }, (_, user) => user),
        )),
      ];
    } finally {
      await predictor.dispose();
    }
  };
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

  test.each(
    MODELS,
  )('%s: weights of 1 change nothing, and the event counts for more where its users do', async (model) => {
    const dataset = riskDataset();
    const plain = await scores(dataset, model);
    expect(await scores({ ...dataset, weights: new Float32Array(dataset.size).fill(1) }, model)).toEqual(plain);
    const heavy = dataset.label!.map((label) => (label === 1 ? 4 : 1));
    expect(mean(await scores({ ...dataset, weights: heavy }, model))).toBeGreaterThan(mean(plain) + 0.05);
  });

  test('models that count all alike, and weights that are none, are refused', async () => {
    const dataset = riskDataset();
    const ones = new Float32Array(dataset.size).fill(1);
    await expect(fitted({ ...dataset, weights: ones }, 'popularity')).rejects.toThrow(/counts every user alike/);
    await expect(fitted({ ...dataset, weights: new Float32Array(dataset.size) }, 'logistic')).rejects.toThrow(
      /above 0/,
    );
    const interest = interestDataset();
    await expect(fitted({ ...interest, weights: new Float32Array(interest.size).fill(1) }, 'linear')).rejects.toThrow(
      /models of risk/,
    );
  });
});
