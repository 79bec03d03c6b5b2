import { mechanismsOf } from '../../../../federated/privacy/dp-sgd.js';
import type { TrainingSettings } from '../../../../federated/protocol/plan.js';
import { interestDataset, riskDataset } from '../../../../test/support/synthetic.js';
import type { Backend } from '../../backends/backend.js';
import { openBackend } from '../../backends/select.js';
import type { Dataset } from '../../data/dataset.js';
import { usersInFold } from '../../data/split.js';
import { type FeatureContract, inputsOf } from '../../encoders/contract.js';
import { encodeDataset } from '../../encoders/encode.js';
import { createExpander } from '../../encoders/expand.js';
import { fitContract } from '../../encoders/fit.js';
import type { PrivateRequest } from '../../engine.js';
import { federatedArchitecture, initialParameters } from '../../models/federated.js';
import { clippedSums } from './clipped-sums.js';
import { privateUpdate } from './private-update.js';

const hooks = { checkpoint: () => undefined };
const { exp, sqrt } = Math;

const training = (changes: Partial<TrainingSettings> = {}): TrainingSettings => ({
  clipping: { kind: 'flat', norm: 0.7 },
  samplingRate: 0.3,
  expectedUsers: 250,
  noiseMultiplier: 1.3,
  steps: 1,
  learningRate: 0.5,
  momentum: 0.9,
  proximal: 0,
  ...changes,
});

const contractOf = (dataset: Dataset): FeatureContract =>
  fitContract(dataset, {
    users: usersInFold(dataset, 0),
    bins: 6,
    encoding: 'piecewise',
    holdings: dataset.ownership ? 'oneHidden' : 'none',
  });

function requestOf(dataset: Dataset, changes: Partial<PrivateRequest> = {}): PrivateRequest {
  const task = dataset.ownership ? 'interest' : 'risk';
  const model = 'linear';
  const contract = { ...contractOf(dataset) };
  const parameters = initialParameters(model, task, contract);
  return { task, model, contract, parameters, strategy: 'fedsgd', training: training(), ...changes };
}

/** Gradient of one user of a linear model, in float64: the mean over all rows that each hide one product, or of the one row. */
function gradientOf(dataset: Dataset, contract: FeatureContract, weights: Float32Array, user: number): Float64Array {
  const width = inputsOf(contract);
  const outputs = dataset.ownership ? contract.products.length : 1;
  const encoded = encodeDataset(contract, dataset);
  const expander = createExpander(contract);
  const owned = [...encoded.items.slice(encoded.offsets[user], encoded.offsets[user + 1])];
  const rows = dataset.ownership ? owned : [-1];
  const gradient = new Float64Array(weights.length);
  for (const hidden of rows) {
    const x = new Float32Array(width);
    expander.write(encoded, user, hidden, x, 0);
    const logits = Array.from({ length: outputs }, (_, out) =>
      x.reduce((sum, value, k) => sum + value * weights[k * outputs + out], weights[width * outputs + out]),
    );
    const open = logits.map((_, out) => out === hidden || !owned.includes(out));
    const total = logits.reduce((sum, logit, out) => sum + (open[out] ? exp(logit) : 0), 0);
    const delta = logits.map((logit, out) => {
      if (!dataset.ownership) return 1 / (1 + exp(-logit)) - (dataset.label?.[user] ?? 0);
      return (open[out] ? exp(logit) / total : 0) - (out === hidden ? 1 : 0);
    });
    delta.forEach((slope, out) => {
      for (let k = 0; k < width; k++) gradient[k * outputs + out] += (x[k] * slope) / rows.length;
      gradient[width * outputs + out] += slope / rows.length;
    });
  }
  return gradient;
}

