import { interestDataset, riskDataset, rowOf, withEvents } from '../../../test/support/synthetic.js';
import { ConcordError } from '../../errors.js';
import type { Backend } from '../backends/backend.js';
import { openBackend } from '../backends/select.js';
import type { Dataset } from '../data/dataset.js';
import { usersInFold } from '../data/split.js';
import { encodeRows } from '../encoders/encode.js';
import { type Explanation, MODELS, type ModelName, type ModelSettings } from '../engine.js';
import type { Predictor } from '../models/kind.js';
import { createPredictor } from '../models/predictor.js';
import { fitModel } from '../training/fit-model.js';
import { trainMember } from '../training/member.js';
import { trainTrees } from '../trees/member.js';
import { explainInterest, explainRisk } from './explain.js';
import { logOdds } from './shapley.js';

const sumOf = ({ base, contributions }: Explanation) =>
  contributions.reduce((sum, { contribution }) => sum + contribution, base);

const quick = { maxEpochs: 8, weightDecay: 0.01, batchSize: 128, learningRate: 0.03 };
const QUICK: Readonly<Record<ModelName, ModelSettings>> = {
  popularity: {},
  linear: quick,
  logistic: quick,
  dnn: { ...quick, hidden: [16], dropout: 0.2, members: 2 },
  tabm: { ...quick, hidden: [16], dropout: 0.2, networks: 4 },
  cnn: { ...quick, hidden: [16], units: [8], dropout: 0.2, members: 2 },
  gru: { ...quick, hidden: [16], units: [8], dropout: 0.2, members: 2 },
  gbdt: { rounds: 60, patience: 10, learningRate: 0.1, members: 2 },
  'random-forest': { trees: 40 },
  'item-knn': { shrinkage: 3 },
  'user-knn': { neighbours: 20 },
  ease: { regularisation: 10 },
  'naive-bayes': { smoothing: 5 },
  als: { factors: 4, iterations: 6 },
  vae: { hidden: 16, latent: 4, learningRate: 0.01, epochs: 6 },
  content: {},
  scorecard: {},
  'two-tower': { ...quick, hidden: [16], embedding: 8, dropout: 0 },
  hybrid: { members: ['ease', 'linear'] },
  stack: {
    members: ['logistic', 'gbdt'],
    memberSettings: { logistic: quick, gbdt: { rounds: 60, patience: 10, learningRate: 0.1, members: 2 } },
  },
};

