import { ConcordError } from '../../errors.js';
import type { Backend } from '../backends/backend.js';
import { openBackend } from '../backends/select.js';
import type { Dataset, UserRow } from '../data/dataset.js';
import { initialParameters } from '../layers/parameters.js';
import { createRandom } from '../layers/random.js';
import { readSafetensors, writeSafetensors } from '../safetensors/safetensors.js';
import { packProfiles, unpackProfiles } from './artifact.js';
import type { TrainedProfiles } from './model.js';
import { autoencoder, autoencoderStep } from './network.js';
import { type OpenProfiles, openProfiles } from './open.js';
import { trainProfiles } from './train-profiles.js';

const USERS = 600;
const PRODUCTS = ['A', 'B', 'C', 'D', 'E', 'F'];
const JOBS = ['baker', 'pilot', 'nurse'];

/** Users of three kinds: each with an income, a job and two products of their own; noise in all of them. */
function madeUpUsers(): { dataset: Dataset; kinds: Int32Array } {
  const random = createRandom(11);
  const kinds = Int32Array.from({ length: USERS }, () => random.below(3));
  const income = Float64Array.from(kinds, (kind) => 20_000 * (kind + 1) + 3000 * random.normal());
  const age = Float64Array.from(kinds, () => 40 + 10 * random.normal());
  const job = Int32Array.from(kinds, (kind) => (random.uniform() < 0.9 ? kind : random.below(3)));
  const offsets = new Int32Array(USERS + 1);
  const items: number[] = [];
  kinds.forEach((kind, user) => {
    for (let product = 0; product < 6; product++) {
      const isOwn = Math.floor(product / 2) === kind;
      if (random.uniform() < (isOwn ? 0.8 : 0.05)) items.push(product);
    }
    offsets[user + 1] = items.length;
  });
  const dataset: Dataset = {
    name: 'made up',
    size: USERS,
    userIds: [],
    columns: [
      { kind: 'numeric', name: 'income', values: income },
      { kind: 'numeric', name: 'age', values: age },
      { kind: 'categorical', name: 'job', values: job, categories: JOBS },
    ],
    protectedColumns: [],
    ownership: { products: PRODUCTS, offsets, items: Int32Array.from(items), heldOut: new Int32Array(USERS).fill(-1) },
  };
  return { dataset, kinds };
}

let backend: Backend;
let trained: TrainedProfiles;
let opened: OpenProfiles;
const { dataset, kinds } = madeUpUsers();
const context = { checkpoint: () => undefined, onProgress: () => undefined };
const settings = { maxEpochs: 45, learningRate: 0.005 };

const rowOf = (user: number): UserRow => {
  const [income, age, job] = dataset.columns;
  const { offsets, items } = dataset.ownership!;
  return {
    values: { income: income.values[user], age: age.values[user], job: JOBS[job.values[user]] },
    owned: [...items.subarray(offsets[user], offsets[user + 1])].map((item) => PRODUCTS[item]),
  };
};

beforeAll(async () => {
  backend = await openBackend('onnxruntime');
  trained = await trainProfiles({ dataset, seed: 1, settings }, backend, context);
  opened = openProfiles(unpackProfiles(trained));
}, 60_000);
afterAll(() => backend.dispose());

test('the gradient is the slope of the loss', async () => {
  const shape = { features: 5, products: 4, hidden: 6, latent: 3 };
  const rows = 3;
  const random = createRandom(3);
  const { graph, inputs } = autoencoderStep(shape, rows);
  const step = await backend.compile(graph, inputs);
  const table = (width: number, draw: () => number) => Float32Array.from({ length: rows * width }, draw);
  const given = [
    table(9, () => random.normal()),
    table(5, () => random.uniform()),
    table(4, () => (random.uniform() < 0.5 ? 1 : 0)),
    table(3, () => random.normal()),
    Float32Array.of(0.7),
    Float32Array.of(0.5, 0.5, 0),
  ];
  const parameters = initialParameters(autoencoder(shape), 1).map((value) => value + 0.3 * random.normal());
  const [gradient] = await step.run([parameters, ...given]);
  const lossAt = async (place: number, by: number) => {
    const moved = parameters.slice();
    moved[place] += by;
    const [, loss] = await step.run([moved, ...given]);
    return loss[0];
  };
  for (let place = 0; place < parameters.length; place += 3) {
    const slope = ((await lossAt(place, 0.01)) - (await lossAt(place, -0.01))) / 0.02;
    expect(Math.abs(gradient[place] - slope)).toBeLessThan(2e-3 * (1 + Math.abs(slope)));
  }
  await step.dispose();
});

