import { interestDataset, riskDataset, rowOf, withEvents } from '../../../test/support/synthetic.js';
import { toolsOf } from '../../../test/support/tools.js';
import type { Backend } from '../backends/backend.js';
import { openBackend } from '../backends/select.js';
import type { Dataset, UserRow } from '../data/dataset.js';
import { usersInFold } from '../data/split.js';
import type { FeatureContract } from '../encoders/contract.js';
import { encodeRows } from '../encoders/encode.js';
import { fitContract } from '../encoders/fit.js';
import type { Explanation, ModelName, ModelSettings } from '../engine.js';
import { createRandom } from '../layers/random.js';
import type { Predictor } from '../models/kind.js';
import { createPredictor } from '../models/predictor.js';
import { fitModel } from '../training/fit-model.js';
import { explainInterest, explainRisk } from './explain.js';
import type { Game } from './game.js';
import { kernelShap } from './kernel-shap.js';
import { lime } from './lime.js';
import { EXPLANATION_METHODS, type ExplanationMethod } from './methods.js';
import { permutationValues } from './permutation.js';
import { logOdds } from './shapley.js';
import { typicalUser } from './typical.js';

/** A game of numbers; player 0 is not active. */
function gameOfValue(count: number, value: (coalition: Uint8Array) => number): Game {
  return {
    players: Array.from({ length: count }, (_, player) => ({ feature: `f${player}`, value: player })),
    active: Array.from({ length: count - 1 }, (_, player) => player + 1),
    values: async (coalitions) => coalitions.map((coalition) => Float64Array.of(value(coalition))),
  };
}

const weights = Float64Array.from({ length: 40 }, (_, player) => (player === 0 ? 0 : Math.sin(player)));
const additive = (coalition: Uint8Array) => coalition.reduce((sum, own, player) => sum + own * weights[player], 0.5);
/** Pairs who share what only both of them bring, and one that bends. */
const bent = (coalition: Uint8Array) =>
  additive(coalition) +
  2 * coalition[1] * coalition[2] +
  coalition[3] * coalition[4] * coalition[5] +
  Math.tanh(additive(coalition));

/** By definition: the mean over all orders. */
function shapleyOf(count: number, value: (coalition: Uint8Array) => number): number[] {
  const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
  return Array.from({ length: count }, (_, player) => {
    let sum = 0;
    for (let set = 0; set < 2 ** count; set++) {
      if ((set >> player) & 1) continue;
      const own = Uint8Array.from({ length: count }, (_, other) => (set >> other) & 1);
      const size = own.reduce((total, member) => total + member, 0);
      const joined = own.map((member, other) => (other === player ? 1 : member));
      sum += ((factorial(size) * factorial(count - size - 1)) / factorial(count)) * (value(joined) - value(own));
    }
    return sum;
  });
}

describe('games', () => {
  test('KernelSHAP of few players is their Shapley values', async () => {
    const [{ base, contributions }] = await kernelShap(gameOfValue(9, bent));
    expect(base).toBeCloseTo(bent(new Uint8Array(9)), 12);
    shapleyOf(9, bent).forEach((value, player) => {
      expect(contributions[player]).toBeCloseTo(value, 6);
    });
  });

  test.each([
    ['KernelSHAP', kernelShap],
    ['LIME', lime],
    ['permutation', permutationValues],
  ] as const)('%s finds the values of any number of players who only add up', async (_, method) => {
    for (const count of [1, 2, 3, 12, 25, 40]) {
      const [{ base, contributions }] = await method(gameOfValue(count, additive));
      expect(base).toBeCloseTo(0.5, 5);
      contributions.forEach((value, player) => {
        expect(value).toBeCloseTo(weights[player], 5);
      });
    }
  });

  test('KernelSHAP of many players sums exactly, and is near the Shapley values', async () => {
    const truth = shapleyOf(14, bent);
    const [{ base, contributions }] = await kernelShap(gameOfValue(14, bent));
    expect(contributions.reduce((sum, value) => sum + value, base)).toBeCloseTo(bent(new Uint8Array(14).fill(1)), 9);
    truth.forEach((value, player) => {
      expect(Math.abs(contributions[player] - value)).toBeLessThan(0.05);
    });
  });

  test('nobody who is not active has a part', async () => {
    for (const method of [kernelShap, lime, permutationValues])
      expect((await method(gameOfValue(20, additive)))[0].contributions[0]).toBe(0);
  });
});

