import { interestDataset, riskDataset, rowOf } from '../../../../test/support/synthetic.js';
import { ConcordError } from '../../../errors.js';
import type { Backend } from '../../backends/backend.js';
import { openBackend } from '../../backends/select.js';
import { FOLD } from '../../data/dataset.js';
import { usersInFold } from '../../data/split.js';
import { encodeRows } from '../../encoders/encode.js';
import type { ModelName, ModelSettings, StoredModel } from '../../engine.js';
import { explainInterest } from '../../explanations/explain.js';
import { logOdds } from '../../explanations/shapley.js';
import { SINGLE_RECOMMENDERS, type SingleRecommender } from '../../recommenders/recommender.js';
import { fitModel } from '../../training/fit-model.js';
import { eraseFrom } from '../erase.js';
import type { FitRequest, Predictor } from '../kind.js';
import { packWeights, unpackWeights } from '../kinds.js';
import { createPredictor } from '../predictor.js';

const SETTINGS: Readonly<Record<SingleRecommender, ModelSettings>> = {
  'item-knn': { shrinkage: 3 },
  'user-knn': { neighbours: 20 },
  ease: { regularisation: 10 },
  'naive-bayes': { smoothing: 5 },
  als: { factors: 4, iterations: 6 },
  vae: { hidden: 16, latent: 4, learningRate: 0.01, epochs: 12 },
  content: {},
};

const dataset = interestDataset({ users: 400 });
const train = usersInFold(dataset, FOLD.train);
const validation = usersInFold(dataset, FOLD.validation);

