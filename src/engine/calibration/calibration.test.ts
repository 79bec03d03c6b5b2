import fc from 'fast-check';
import { interestDataset, riskDataset, rowOf } from '../../../test/support/synthetic.js';
import { toolsOf } from '../../../test/support/tools.js';
import { ConcordError } from '../../errors.js';
import type { Backend } from '../backends/backend.js';
import { openBackend } from '../backends/select.js';
import { usersInFold } from '../data/split.js';
import type { ModelName, ModelSettings } from '../engine.js';
import { logOdds } from '../explanations/shapley.js';
import { createRandom } from '../layers/random.js';
import { packWeights, unpackWeights } from '../models/kinds.js';
import { createPredictor } from '../models/predictor.js';
import type { CalibratedWeights } from '../models/weights.js';
import { readSafetensors, writeSafetensors } from '../safetensors/safetensors.js';
import { fitModel } from '../training/fit-model.js';
import { type Calibration, calibrate } from './calibration.js';
import { type HeldOut, learnCalibration } from './learn.js';

/** A model whose log-odds are led astray. */
function heldOut(users: number, astray: (odds: number) => number, seed = 1): HeldOut {
  const random = createRandom(seed);
  const truth = Float64Array.from({ length: users }, () => 1.5 * random.normal() - 1);
  return {
    odds: truth.map(astray),
    labels: truth.map((odds) => (random.uniform() < 1 / (1 + Math.exp(-odds)) ? 1 : 0)),
  };
}

const learnt = (data: HeldOut, choice: 'platt' | 'isotonic'): Calibration =>
  learnCalibration(data, choice).calibration as Calibration;

test('Platt finds how far log-odds were stretched and moved', () => {
  const platt = learnt(
    heldOut(20_000, (odds) => 2 * odds + 1),
    'platt',
  );
  expect(calibrate(platt, 1)).toBeCloseTo(0, 0);
  expect(platt).toMatchObject({ method: 'platt' });
  expect((platt as { slope: number }).slope).toBeCloseTo(0.5, 1);
});

test('isotonic finds what is bent', () => {
  const isotonic = learnt(
    heldOut(20_000, (odds) => odds ** 3),
    'isotonic',
  );
  for (const odds of [-2, -1, 0, 1]) expect(Math.abs(calibrate(isotonic, odds ** 3) - odds)).toBeLessThan(0.3);
});

test.each(['platt', 'isotonic'] as const)('%s never turns the order of two users', (choice) => {
  const curve = learnt(
    heldOut(300, (odds) => odds, 3),
    choice,
  );
  fc.assert(
    fc.property(
      fc.double({ min: -20, max: 20, noNaN: true }),
      fc.double({ min: 1e-3, max: 5, noNaN: true }),
      (odds, more) => {
        expect(calibrate(curve, odds + more)).toBeGreaterThan(calibrate(curve, odds));
      },
    ),
  );
});

test('isotonic pools neighbours whose events contradict their order, and keeps from 0 and 1', () => {
  const curve = learnt({ odds: Float64Array.of(-2, -1, 0, 1, 2), labels: Float64Array.of(0, 1, 0, 1, 1) }, 'isotonic');
  if (curve.method !== 'isotonic') throw new Error('It is isotonic.');
  expect(curve.from.every((value, place) => place === 0 || value > curve.from[place - 1])).toBe(true);
  expect(calibrate(curve, -0.5)).toBeGreaterThan(calibrate(curve, -2));
  expect(curve.to.every(Number.isFinite)).toBe(true);
});

test('auto leaves alone what is right, straightens what is stretched, and bends only with many users', () => {
  const right = learnCalibration(
    heldOut(3000, (odds) => odds),
    'auto',
  );
  expect(right.calibration).toBeUndefined();
  expect(Object.keys(right.losses ?? {})).toEqual(['none', 'platt', 'isotonic']);
  expect(
    learnCalibration(
      heldOut(3000, (odds) => 3 * odds),
      'auto',
    ).calibration,
  ).toMatchObject({ method: 'platt' });
  expect(
    learnCalibration(
      heldOut(20_000, (odds) => odds ** 3),
      'auto',
    ).calibration,
  ).toMatchObject({
    method: 'isotonic',
  });
  expect(
    learnCalibration(
      heldOut(500, (odds) => odds ** 3),
      'auto',
    ).losses,
  ).not.toHaveProperty('isotonic');
});