describe('a typical user', () => {
  test('is the commonest category, the commonest code, the middle of a number, or missing', () => {
    const size = 100;
    const column = (of: (user: number) => number) => Float64Array.from({ length: size }, (_, user) => of(user));
    const dataset: Dataset = {
      name: 'made-up',
      size,
      userIds: Array.from({ length: size }, (_, user) => `u${user}`),
      protectedColumns: [],
      columns: [
        { kind: 'numeric', name: 'income', values: column((user) => 10 * user) },
        { kind: 'numeric', name: 'delay', values: column((user) => (user < 70 ? -1 : user)), codes: [-1] },
        { kind: 'numeric', name: 'rare', values: column((user) => (user < 60 ? Number.NaN : user)) },
        { kind: 'date', name: 'opened', values: column((user) => 18_000 + user) },
        {
          kind: 'categorical',
          name: 'job',
          values: Int32Array.from({ length: size }, (_, user) => (user < 60 ? 1 : 0)),
          categories: ['clerk', 'sailor'],
        },
      ],
    };
    for (const encoding of ['piecewise', 'bins'] as const) {
      const users = Int32Array.from({ length: size }, (_, user) => user);
      const { values } = typicalUser(fitContract(dataset, { users, bins: 10, encoding, holdings: 'none' }));
      expect(values).toMatchObject({ delay: -1, rare: null, job: 'sailor' });
      expect(Math.abs((values.income as number) - 495)).toBeLessThan(110);
      expect(values.opened).toMatch(/^2019-0[4-7]/);
    }
  });

  test('of a contract with nothing in it is nobody', () => {
    const contract: FeatureContract = { version: 1, features: [], products: [], scale: 1 };
    expect(typicalUser(contract)).toEqual({ values: {}, owned: [] });
  });
});

