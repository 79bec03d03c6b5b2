import { interestDataset, riskDataset, rowOf, withEvents } from '../../../test/support/synthetic.js';
import { toolsOf } from '../../../test/support/tools.js';
import { ConcordError } from '../../errors.js';
import type { Backend } from '../backends/backend.js';
import { openBackend } from '../backends/select.js';
import type { Dataset } from '../data/dataset.js';
import { usersInFold } from '../data/split.js';
import { encodeRows } from '../encoders/encode.js';
import type { Explanation } from '../engine.js';
import { logOdds } from '../explanations/shapley.js';
import type { FitRequest, FittedModel, Predictor } from '../models/kind.js';
import { packWeights, unpackWeights } from '../models/kinds.js';
import { createPredictor } from '../models/predictor.js';
import type { StackWeights } from '../models/weights.js';
import { readSafetensors, writeSafetensors } from '../safetensors/safetensors.js';
import { fitModel } from '../training/fit-model.js';
import type { OpenStack } from './open.js';

const quick = { maxEpochs: 8, weightDecay: 0.01, batchSize: 128, learningRate: 0.03 };
const settings = {
  members: ['logistic', 'dnn', 'gbdt', 'random-forest'] as const,
  memberSettings: {
    logistic: quick,
    dnn: { ...quick, hidden: [16], dropout: 0.2, members: 2 },
    gbdt: { rounds: 40, patience: 10, learningRate: 0.1, members: 2 },
    'random-forest': { trees: 20 },
  },
};

const sumOf = ({ base, contributions }: Explanation) =>
  contributions.reduce((sum, { contribution }) => sum + contribution, base);