describe('recommenders by name', () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await openBackend('onnxruntime');
  });
  afterAll(() => backend.dispose());

  const none = () => Promise.reject(new Error('Nothing of the kind is trained here.'));
  const fitted = (model: ModelName, rest: Partial<FitRequest> = {}) =>
    fitModel(
      {
        dataset,
        task: 'interest',
        model,
        train,
        validation,
        seed: 1,
        settings: SETTINGS[model as SingleRecommender],
        ...rest,
      },
      { backend, checkpoint: () => undefined, onProgress: () => undefined, trainMembers: none, trainTrees: none },
    );
  const stored = async (model: SingleRecommender, rest: Partial<FitRequest> = {}): Promise<StoredModel> => {
    const { contract, weights } = await fitted(model, rest);
    return { task: 'interest', model, contract: { ...contract }, weights: packWeights(weights) };
  };
  async function probabilities(predictor: Predictor, owned: readonly string[]): Promise<Float32Array> {
    let result = new Float32Array();
    const one = { users: Int32Array.of(0), hidden: Int32Array.of(-1) };
    await predictor.predict(encodeRows(predictor.contract, [{ values: {}, owned }]), one, (_start, _count, values) => {
      result = values.slice();
    });
    return result;
  }

  test.each(
    SINGLE_RECOMMENDERS,
  )('%s finds what users of a kind own, from the file that it is stored in', async (model) => {
    const { contract, weights } = await fitted(model);
    const predictor = createPredictor(
      'interest',
      contract,
      unpackWeights(packWeights(weights), { task: 'interest', contract }),
      backend,
    );
    // P0, P3 and P6 are owned by the same users.
    const scores = await probabilities(predictor, ['P0', 'P3']);
    const open = [...scores.keys()].filter((product) => product !== 0 && product !== 3);
    expect(open.reduce((best, product) => (scores[product] > scores[best] ? product : best))).toBe(6);
    expect(open.reduce((sum, product) => sum + scores[product], 0)).toBeCloseTo(1, 5);
    await predictor.dispose();
  });

  test.each(SINGLE_RECOMMENDERS)('%s gives a user who owns nothing the popular products', async (model) => {
    const { contract, weights } = await fitted(model);
    const predictor = createPredictor('interest', contract, weights, backend);
    const scores = await probabilities(predictor, []);
    const popular = createPredictor('interest', contract, (await fitted('popularity')).weights, backend);
    const shares = await probabilities(popular, []);
    scores.forEach((score, product) => {
      expect(score).toBeCloseTo(shares[product], 2);
    });
  });

  test.each(SINGLE_RECOMMENDERS)('%s says what each product owned adds to the log-odds of a product', async (model) => {
    const { contract, weights } = await fitted(model);
    const predictor = createPredictor('interest', contract, weights, backend);
    const row = rowOf(dataset, 3);
    const scores = await probabilities(predictor, row.owned);
    const reasons = await explainInterest(predictor, row, contract.products);
    reasons.forEach(({ base, score, contributions }, product) => {
      expect(contributions.reduce((sum, { contribution }) => sum + contribution, base)).toBeCloseTo(score, 6);
      expect(score).toBeCloseTo(logOdds(scores[product]), 4);
      expect(contributions.map(({ feature }) => feature).sort()).toEqual(row.owned.map((code) => `owned:${code}`));
    });
    await expect(explainInterest(predictor, row, ['nope'])).rejects.toThrow(/does not know the product nope/);
  });

  test.each(SINGLE_RECOMMENDERS)('%s is no model of risk: a sentence says so', async (model) => {
    const risk = riskDataset();
    const failure = fitted(model, { dataset: risk, task: 'risk', train: usersInFold(risk, FOLD.train) });
    await expect(failure).rejects.toThrow(ConcordError);
    await expect(failure).rejects.toThrow(`${model} says which products`);
  });

  test('where no settings are given, several are tried, also for whom nothing but calibration is said', async () => {
    for (const settings of [undefined, {}, { calibration: 'none' }] as const) {
      const { training } = await fitted('ease', { settings });
      expect((training.candidates as readonly object[]).length).toBeGreaterThan(3);
    }
    expect((await fitted('ease')).training.candidates).toHaveLength(1);
  });

  test('without validation users some of the training users are set aside', async () => {
    const result = await fitted('ease', { validation: undefined });
    expect(result.training.trainingUsers).toBe(train.length - Math.ceil(train.length / 10));
  });

  test('content without anything to compare is refused, as is a setting of another model', async () => {
    await expect(fitted('content', { dataset: { ...dataset, content: undefined } })).rejects.toThrow(
      /nothing to compare/,
    );
    await expect(fitted('ease', { settings: { shrinkage: 3 } })).rejects.toThrow(/ease has no setting shrinkage/);
  });

  describe('erasure', () => {
    const gone = train.filter((_, place) => place % 7 === 0);
    const kept = train.filter((_, place) => place % 7 !== 0);
    const users = Array.from(gone, (user) => ({ id: `u${user}`, owned: rowOf(dataset, user).owned }));

    test.each([
      'ease',
      'item-knn',
      'naive-bayes',
      'user-knn',
    ] as const)('%s without users is, but for its calibration, what training without them makes', async (model) => {
      const erased = eraseFrom(await stored(model), users, () => undefined);
      if (erased.outcome === 'retrain') throw new Error(erased.reason);
      expect(erased.outcome).toBe('exact');
      const read = ({ contract, weights }: StoredModel) => {
        const unpacked = unpackWeights(weights, { task: 'interest', contract: contract as never });
        if (unpacked.kind !== 'recommender') throw new Error('no recommender');
        const { members, ...rest } = unpacked.recommender;
        return { ...rest, members: members.map(({ member }) => member) };
      };
      expect(read(erased.model)).toEqual(read(await stored(model, { train: kept })));
      expect(read(erased.model)).not.toEqual(read(await stored(model)));
    });

    test.each(['als', 'vae', 'popularity'] as const)('%s has to be trained again', async (model) => {
      const { contract, weights } = await fitted(model);
      const whole: StoredModel = { task: 'interest', model, contract: { ...contract }, weights: packWeights(weights) };
      expect(eraseFrom(whole, users, () => undefined)).toMatchObject({ outcome: 'retrain', reason: /trained again/ });
    });

    test('content has nothing of users in it', async () => {
      const before = await stored('content');
      expect(eraseFrom(before, users, () => undefined)).toMatchObject({ outcome: 'none' });
    });

    test('users who were not trained on are refused where that can be told', async () => {
      const everything = [{ id: 'u9999', owned: dataset.ownership?.products ?? [] }];
      const many = Array.from({ length: 300 }, (_, user) => ({ ...everything[0], id: `u${10_000 + user}` }));
      const before = await stored('ease');
      expect(() => eraseFrom(before, many, () => undefined)).toThrow(/was not trained on these users/);
      expect(() => eraseFrom(before, [...users, users[0]], () => undefined)).toThrow(/once/);
    });
  });
});