test('one class alone, and equal scores, do no harm', () => {
  for (const choice of ['platt', 'isotonic'] as const) {
    for (const labels of [Float64Array.of(0, 0, 0), Float64Array.of(1, 1, 1), Float64Array.of(0, 1, 1)]) {
      const curve = learnt({ odds: Float64Array.of(1, 1, 1), labels }, choice);
      expect(Number.isFinite(calibrate(curve, 1))).toBe(true);
      expect(calibrate(curve, 2)).toBeGreaterThan(calibrate(curve, 1));
    }
  }
});

describe('a calibrated model', () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await openBackend('onnxruntime');
  });
  afterAll(() => backend.dispose());

  const quick = { maxEpochs: 8, weightDecay: 0.01, batchSize: 128, learningRate: 0.03 };
  const SETTINGS: Readonly<Partial<Record<ModelName, ModelSettings>>> = {
    logistic: quick,
    gbdt: { rounds: 40, patience: 10, learningRate: 0.1, members: 1 },
    popularity: {},
  };
  const dataset = riskDataset({ size: 1500 });
  const trained = (model: ModelName, more: ModelSettings, validation: Int32Array | null = usersInFold(dataset, 1)) =>
    fitModel(
      {
        dataset,
        task: 'risk',
        model,
        seed: 1,
        settings: { ...SETTINGS[model], ...more },
        train: usersInFold(dataset, 0),
        ...(validation && { validation }),
      },
      toolsOf(backend),
    );

  test.each([
    ['logistic', 'platt'],
    ['gbdt', 'isotonic'],
    ['popularity', 'isotonic'],
  ] as const)('%s by %s scores as calibration says, explains that score, and comes back as it was stored', async (model, calibration) => {
    const fitted = await trained(model, { calibration });
    expect(fitted.weights.kind).toBe('calibrated');
    const { member, calibration: curve } = fitted.weights as CalibratedWeights;
    const context = { task: 'risk', contract: fitted.contract } as const;
    const weights = unpackWeights(packWeights(fitted.weights), context);
    expect(weights).toEqual(fitted.weights);
    const plain = createPredictor('risk', fitted.contract, member, backend);
    const predictor = createPredictor('risk', fitted.contract, weights, backend);
    const rows = { users: Int32Array.of(0, 9, 77), hidden: new Int32Array(3).fill(-1) };
    const scores: number[][] = [];
    for (const each of [plain, predictor]) {
      const own: number[] = [];
      await each.predict(fitted.encoded, rows, (_start, _count, values) => {
        own.push(...values);
      });
      scores.push(own);
    }
    for (const [place, user] of rows.users.entries()) {
      expect(logOdds(scores[1][place])).toBeCloseTo(calibrate(curve, logOdds(scores[0][place])), 4);
      const why = await predictor.explainRisk(rowOf(dataset, user));
      expect(why.contributions.reduce((sum, { contribution }) => sum + contribution, why.base)).toBeCloseTo(
        why.score,
        9,
      );
      expect(why.score).toBeCloseTo(logOdds(scores[1][place]), 4);
    }
    await plain.dispose();
    await predictor.dispose();
  });

  test('is learnt out of fold where there are no validation users', async () => {
    const { training } = await trained('logistic', { calibration: 'platt' }, null);
    expect(training.calibration).toMatchObject({ method: 'platt', users: usersInFold(dataset, 0).length });
  });

  test('is refused for interest, for scorecards, and in a damaged file', async () => {
    const interest = interestDataset();
    await expect(
      fitModel(
        {
          dataset: interest,
          task: 'interest',
          model: 'popularity',
          seed: 1,
          train: usersInFold(interest, 0),
          settings: { calibration: 'platt' },
        },
        toolsOf(backend),
      ),
    ).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await expect(trained('scorecard', { calibration: 'auto' })).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await expect(trained('logistic', { calibration: 'magic' as 'platt' })).rejects.toMatchObject({ code: 'BAD_INPUT' });
    const { contract, weights } = await trained('popularity', { calibration: 'platt' });
    const { tensors, metadata } = readSafetensors(packWeights(weights));
    const damaged: Record<string, string>[] = [
      { calibration: '{' },
      { calibration: 'null' },
      { calibration: '{"method":"platt","slope":-1,"intercept":0}' },
      { calibration: '{"method":"isotonic","from":[1,0],"to":[0,1]}' },
      { calibration: '{"method":"isotonic","from":[],"to":[]}' },
      { member: '{"kind":"calibrated"}' },
      { member: '[1]' },
    ];
    for (const wrong of damaged)
      expect(() =>
        unpackWeights(writeSafetensors({ tensors, metadata: { ...metadata, ...wrong } }), { task: 'risk', contract }),
      ).toThrow(ConcordError);
  });
});