describe('trained profiles', () => {
  test('cost less with the embedding than without, and its values say something', () => {
    const { loss, withoutEmbedding, activeUnits } = trained.metrics;
    expect(loss).toBeLessThan(withoutEmbedding - 0.5);
    expect(activeUnits).toBeGreaterThanOrEqual(2);
  });

  test('form segments of users of one kind', () => {
    const found = Array.from({ length: USERS }, (_, user) => opened.describe(rowOf(user)).segment);
    let right = 0;
    for (const segment of trained.segments.keys()) {
      const counts = [0, 1, 2].map(
        (kind) => found.filter((own, user) => own === segment && kinds[user] === kind).length,
      );
      right += Math.max(...counts);
    }
    expect(trained.segments.length).toBeGreaterThanOrEqual(3);
    expect(right / USERS).toBeGreaterThan(0.9);
  });

  test('say what sets a segment apart', () => {
    for (const { traits } of trained.segments) {
      const [first] = traits;
      expect(Math.abs(first.effect)).toBeGreaterThan(1);
      expect(first.feature).not.toBe('age');
      expect(Math.sign(first.effect)).toBe(Math.sign(first.value - first.overall));
    }
    expect(trained.segments.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
  });

  test('place a user of whom little is known among those who are like what is known', () => {
    const whole = opened.describe({ values: { income: 60_000, age: 40, job: 'nurse' }, owned: ['E', 'F'] });
    const part = opened.describe({ values: { job: 'nurse' }, owned: [] });
    expect(part.segment).toBe(whole.segment);
  });

  test('notice what does not go together, and name it', () => {
    const odd = opened.describe({ values: { income: 20_000, age: 40, job: 'nurse' }, owned: ['A', 'D', 'E'] });
    expect(odd.percentile).toBeGreaterThan(0.97);
    expect(odd.oddities.length).toBeGreaterThan(0);
    expect(odd.oddities.map(({ feature }) => feature)).not.toContain('age');
    for (const { excess } of odd.oddities) expect(excess).toBeGreaterThan(0);
    const usual = opened.describe({ values: { income: 20_000, age: 40, job: 'baker' }, owned: ['A', 'B'] });
    expect(usual.percentile).toBeLessThan(0.9);
  });

  test('are the same again from the same data and seed', async () => {
    const again = await trainProfiles({ dataset, seed: 1, settings }, backend, context);
    expect(Buffer.from(again.weights).equals(Buffer.from(trained.weights))).toBe(true);
    expect(again.segments).toEqual(trained.segments);
  });

  test('are what the network gives', async () => {
    const model = unpackProfiles(trained);
    const { encoder, decoder, manifest } = autoencoder(model.shape);
    expect(packProfiles(model)).toEqual(trained.weights);
    expect(model.parameters).toHaveLength(manifest.size);
    expect([encoder.parameters.length, decoder.parameters.length]).toEqual([4, 4]);
    const { embedding } = opened.describe(rowOf(0));
    expect(embedding).toHaveLength(model.shape.latent);
    expect(opened.describe(rowOf(0)).embedding).toEqual(embedding);
  });
});

describe('refused', () => {
  const changed = (change: (file: ReturnType<typeof readSafetensors>) => object) => {
    const file = readSafetensors(trained.weights);
    return writeSafetensors({ ...file, ...change(file) });
  };

  test.each<[string, () => Uint8Array]>([
    ['another kind', () => changed(() => ({ metadata: { kind: 'network' } }))],
    ['another width', () => changed(({ metadata }) => ({ metadata: { ...metadata, latent: '5' } }))],
    ['a width of nonsense', () => changed(({ metadata }) => ({ metadata: { ...metadata, hidden: '1e9' } }))],
    ['a tensor too few', () => changed(({ tensors }) => ({ tensors: tensors.slice(1) }))],
    [
      'a value that is not finite',
      () =>
        changed(({ tensors }) => ({
          tensors: tensors.map((tensor) => ({ ...tensor, values: tensor.values.map(() => Number.NaN) })),
        })),
    ],
  ])('are weights of %s', (_, weights) => {
    expect(() => unpackProfiles({ contract: trained.contract, weights: weights() })).toThrow(ConcordError);
  });

  test('are too few users, unknown settings and settings out of range', async () => {
    const few = { ...dataset, size: 50, columns: [], ownership: undefined };
    await expect(trainProfiles({ dataset: few, seed: 1 }, backend, context)).rejects.toThrow('at least 100 users');
    for (const wrong of [{ latent: 0 }, { beta: Number.NaN }, { colour: 1 }])
      await expect(trainProfiles({ dataset, seed: 1, settings: wrong }, backend, context)).rejects.toThrow(
        ConcordError,
      );
  });
});