describe('methods', () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await openBackend('onnxruntime');
  });
  afterAll(() => backend.dispose());

  const quick = { maxEpochs: 8, weightDecay: 0.01, batchSize: 128, learningRate: 0.03 };
  const gbdt = { rounds: 40, patience: 10, learningRate: 0.1, members: 1 };
  const SETTINGS: Readonly<Partial<Record<ModelName, ModelSettings>>> = {
    logistic: quick,
    linear: quick,
    dnn: { ...quick, hidden: [16], dropout: 0.2, members: 2 },
    gbdt,
    'random-forest': { trees: 20 },
    scorecard: {},
    tabm: { ...quick, hidden: [16], dropout: 0.2, networks: 4 },
    cnn: { ...quick, hidden: [16], units: [8], dropout: 0.2, members: 1 },
    gru: { ...quick, hidden: [16], units: [8], dropout: 0.2, members: 1 },
    ease: { regularisation: 10 },
    'item-knn': { shrinkage: 3 },
    vae: { hidden: 16, latent: 4, learningRate: 0.01, epochs: 6 },
    'two-tower': { ...quick, hidden: [16], embedding: 8, dropout: 0 },
    hybrid: { members: ['ease', 'linear'] },
    stack: { members: ['logistic', 'gbdt'], memberSettings: { logistic: quick, gbdt } },
  };
  async function predictorOf(dataset: Dataset, model: ModelName, more: ModelSettings = {}): Promise<Predictor> {
    const task = dataset.ownership ? 'interest' : 'risk';
    const fitted = await fitModel(
      {
        dataset,
        task,
        model,
        seed: 1,
        train: usersInFold(dataset, 0),
        validation: usersInFold(dataset, 1),
        settings: { ...SETTINGS[model], ...more },
      },
      toolsOf(backend),
    );
    return createPredictor(task, fitted.contract, fitted.weights, backend);
  }

  async function oddsOf(predictor: Predictor, row: UserRow): Promise<number[]> {
    const found: number[] = [];
    const rows = { users: Int32Array.of(0), hidden: Int32Array.of(-1) };
    await predictor.predict(encodeRows(predictor.contract, [row]), rows, (_start, _count, values) => {
      found.push(...values);
    });
    return found.map(logOdds);
  }

  const sumOf = ({ base, contributions }: Explanation) =>
    contributions.reduce((sum, { contribution }) => sum + contribution, base);
  const methodsOf = (predictor: Predictor): ExplanationMethod[] =>
    EXPLANATION_METHODS.filter((method) =>
      method === 'exact'
        ? predictor.exact
        : method === 'expected-gradients'
          ? predictor.opened.slopes !== undefined
          : true,
    );

  test.each([
    ['logistic', {}],
    ['logistic', { calibration: 'platt' }],
    ['dnn', {}],
    ['gbdt', {}],
    ['gbdt', { calibration: 'isotonic' }],
    ['random-forest', {}],
    ['scorecard', {}],
    ['stack', {}],
    ['popularity', {}],
    ['tabm', {}],
    ['cnn', {}],
    ['gru', {}],
  ] as const)('risk by %s %j: every method sums to the log-odds that are served', async (model, more) => {
    const dataset = withEvents(riskDataset({ size: 800 }));
    const predictor = await predictorOf(dataset, model, more);
    for (const user of [0, 9]) {
      const row = rowOf(dataset, user);
      const [odds] = await oddsOf(predictor, row);
      for (const method of [undefined, ...methodsOf(predictor)]) {
        const why = await explainRisk(predictor, row, method);
        expect(Math.abs(sumOf(why) - why.score)).toBeLessThan(1e-9);
        expect(why.score).toBeCloseTo(odds, 4);
        expect(await explainRisk(predictor, row, method)).toEqual(why);
      }
    }
    await predictor.dispose();
  });

  test.each([
    'linear',
    'dnn',
    'tabm',
    'cnn',
    'gru',
    'gbdt',
    'random-forest',
    'popularity',
    'item-knn',
    'ease',
    'vae',
    'two-tower',
    'hybrid',
    'stack',
  ] as const)('interest by %s: every method sums to the log-odds of each product, owned or not', async (model) => {
    const dataset = withEvents(interestDataset());
    const predictor = await predictorOf(dataset, model);
    const row = rowOf(dataset, 4);
    const odds = await oddsOf(predictor, row);
    for (const method of methodsOf(predictor)) {
      const reasons = await explainInterest(predictor, row, predictor.contract.products, method);
      reasons.forEach((why, product) => {
        expect(Math.abs(sumOf(why) - why.score)).toBeLessThan(1e-9);
        expect(why.score).toBeCloseTo(odds[product], 3);
      });
    }
    await predictor.dispose();
  });

  test('all methods agree with the exact values of a linear model', async () => {
    const dataset = riskDataset({ size: 800 });
    const predictor = await predictorOf(dataset, 'logistic');
    for (const user of [0, 1, 9, 77]) {
      const row = rowOf(dataset, user);
      const exact = await explainRisk(predictor, row, 'exact');
      for (const method of EXPLANATION_METHODS) {
        const why = await explainRisk(predictor, row, method);
        expect(why.base).toBeCloseTo(exact.base, 4);
        for (const { feature, contribution } of exact.contributions)
          expect(why.contributions.find((each) => each.feature === feature)?.contribution).toBeCloseTo(contribution, 4);
      }
    }
    await predictor.dispose();
  });

  test('of a scorecard, which adds up too, all methods find what a class counts more than the typical one', async () => {
    const dataset = riskDataset({ size: 800 });
    const predictor = await predictorOf(dataset, 'scorecard');
    const row = rowOf(dataset, 7);
    const own = await explainRisk(predictor, row, 'exact');
    const typical = await explainRisk(predictor, typicalUser(predictor.contract), 'exact');
    const of = ({ contributions }: Explanation, feature: string) =>
      contributions.find((each) => each.feature === feature)?.contribution ?? Number.NaN;
    for (const method of ['kernel-shap', 'lime', 'permutation'] as const) {
      const why = await explainRisk(predictor, row, method);
      for (const { feature, contribution } of why.contributions)
        expect(contribution).toBeCloseTo(of(own, feature) - of(typical, feature), 4);
    }
  });

  test('expected gradients of a network are near its Shapley values', async () => {
    const dataset = riskDataset({ size: 800 });
    const predictor = await predictorOf(dataset, 'dnn');
    const row = { values: { income: 2000, delay: 3, job: 'clerk', opened: '2015-01-01' }, owned: [] };
    const [shap, gradients] = await Promise.all([
      explainRisk(predictor, row, 'kernel-shap'),
      explainRisk(predictor, row, 'expected-gradients'),
    ]);
    expect(gradients.contributions[0].feature).toBe('delay');
    for (const { feature, contribution } of shap.contributions) {
      const other = gradients.contributions.find((each) => each.feature === feature)?.contribution;
      expect(Math.abs((other ?? 9) - contribution)).toBeLessThan(0.3);
    }
    await predictor.dispose();
  });

  test('slopes are those of the log-odds, by small differences', async () => {
    const random = createRandom(1);
    for (const [dataset, model] of [
      [riskDataset({ size: 800 }), 'dnn'],
      [interestDataset(), 'dnn'],
      [interestDataset(), 'linear'],
      [riskDataset({ size: 800 }), 'tabm'],
      [interestDataset(), 'tabm'],
    ] as const) {
      const predictor = await predictorOf(dataset, model);
      const { width } = predictor.expander;
      const { outputs } = predictor;
      for (const output of outputs > 1 ? [0, 3] : [0]) {
        const at = Float32Array.from({ length: width }, () => 0.3 * random.normal());
        // Product 3 is owned: one more candidate.
        const candidates = Float32Array.from({ length: outputs }, (_, product) => (product === 3 ? 0 : 1));
        const odds = async (inputs: Float32Array) => {
          const batch = predictor.batchFor(1);
          batch.inputs.set(inputs);
          if (outputs > 1) batch.candidates.set(candidates);
          return logOdds((await predictor.run(batch))[output]);
        };
        const batch = predictor.batchFor(1);
        batch.inputs.set(at);
        if (outputs > 1) batch.candidates.set(candidates);
        const targets = new Float32Array(outputs);
        targets[output] = 1;
        const slopes = await predictor.opened.slopes?.(batch, targets);
        for (const input of [0, 3, width - 1]) {
          const step = 0.002;
          const moved = (by: number) => at.map((value, place) => (place === input ? value + by : value));
          const difference = ((await odds(moved(step))) - (await odds(moved(-step)))) / (2 * step);
          expect(Math.abs((slopes?.[input] ?? 9) - difference)).toBeLessThan(0.02 + 0.05 * Math.abs(difference));
        }
      }
      await predictor.dispose();
    }
  });

  test('what a model cannot do is refused', async () => {
    const dataset = riskDataset();
    const dnn = await predictorOf(dataset, 'dnn');
    await expect(explainRisk(dnn, rowOf(dataset, 0), 'exact')).rejects.toMatchObject({ code: 'BAD_INPUT' });
    const forest = await predictorOf(dataset, 'random-forest');
    await expect(explainRisk(forest, rowOf(dataset, 0), 'expected-gradients')).rejects.toMatchObject({
      code: 'BAD_INPUT',
    });
    const interest = await predictorOf(interestDataset(), 'gbdt');
    await expect(explainInterest(interest, { values: {}, owned: [] }, ['nope'], 'kernel-shap')).rejects.toMatchObject({
      code: 'BAD_INPUT',
    });
  });
});