describe('explanations', () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await openBackend('onnxruntime');
  });
  afterAll(() => backend.dispose());

  async function predictorOf(dataset: Dataset, model: ModelName): Promise<Predictor> {
    const task = dataset.ownership ? 'interest' : 'risk';
    const request = {
      dataset,
      task,
      model,
      seed: 1,
      train: usersInFold(dataset, 0),
      validation: usersInFold(dataset, 1),
    } as const;
    const fitted = await fitModel(
      { ...request, settings: QUICK[model] },
      {
        trainMembers: (tasks) =>
          Promise.all(tasks.map((one) => trainMember(one, backend, { checkpoint: () => undefined }))),
        trainTrees: async (tasks) => tasks.map((one) => trainTrees(one, { checkpoint: () => undefined })),
        backend,
        checkpoint: () => undefined,
        onProgress: () => undefined,
      },
    );
    return createPredictor(task, fitted.contract, fitted.weights, backend);
  }

  async function probabilities(predictor: Predictor, dataset: Dataset, user: number): Promise<Float32Array> {
    let found = new Float32Array(0);
    const rows = { users: Int32Array.of(0), hidden: Int32Array.of(-1) };
    await predictor.predict(encodeRows(predictor.contract, [rowOf(dataset, user)]), rows, (_start, _count, values) => {
      found = values.slice();
    });
    return found;
  }

  test.each([
    'logistic',
    'dnn',
    'gbdt',
    'random-forest',
  ] as const)('risk by %s: base and contributions sum to the log-odds of the score', async (model) => {
    const dataset = riskDataset();
    const predictor = await predictorOf(dataset, model);
    for (const user of [0, 1, 2, 9, 77]) {
      const why = await explainRisk(predictor, rowOf(dataset, user));
      expect(sumOf(why)).toBeCloseTo(why.score, 9);
      expect(1 / (1 + Math.exp(-why.score))).toBeCloseTo((await probabilities(predictor, dataset, user))[0], 6);
      expect(why.contributions.map(({ feature }) => feature).sort()).toEqual(['delay', 'income', 'job', 'opened']);
      expect(why.contributions.find(({ feature }) => feature === 'job')?.value).toBe(rowOf(dataset, user).values.job);
      expect(await explainRisk(predictor, rowOf(dataset, user))).toEqual(why);
    }
    await predictor.dispose();
  });

  test('what raises the risk in the data raises it in the explanation', async () => {
    const dataset = riskDataset({ size: 2000 });
    for (const model of ['logistic', 'dnn', 'gbdt', 'random-forest'] as const) {
      const predictor = await predictorOf(dataset, model);
      const user = { values: { income: 2000, delay: 3, job: 'clerk', opened: '2015-01-01' }, owned: [] };
      const [first] = (await explainRisk(predictor, user)).contributions;
      expect(first.feature).toBe('delay');
      expect(first.contribution).toBeGreaterThan(0.3);
      await predictor.dispose();
    }
  });

  test.each([
    'linear',
    'dnn',
    'gbdt',
    'random-forest',
  ] as const)('interest by %s: the log-odds of each product, owned ones by name', async (model) => {
    const dataset = interestDataset();
    const predictor = await predictorOf(dataset, model);
    const user = 4;
    const row = rowOf(dataset, user);
    const scores = await probabilities(predictor, dataset, user);
    const reasons = await explainInterest(predictor, row, predictor.contract.products);
    reasons.forEach((why, product) => {
      expect(sumOf(why)).toBeCloseTo(why.score, 9);
      expect(why.score).toBeCloseTo(logOdds(scores[product]), 5);
      const features = why.contributions.map(({ feature }) => feature);
      for (const code of row.owned) expect(features).toContain(`owned:${code}`);
      expect(features).toContain('owned:other products');
      expect(features).toHaveLength(2 + row.owned.length + 1);
    });
    await predictor.dispose();
  });

  test('probabilities of products that are not owned sum to 1, and none is beyond', async () => {
    const dataset = withEvents(interestDataset());
    // Scorecards rank no products.
    for (const model of MODELS.filter((name) => name !== 'scorecard')) {
      const predictor = await predictorOf(dataset, model);
      for (const user of [0, 5, 10]) {
        const { owned } = rowOf(dataset, user);
        const scores = await probabilities(predictor, dataset, user);
        const open = predictor.contract.products.map((code, product) => (owned.includes(code) ? 0 : scores[product]));
        expect(open.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
        expect(scores.every((score) => score >= 0 && score <= 1)).toBe(true);
      }
      await predictor.dispose();
    }
  });

  test('a user who owns everything is scored all the same', async () => {
    const dataset = interestDataset();
    for (const model of ['dnn', 'gbdt', 'random-forest'] as const) {
      const predictor = await predictorOf(dataset, model);
      const row = { values: {}, owned: predictor.contract.products };
      const reasons = await explainInterest(predictor, row, ['P0']);
      expect(Number.isFinite(reasons[0].score)).toBe(true);
      await predictor.dispose();
    }
  });

  test('popularity has no reasons; an unknown product is refused', async () => {
    const risk = await predictorOf(riskDataset(), 'popularity');
    expect(await explainRisk(risk, { values: {}, owned: [] })).toMatchObject({ contributions: [] });
    const interest = await predictorOf(interestDataset(), 'popularity');
    const [why] = await explainInterest(interest, { values: {}, owned: ['P1'] }, ['P0']);
    expect(sumOf(why)).toBeCloseTo(why.score, 9);
    await expect(explainInterest(interest, { values: {}, owned: [] }, ['nope'])).rejects.toThrow(ConcordError);
  });
});