describe('a stack', () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await openBackend('onnxruntime');
  });
  afterAll(() => backend.dispose());

  const taskOf = (dataset: Dataset) => (dataset.ownership ? 'interest' : 'risk');
  const trained = (dataset: Dataset, more: Partial<FitRequest> = {}) =>
    fitModel(
      {
        dataset,
        task: taskOf(dataset),
        model: 'stack',
        seed: 1,
        settings,
        train: usersInFold(dataset, 0),
        validation: usersInFold(dataset, 1),
        ...more,
      },
      toolsOf(backend),
    );
  const open = (dataset: Dataset, { contract, weights }: Pick<FittedModel, 'contract' | 'weights'>) =>
    createPredictor(taskOf(dataset), contract, weights, backend);

  async function scoresOf(predictor: Predictor, dataset: Dataset, users: readonly number[]): Promise<Float32Array> {
    const rows = users.map((user) => rowOf(dataset, user));
    const all = new Float32Array(users.length * predictor.outputs);
    await predictor.predict(
      encodeRows(predictor.contract, rows),
      { users: Int32Array.from(users.keys()), hidden: new Int32Array(users.length).fill(-1) },
      (start, _count, probabilities) => all.set(probabilities, start * predictor.outputs),
    );
    return all;
  }

  test('of risk adds up the log-odds of its members', async () => {
    const dataset = riskDataset();
    const fitted = await trained(dataset);
    const { members, intercept } = fitted.weights as StackWeights;
    expect(members.map(({ model }) => model)).toEqual(settings.members);
    expect(members.every(({ weight }) => weight >= 0)).toBe(true);
    const predictor = open(dataset, fitted);
    const users = [0, 3, 9, 40, 77];
    const stacked = await scoresOf(predictor, dataset, users);
    const alone: Float32Array[] = [];
    for (const { contract, weights } of members) {
      const member = createPredictor('risk', contract, weights, backend);
      alone.push(await scoresOf(member, dataset, users));
      await member.dispose();
    }
    users.forEach((_, place) => {
      const odds = members.reduce((sum, { weight }, m) => sum + weight * logOdds(alone[m][place]), intercept);
      expect(logOdds(stacked[place])).toBeCloseTo(odds, 4);
    });
    await predictor.dispose();
  });

  test.each([
    ['risk', riskDataset()],
    ['interest', interestDataset()],
  ] as const)('of %s comes back as it was stored, and scores users of a data set as it scores them one by one', async (_, dataset) => {
    const fitted = await trained(dataset);
    const { contract, weights, encoded } = fitted;
    const stored = unpackWeights(packWeights(weights), { task: taskOf(dataset), contract });
    expect(stored).toEqual(weights);
    const predictor = open(dataset, { contract, weights: stored });
    const users = usersInFold(dataset, 2);
    const together: number[] = [];
    await predictor.predict(
      encoded,
      { users, hidden: new Int32Array(users.length).fill(-1) },
      (_start, _count, values) => {
        together.push(...values);
      },
    );
    const alone = await scoresOf(predictor, dataset, [...users]);
    together.forEach((value, place) => {
      expect(value).toBeCloseTo(alone[place], 5);
    });
    await predictor.dispose();
  });

  test('of risk is explained by the weighted sum of what explains its members', async () => {
    const dataset = riskDataset();
    const fitted = await trained(dataset);
    const { members, intercept } = fitted.weights as StackWeights;
    const predictor = open(dataset, fitted);
    for (const user of [0, 3, 9]) {
      const row = rowOf(dataset, user);
      const why = await predictor.explainRisk(row);
      const parts = await Promise.all((predictor.opened as OpenStack).members.map((member) => member.explainRisk(row)));
      const of = (feature: string, { contributions }: Explanation) =>
        contributions.find((each) => each.feature === feature)?.contribution ?? 0;
      for (const { feature, contribution } of why.contributions)
        expect(contribution).toBeCloseTo(
          parts.reduce((sum, part, m) => sum + members[m].weight * of(feature, part), 0),
          9,
        );
      expect(why.base).toBeCloseTo(
        parts.reduce((sum, { base }, m) => sum + members[m].weight * base, intercept),
        9,
      );
      expect(sumOf(why)).toBeCloseTo(why.score, 9);
      expect(why.score).toBeCloseTo(logOdds((await scoresOf(predictor, dataset, [user]))[0]), 4);
    }
    await predictor.dispose();
  });

  test('of interest is explained to the log-odds of each product, owned or not', async () => {
    const dataset = interestDataset();
    const predictor = open(dataset, await trained(dataset));
    for (const user of [4, 5]) {
      const row = rowOf(dataset, user);
      const scores = await scoresOf(predictor, dataset, [user]);
      const reasons = await predictor.explainInterest(row, predictor.contract.products);
      reasons.forEach((why, product) => {
        expect(sumOf(why)).toBeCloseTo(why.score, 9);
        expect(why.score).toBeCloseTo(logOdds(scores[product]), 4);
      });
    }
    await expect(predictor.explainInterest(rowOf(dataset, 4), ['nope'])).rejects.toThrow(ConcordError);
    const everything = { values: {}, owned: predictor.contract.products };
    expect(Number.isFinite((await predictor.explainInterest(everything, ['P0']))[0].score)).toBe(true);
    await predictor.dispose();
  });

  test('without validation users is combined on all users, each scored by models that have not seen it', async () => {
    const dataset = riskDataset({ size: 300 });
    const train = usersInFold(dataset, 0);
    const { training } = await trained(dataset, {
      train,
      validation: undefined,
      settings: {
        ...settings,
        members: ['logistic', 'random-forest'],
        memberSettings: { logistic: quick, 'random-forest': { trees: 20, minRows: 1 } },
      },
    });
    expect(training.combinedOn).toBe(train.length);
    // A forest of single rows knows all labels that it has seen: in-sample it would look far better than it is.
    const { 'random-forest': forest } = training.losses as Record<string, number>;
    expect(forest).toBeGreaterThan(0.4);
  });

  test('is made of any models of risk, whose chosen settings serve out of fold as well', async () => {
    const dataset = withEvents(riskDataset({ size: 300 }));
    const networks = { maxEpochs: 3, batchSize: 64, hidden: [8], members: 1 };
    const fitted = await trained(dataset, {
      validation: undefined,
      settings: {
        members: ['scorecard', 'tabm', 'cnn', 'gru', 'popularity'],
        memberSettings: {
          tabm: { ...networks, networks: 2 },
          cnn: { ...networks, units: [4] },
          gru: { ...networks, units: [4] },
        },
      },
    });
    const { members } = fitted.weights as StackWeights;
    expect(members).toHaveLength(5);
    expect(fitted.training.combinedOn).toBe(usersInFold(dataset, 0).length);
    const predictor = open(dataset, fitted);
    const row = rowOf(dataset, 0);
    const why = await predictor.explainRisk(row);
    expect(why.score).toBeCloseTo(logOdds((await scoresOf(predictor, dataset, [0]))[0]), 4);
    await predictor.dispose();
  });

  test.each<[string, object]>([
    ['a member that there is not', { members: ['logistic', 'nope'] }],
    ['a stack as a member', { members: ['logistic', 'stack'] }],
    ['one member alone', { members: ['logistic'] }],
    ['a member twice', { members: ['logistic', 'logistic'] }],
    ['settings of what is no member', { members: ['logistic', 'gbdt'], memberSettings: { dnn: {} } }],
    ['a setting that it does not have', { depth: 3 }],
  ])('with %s is refused', async (_, wrong) => {
    await expect(trained(riskDataset(), { settings: wrong })).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });

  test('of a damaged file is refused', async () => {
    const dataset = riskDataset();
    const { contract, weights } = await trained(dataset, {
      settings: { members: ['logistic', 'gbdt'], memberSettings: { logistic: quick, gbdt: { rounds: 5, members: 1 } } },
    });
    const file = readSafetensors(packWeights(weights));
    const members = JSON.parse(file.metadata.members);
    const reread = (change: Partial<typeof file>) => () =>
      unpackWeights(writeSafetensors({ ...file, ...change }), { task: 'risk', contract });
    const withMembers = (changed: unknown) =>
      reread({ metadata: { ...file.metadata, members: JSON.stringify(changed) } });
    for (const wrong of [
      [],
      'none',
      [members[0]],
      [{ ...members[0], weight: -1 }, members[1]],
      [{ ...members[0], to: members[0].to + 1 }, members[1]],
      [{ ...members[0], model: 'nope' }, members[1]],
      [{ ...members[0], metadata: { kind: 'stack' } }, members[1]],
      [{ ...members[0], metadata: { kind: 'constructor' } }, members[1]],
    ])
      expect(withMembers(wrong)).toThrow(ConcordError);
    expect(reread({ metadata: { ...file.metadata, members: '{' } })).toThrow(ConcordError);
    expect(reread({ metadata: { ...file.metadata, intercept: 'much' } })).toThrow(ConcordError);
    expect(reread({ tensors: file.tensors.slice(1) })).toThrow(ConcordError);
    expect(
      reread({ tensors: [...file.tensors, { name: 'member.7.a', shape: [1], values: new Float32Array(1) }] }),
    ).toThrow(ConcordError);
  });
});
