import { interestDataset, riskDataset } from '../../../test/support/synthetic.js';
import { ConcordError } from '../../errors.js';
import type { Backend } from '../backends/backend.js';
import { openBackend } from '../backends/select.js';
import type { Dataset } from '../data/dataset.js';
import { usersInFold } from '../data/split.js';
import { encodeDataset } from '../encoders/encode.js';
import { fitContract } from '../encoders/fit.js';
import { architectureOf } from './fit-networks.js';
import { type MemberTask, trainMember } from './member.js';
import { candidateSettings } from './presets.js';
import type { TrainingSettings } from './settings.js';

const hooks = { checkpoint: () => undefined };

function taskOf(dataset: Dataset, changes: Partial<TrainingSettings> = {}, seed = 7): MemberTask {
  const task = dataset.ownership ? 'interest' : 'risk';
  const train = usersInFold(dataset, 0);
  const users = usersInFold(dataset, 1);
  const contract = fitContract(dataset, {
    users: train,
    bins: 6,
    encoding: 'piecewise',
    holdings: task === 'interest' ? 'oneHidden' : 'none',
  });
  const [usual] = candidateSettings({ task, model: 'dnn', users: train.length, linearWeights: 0 });
  const settings = { ...usual, hidden: [16], dropout: 0.2, maxEpochs: 12, ...changes };
  return {
    task,
    contract,
    architecture: architectureOf({ task, model: 'dnn' }, contract, settings),
    encoded: encodeDataset(contract, dataset),
    ...(dataset.label && { labels: dataset.label }),
    train,
    validation: { users, hidden: users.map((user) => dataset.ownership?.heldOut[user] ?? -1) },
    settings,
    seed,
  };
}

describe('training of one network', () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await openBackend('onnxruntime');
  });
  afterAll(() => backend.dispose());

  test.each([
    riskDataset(),
    interestDataset(),
  ])('the same seed gives the same weights to the bit ($name)', async (dataset) => {
    const first = await trainMember(taskOf(dataset), backend, hooks);
    const second = await trainMember(taskOf(dataset), backend, hooks);
    expect(second).toEqual(first);
    const other = await trainMember(taskOf(dataset, {}, 8), backend, hooks);
    expect(other.weights).not.toEqual(first.weights);
  });

  test('a step in several micro-batches is the same step', async () => {
    const large = riskDataset({ size: 4000 });
    const changes = {
      hidden: [],
      dropout: 0,
      batchSize: 2000,
      maxEpochs: 3,
      optimiser: 'sgd' as const,
      learningRate: 0.5,
    };
    const { weights, validationLoss } = await trainMember(taskOf(large, changes), backend, hooks);
    expect(validationLoss).toBeLessThan(0.69);
    expect(weights.every(Number.isFinite)).toBe(true);
  });

  test('the best epoch is kept, and training ends when it no longer helps', async () => {
    const losses: number[] = [];
    const task = taskOf(riskDataset(), { learningRate: 0.03, dropout: 0, weightDecay: 0, patience: 3, maxEpochs: 60 });
    const result = await trainMember(task, backend, {
      ...hooks,
      onEpoch: ({ validationLoss }) => losses.push(validationLoss),
    });
    expect(losses).toHaveLength(result.epochs);
    expect(result.epochs).toBe(result.bestEpoch + 3);
    expect(result.validationLoss).toBe(Math.min(...losses));
    expect(losses[result.bestEpoch - 1]).toBe(result.validationLoss);
  });

  test.each(['sgd', 'momentum', 'adam'] as const)('%s learns', async (optimiser) => {
    const learningRate = { sgd: 10, momentum: 1, adam: 0.01 }[optimiser];
    const task = taskOf(riskDataset({ size: 2000 }), {
      optimiser,
      learningRate,
      hidden: [],
      dropout: 0,
      weightDecay: 0,
    });
    expect((await trainMember(task, backend, hooks)).validationLoss).toBeLessThan(0.62);
  });

  test('the curve has the losses of every epoch', async () => {
    const seen: object[] = [];
    const { curve, epochs } = await trainMember(taskOf(riskDataset(), { maxEpochs: 4 }), backend, {
      ...hooks,
      onEpoch: ({ epoch, loss, validationLoss }) => seen.push({ step: epoch, loss, validationLoss }),
    });
    expect(curve).toEqual(seen);
    expect(curve).toHaveLength(epochs);
  });

  test.each(['cosine', 'plateau'] as const)('a %s schedule learns, and changes the last steps', async (schedule) => {
    const changes = { maxEpochs: 12, patience: 12, hidden: [], dropout: 0, learningRate: 0.03 };
    const constant = await trainMember(taskOf(riskDataset(), changes), backend, hooks);
    const scheduled = await trainMember(taskOf(riskDataset(), { ...changes, schedule, warmup: 2 }), backend, hooks);
    expect(scheduled.validationLoss).toBeLessThan(0.65);
    expect(scheduled.weights).not.toEqual(constant.weights);
  });

  test('mixed rows teach too, and the same again', async () => {
    const task = taskOf(riskDataset({ size: 2000 }), { mixup: 0.3, learningRate: 0.01 });
    const { weights, validationLoss } = await trainMember(task, backend, hooks);
    expect(validationLoss).toBeLessThan(0.64);
    expect((await trainMember(task, backend, hooks)).weights).toEqual(weights);
    expect(
      (await trainMember({ ...task, settings: { ...task.settings, mixup: 0 } }, backend, hooks)).weights,
    ).not.toEqual(weights);
  });

  test('L1 makes a linear model sparse', async () => {
    const dense = await trainMember(taskOf(riskDataset(), { hidden: [], dropout: 0, l1: 0 }), backend, hooks);
    const sparse = await trainMember(taskOf(riskDataset(), { hidden: [], dropout: 0, l1: 0.3 }), backend, hooks);
    const zeros = (weights: Float32Array) => weights.filter((weight) => weight === 0).length;
    expect(zeros(sparse.weights)).toBeGreaterThan(zeros(dense.weights) + 3);
  });

  test('divergence in the first epoch is said, not stored', async () => {
    const task = taskOf(riskDataset(), { optimiser: 'sgd', learningRate: 1000, weightDecay: 1, hidden: [64, 64] });
    const broken = { ...task, labels: task.labels?.map(() => Number.NaN) };
    await expect(trainMember(broken, backend, hooks)).rejects.toThrow(ConcordError);
  });

  test('a checkpoint that throws ends the training', async () => {
    let steps = 0;
    const stop = () => {
      if (++steps > 5) throw new ConcordError('CANCELLED', 'enough');
    };
    await expect(trainMember(taskOf(riskDataset()), backend, { checkpoint: stop })).rejects.toThrow('enough');
    expect(steps).toBe(6);
  });
});