describe('private training', () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await openBackend('onnxruntime');
  });
  afterAll(() => backend.dispose());

  test.each([
    [riskDataset(), { kind: 'flat', norm: 0.5 }],
    [interestDataset(), { kind: 'flat', norm: 0.8 }],
    [interestDataset(), { kind: 'automatic', norm: 0.8, stability: 0.02 }],
  ] as const)('clipped sums agree with gradients user by user ($0.name, $1.kind)', async (dataset, clipping) => {
    const { task, contract: json } = requestOf(dataset);
    const contract = json as unknown as FeatureContract;
    const architecture = federatedArchitecture(task, 'linear', contract);
    const users = Int32Array.from({ length: dataset.size }, (_, user) => user);
    const sums = await clippedSums(
      { dataset, task, contract, architecture, clipping, users, countBelow: true },
      backend,
      () => undefined,
    );
    const weights = initialParameters('linear', task, json).map((_, index) => Math.sin(index) / 3);
    const sum = new Float64Array(weights.length);
    const aboveHalf = await sums.of(weights, clipping.norm, Int32Array.from(users.keys()), {
      add(part) {
        for (let index = 0; index < part.length; index++) sum[index] += part[index];
      },
      draw: () => undefined,
    });
    const expected = new Float64Array(sum.length);
    let within = 0;
    for (const user of users) {
      const gradient = gradientOf(dataset, contract, weights, user);
      const norm = sqrt(gradient.reduce((total, value) => total + value * value, 0));
      if (norm <= clipping.norm) within++;
      const factor =
        clipping.kind === 'flat' ? Math.min(1, clipping.norm / norm) : clipping.norm / (norm + clipping.stability);
      for (let index = 0; index < sum.length; index++) expected[index] += factor * gradient[index];
    }
    await sums.dispose();
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    for (let index = 0; index < sum.length; index++)
      expect(Math.abs(sum[index] - expected[index])).toBeLessThan(1e-5 * (Math.abs(expected[index]) + largest / 10));
    expect(aboveHalf).toBe(within - dataset.size / 2);
    expect(within).toBeGreaterThan(0);
    expect(within).toBeLessThan(dataset.size);
  });

  test.each([0.4, 1, 3.7])('without a user the update is noise of the deviation that is charged (%d)', async (z) => {
    const dataset = interestDataset({ products: 40, users: 200 });
    // Nobody is sampled, and the public denominator is 1.
    const alone = training({ noiseMultiplier: z, samplingRate: 1e-9, expectedUsers: 1e9 });
    const values: number[] = [];
    for (let run = 0; run < 4; run++) {
      const { update } = await privateUpdate(dataset, requestOf(dataset, { training: alone }), backend, hooks);
      values.push(...update);
    }
    const count = values.length;
    const mean = values.reduce((sum, value) => sum + value, 0) / count;
    const variance = values.reduce((sum, value) => sum + value * value, 0) / count;
    expect(Math.abs(mean)).toBeLessThan((6 * z) / sqrt(count));
    expect(Math.abs(variance / z ** 2 - 1)).toBeLessThan(6 * sqrt(2 / count));
  });

  test('FedAvg makes its steps: with one step and no momentum it is FedSGD times the learning rate, but for the noise', async () => {
    const dataset = riskDataset();
    const quiet = training({ noiseMultiplier: 0.01, samplingRate: 1, momentum: 0 });
    const sgd = await privateUpdate(dataset, requestOf(dataset, { training: quiet }), backend, hooks);
    const avg = await privateUpdate(
      dataset,
      requestOf(dataset, { training: quiet, strategy: 'fedavg' }),
      backend,
      hooks,
    );
    sgd.update.forEach((value, index) => {
      expect(Math.abs(avg.update[index] - 0.5 * value)).toBeLessThan(0.001);
    });
    expect(avg.mechanisms).toEqual(mechanismsOf(quiet));
    const more = { ...quiet, steps: 20 };
    const long = await privateUpdate(
      dataset,
      requestOf(dataset, { training: more, strategy: 'fedavg' }),
      backend,
      hooks,
    );
    const norm = (update: Float32Array) => sqrt(update.reduce((sum, value) => sum + value * value, 0));
    expect(norm(long.update)).toBeGreaterThan(5 * norm(avg.update));
    const pulled = await privateUpdate(
      dataset,
      requestOf(dataset, { training: { ...more, proximal: 0.2 }, strategy: 'fedprox' }),
      backend,
      hooks,
    );
    expect(norm(pulled.update)).toBeLessThan(norm(long.update));
  });

  test('adaptive clipping finds the quantile: with a start far too large it still learns', async () => {
    const dataset = riskDataset();
    const clipping = {
      kind: 'adaptive',
      initialNorm: 1000,
      quantile: 0.5,
      learningRate: 1,
      countNoiseMultiplier: 1,
    } as const;
    const settings = training({
      clipping,
      steps: 60,
      samplingRate: 1,
      momentum: 0,
      noiseMultiplier: 0.05,
      learningRate: 1,
    });
    const { update, mechanisms } = await privateUpdate(
      dataset,
      requestOf(dataset, { training: settings, strategy: 'fedavg' }),
      backend,
      hooks,
    );
    expect(update.every(Number.isFinite)).toBe(true);
    expect(update.some((value) => Math.abs(value) > 0.5)).toBe(true);
    expect(mechanisms).toEqual(mechanismsOf(settings));
  });

  test('updates that are computed side by side or again are what they are alone, but for the noise', async () => {
    const dataset = riskDataset();
    const quiet = training({ noiseMultiplier: 0.01, samplingRate: 1, expectedUsers: dataset.size });
    const { contract } = requestOf(dataset);
    const requests = [0, 0.5].map((start) =>
      requestOf(dataset, {
        training: quiet,
        parameters: initialParameters('linear', 'risk', contract).map((_, index) => start * Math.sin(index)),
      }),
    );
    const run = async (request: PrivateRequest, on: Backend) =>
      (await privateUpdate(dataset, request, on, hooks)).update;
    const other = await openBackend('onnxruntime');
    const alone = [await run(requests[0], backend), await run(requests[1], other)];
    const beside = await Promise.all([...requests, ...requests].map((request) => run(request, backend)));
    await other.dispose();
    beside.forEach((update, index) => {
      update.forEach((value, place) => {
        expect(Math.abs(value - alone[index % 2][place])).toBeLessThan(0.01);
      });
    });
    expect(alone[0].some((value, place) => Math.abs(value - alone[1][place]) > 0.02)).toBe(true);
  });

  test('a network is trained too', async () => {
    const dataset = interestDataset();
    const { contract } = requestOf(dataset);
    const parameters = initialParameters('dnn', 'interest', contract);
    const request = requestOf(dataset, {
      model: 'dnn',
      parameters,
      strategy: 'fedavg',
      training: training({ steps: 3 }),
    });
    const { update } = await privateUpdate(dataset, request, backend, hooks);
    expect(update).toHaveLength(parameters.length);
    expect(update.every(Number.isFinite)).toBe(true);
  });

  test.each<[string, Partial<PrivateRequest>]>([
    ['FedSGD of several steps', { training: training({ steps: 2 }) }],
    ['parameters of another length', { parameters: new Float32Array(3) }],
    ['a model without parameters', { model: 'popularity' }],
    ['boosted trees', { model: 'gbdt' }],
    ['a forest', { model: 'random-forest' }],
    ['no noise', { training: training({ noiseMultiplier: 0 }) }],
    ['far more users than expected', { training: training({ expectedUsers: 20 }) }],
    [
      'a norm that adapts within FedSGD',
      {
        training: training({
          clipping: { kind: 'adaptive', initialNorm: 1, quantile: 0.5, learningRate: 1, countNoiseMultiplier: 1 },
        }),
      },
    ],
    ['a learning rate that leads away', { strategy: 'fedavg', training: training({ learningRate: 1e9 }) }],
  ])('%s is refused', async (_, changes) => {
    const dataset = riskDataset();
    await expect(privateUpdate(dataset, requestOf(dataset, changes), backend, hooks)).rejects.toMatchObject({
      code: 'BAD_INPUT',
    });
  });
});
