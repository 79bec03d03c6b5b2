import { interestDataset, riskDataset, rowOf } from '../../../../test/support/synthetic.js';
import { quietTools } from '../../../../test/support/workshop.js';
import { ConcordError } from '../../../errors.js';
import type { Backend } from '../../backends/backend.js';
import { openBackend } from '../../backends/select.js';
import { FOLD, type UserRow } from '../../data/dataset.js';
import { usersInFold } from '../../data/split.js';
import { encodeDataset, encodeRows } from '../../encoders/encode.js';
import { measure } from '../../evaluation/evaluate.js';
import { explainInterest } from '../../explanations/explain.js';
import { logOdds } from '../../explanations/shapley.js';
import { fitModel } from '../../training/fit-model.js';
import { eraseFrom } from '../erase.js';
import type { FitRequest, FittedModel, Predictor } from '../kind.js';
import { packWeights, unpackWeights } from '../kinds.js';
import { createPredictor } from '../predictor.js';

const dataset = interestDataset({ users: 500 });
const train = usersInFold(dataset, FOLD.train);
const validation = usersInFold(dataset, FOLD.validation);
const MEMBERS = ['item-knn', 'ease', 'linear', 'gbdt'];

describe('a hybrid', () => {
  let backend: Backend;
  let made: FittedModel;
  const trained = (rest: Partial<FitRequest> = {}) =>
    fitModel(
      {
        dataset,
        task: 'interest',
        model: 'hybrid',
        train,
        validation,
        seed: 1,
        settings: { members: MEMBERS },
        ...rest,
      } as FitRequest,
      quietTools(backend),
    );
  const opened = ({ contract, weights }: FittedModel): Predictor =>
    createPredictor('interest', contract, weights, backend);
  async function probabilities(predictor: Predictor, row: UserRow): Promise<Float32Array> {
    let result = new Float32Array();
    const one = { users: Int32Array.of(0), hidden: Int32Array.of(-1) };
    await predictor.predict(encodeRows(predictor.contract, [row]), one, (_start, _count, values) => {
      result = values.slice();
    });
    return result;
  }
  beforeAll(async () => {
    backend = await openBackend('onnxruntime');
    made = await trained();
  });
  afterAll(() => backend.dispose());

  test('is at least nearly as good as each of its members, on users whom it has not seen', async () => {
    const users = { train, validation, test: usersInFold(dataset, FOLD.test) };
    const figures = async (fitted: FittedModel) =>
      measure({ dataset, task: 'interest', seed: 1 }, opened(fitted), fitted, users);
    const own = await figures(made);
    for (const model of ['item-knn', 'ease', 'linear'] as const) {
      const member = await figures(await trained({ model, settings: undefined }));
      expect(own.logloss).toBeLessThan(member.logloss + 0.03);
    }
    expect(made.training).toMatchObject({
      settings: { members: MEMBERS },
      weights: { linear: expect.any(Number), ease: expect.any(Number) },
      coldWeights: { popularity: expect.any(Number), linear: expect.any(Number) },
    });
  });

  test('comes back from its file as it was', async () => {
    const { contract, weights } = made;
    const read = unpackWeights(packWeights(weights), { task: 'interest', contract });
    const row = rowOf(dataset, 2);
    expect(await probabilities(opened({ ...made, weights: read }), row)).toEqual(
      await probabilities(opened(made), row),
    );
  });

  test('scores users of a data set as it scores them one by one', async () => {
    const predictor = opened(made);
    const encoded = encodeDataset(made.contract, dataset);
    const users = Int32Array.of(0, 4, 9, 11, 20);
    const all: Float32Array[] = [];
    await predictor.predict(encoded, { users, hidden: new Int32Array(5).fill(-1) }, (_start, count, values) => {
      for (let row = 0; row < count; row++) all.push(values.slice(row * 8, (row + 1) * 8));
    });
    for (const [place, user] of users.entries()) {
      const one = await probabilities(predictor, rowOf(dataset, user));
      one.forEach((value, product) => {
        expect(value).toBeCloseTo(all[place][product], 5);
      });
    }
  });

  test('recommends a user who owns nothing by what is known of the user otherwise', async () => {
    const predictor = opened(made);
    const best = async (kind: string) => {
      const scores = await probabilities(predictor, { values: { kind, age: 40 }, owned: [] });
      expect(scores.reduce((sum, score) => sum + score, 0)).toBeCloseTo(1, 5);
      return scores.indexOf(Math.max(...scores)) % 3;
    };
    expect([await best('a'), await best('b'), await best('c')]).toEqual([0, 1, 2]);
  });

  test('without attributes is made of recommenders alone, and gives a user who owns nothing the popular products', async () => {
    const bare = { ...dataset, columns: [] };
    const fitted = await trained({ dataset: bare, settings: undefined });
    const { members } = fitted.training.settings as { members: string[] };
    expect(members).toEqual(['popularity', 'item-knn', 'ease', 'naive-bayes', 'als', 'vae', 'content']);
    const predictor = opened(fitted);
    const owners = new Float64Array(8);
    for (const user of train) {
      const { offsets, items } = dataset.ownership as NonNullable<typeof dataset.ownership>;
      for (let item = offsets[user]; item < offsets[user + 1]; item++) owners[items[item]]++;
    }
    const order = (values: ArrayLike<number>) =>
      Array.from(values, (_, product) => product).sort((a, b) => values[b] - values[a] || a - b);
    expect(order(await probabilities(predictor, { values: {}, owned: [] }))).toEqual(order(owners));
  });

  test('says what each column and each product owned adds: the sum is the log-odds', async () => {
    const predictor = opened(made);
    for (const user of [0, 3, 8]) {
      const row = rowOf(dataset, user);
      const scores = await probabilities(predictor, row);
      const reasons = await explainInterest(predictor, row, made.contract.products);
      reasons.forEach(({ base, score, contributions }, product) => {
        expect(contributions.reduce((sum, { contribution }) => sum + contribution, base)).toBeCloseTo(score, 6);
        expect(score).toBeCloseTo(logOdds(scores[product]), 4);
        expect(contributions.map(({ feature }) => feature).sort()).toEqual([
          'age',
          'kind',
          ...row.owned.map((code) => `owned:${code}`),
        ]);
      });
    }
    const [why] = await explainInterest(predictor, { values: { kind: 'b', age: 40 }, owned: ['P1'] }, ['P4']);
    const of = (feature: string) => why.contributions.find((each) => each.feature === feature)?.contribution ?? 0;
    expect(of('kind') + of('owned:P1')).toBeGreaterThan(1);
    await expect(explainInterest(predictor, { values: {}, owned: [] }, ['nope'])).rejects.toThrow(/does not know/);
  });

  test('takes users out of it where all of its members can, else says which cannot', async () => {
    const users = [{ id: `u${train[0]}`, owned: rowOf(dataset, train[0]).owned }];
    const stored = (fitted: FittedModel) => ({
      task: 'interest' as const,
      model: 'hybrid' as const,
      contract: { ...fitted.contract },
      weights: packWeights(fitted.weights),
    });
    expect(eraseFrom(stored(made), users, () => undefined)).toMatchObject({
      outcome: 'retrain',
      reason: expect.stringContaining('linear, gbdt'),
    });
    const counted = await trained({ settings: { members: ['item-knn', 'ease'] } });
    expect(eraseFrom(stored(counted), users, () => undefined)).toMatchObject({ outcome: 'exact' });
  });

  test.each<[string, Partial<FitRequest>, RegExp]>([
    ['a stack as a member', { settings: { members: ['ease', 'stack'] } }, /cannot have the member stack/],
    ['a member twice', { settings: { members: ['ease', 'ease'] } }, /different models/],
    ['a setting that it does not have', { settings: { rounds: 3 } }, /hybrid has no setting rounds/],
    [
      'risk',
      { dataset: riskDataset(), task: 'risk', train: usersInFold(riskDataset(), FOLD.train) },
      /cannot learn risk/,
    ],
  ])('refuses %s', async (_, rest, message) => {
    const failure = trained(rest);
    await expect(failure).rejects.toThrow(ConcordError);
    await expect(failure).rejects.toThrow(message);
  });

  test.each([
    ['popularity', 'x'],
    ['members', '[]'],
    ['members', '[{"model":"hybrid"}]'],
    ['files', '[]'],
  ])('a file with another %s is refused', async (name, value) => {
    const { readSafetensors, writeSafetensors } = await import('../../safetensors/safetensors.js');
    const { tensors, metadata } = readSafetensors(packWeights(made.weights));
    const changed = writeSafetensors({ tensors, metadata: { ...metadata, [name]: value } });
    expect(() => unpackWeights(changed, { task: 'interest', contract: made.contract })).toThrow(ConcordError);
  });
});
