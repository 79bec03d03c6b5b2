import { interestDataset, riskDataset, rowOf } from '../../../../test/support/synthetic.js';
import { quietTools } from '../../../../test/support/workshop.js';
import { ConcordError } from '../../../errors.js';
import type { Backend } from '../../backends/backend.js';
import { openBackend } from '../../backends/select.js';
import { type Dataset, FOLD, type UserRow } from '../../data/dataset.js';
import { usersInFold } from '../../data/split.js';
import { encodeRows } from '../../encoders/encode.js';
import { explainInterest } from '../../explanations/explain.js';
import { logOdds } from '../../explanations/shapley.js';
import { readSafetensors, writeSafetensors } from '../../safetensors/safetensors.js';
import { fitModel } from '../../training/fit-model.js';
import type { FitRequest, FittedModel, Predictor } from '../kind.js';
import { packWeights, unpackWeights } from '../kinds.js';
import { createPredictor } from '../predictor.js';

const dataset = interestDataset({ users: 500 });
const train = usersInFold(dataset, FOLD.train);
const validation = usersInFold(dataset, FOLD.validation);
const QUICK = { hidden: [24], embedding: 8, dropout: 0, weightDecay: 0.01, learningRate: 0.01, maxEpochs: 12 };

/** What users did tells of what kind they are, and nothing else does. */
function withEvents(): Dataset {
  const { size, columns } = dataset;
  const [kind] = columns;
  const offsets = Int32Array.from({ length: size + 1 }, (_, user) => 2 * user);
  const values = Int32Array.from({ length: 2 * size }, (_, event) => kind.values[Math.floor(event / 2)]);
  return {
    ...dataset,
    columns: [],
    sequences: { offsets, columns: [{ kind: 'categorical', name: 'did', values, categories: ['x', 'y', 'z'] }] },
  };
}

describe('two towers', () => {
  let backend: Backend;
  let made: FittedModel;
  const trained = (rest: Partial<FitRequest> = {}) =>
    fitModel(
      { dataset, task: 'interest', model: 'two-tower', train, validation, seed: 1, settings: QUICK, ...rest },
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
  async function place(predictor: Predictor, row: UserRow): Promise<Float32Array> {
    const batch = predictor.batchFor(1);
    predictor.expander.write(encodeRows(predictor.contract, [row]), 0, -1, batch.inputs, 0);
    const { values } = (await predictor.opened.similarity?.embed?.(batch)) ?? { values: new Float32Array() };
    return values;
  }
  const cosine = (a: Float32Array, b: Float32Array) =>
    a.reduce((sum, value, i) => sum + value * b[i], 0) / Math.hypot(...a) / Math.hypot(...b);
  beforeAll(async () => {
    backend = await openBackend('onnxruntime');
    made = await trained();
  });
  afterAll(() => backend.dispose());

  test('recommend what users of a kind own, to users who own nothing too', async () => {
    const predictor = opened(made);
    for (const [place, kind] of ['a', 'b', 'c'].entries()) {
      const scores = await probabilities(predictor, { values: { kind, age: 40 }, owned: [] });
      expect(scores.indexOf(Math.max(...scores)) % 3).toBe(place);
      expect(scores.reduce((sum, score) => sum + score, 0)).toBeCloseTo(1, 5);
    }
  });

  test('come back from their file as they were', async () => {
    const { contract, weights } = made;
    const read = unpackWeights(packWeights(weights), { task: 'interest', contract });
    expect(read).toEqual(weights);
    const row = rowOf(dataset, 2);
    expect(await probabilities(opened({ ...made, weights: read }), row)).toEqual(
      await probabilities(opened(made), row),
    );
  });

  test('put users of a kind, and products of a kind, near each other', async () => {
    const predictor = opened(made);
    const a = await place(predictor, { values: { kind: 'a', age: 30 }, owned: ['P0'] });
    const other = await place(predictor, { values: { kind: 'a', age: 50 }, owned: ['P3'] });
    const b = await place(predictor, { values: { kind: 'b', age: 30 }, owned: ['P1'] });
    expect(a).toHaveLength(8);
    expect(cosine(a, other)).toBeGreaterThan(cosine(a, b));
    const near = predictor.opened.similarity?.similarProducts?.(0, 2) ?? [];
    expect(near.map(({ index }) => index).sort()).toEqual([3, 6]);
  });

  test('read what is known of products: without owners, one is near those that it is like', async () => {
    const { ownership } = dataset;
    if (!ownership) throw new Error('no products');
    // Nobody owns P6 any longer.
    const rows = Array.from({ length: dataset.size }, (_, user) =>
      [...ownership.items.subarray(ownership.offsets[user], ownership.offsets[user + 1])].filter((item) => item !== 6),
    );
    const offsets = new Int32Array(dataset.size + 1);
    rows.forEach((row, user) => {
      offsets[user + 1] = offsets[user] + row.length;
    });
    const without: Dataset = {
      ...dataset,
      ownership: {
        ...ownership,
        offsets,
        items: Int32Array.from(rows.flat()),
        heldOut: ownership.heldOut.map((product) => (product === 6 ? -1 : product)),
      },
    };
    const fitted = await trained({ dataset: without, settings: { ...QUICK, maxEpochs: 25 } });
    const near = opened(fitted).opened.similarity?.similarProducts?.(6, 2) ?? [];
    expect(near.map(({ index }) => index).sort()).toEqual([0, 3]);
  });

  test('read what users did', async () => {
    const fitted = await trained({ dataset: withEvents(), settings: { ...QUICK, units: [8], steps: 4, stepBins: 2 } });
    const predictor = opened(fitted);
    for (const [place, did] of ['x', 'y', 'z'].entries()) {
      const scores = await probabilities(predictor, { values: {}, owned: [], events: [{ did }, { did }] });
      expect(scores.indexOf(Math.max(...scores)) % 3).toBe(place);
    }
    const read = unpackWeights(packWeights(fitted.weights), { task: 'interest', contract: fitted.contract });
    expect(read).toEqual(fitted.weights);
  });

  test('say what each column and each product owned adds: the sum is the log-odds', async () => {
    const predictor = opened(made);
    const row = rowOf(dataset, 3);
    const scores = await probabilities(predictor, row);
    const reasons = await explainInterest(predictor, row, made.contract.products);
    reasons.forEach(({ base, score, contributions }, product) => {
      expect(contributions.reduce((sum, { contribution }) => sum + contribution, base)).toBeCloseTo(score, 6);
      expect(score).toBeCloseTo(logOdds(scores[product]), 4);
    });
    const features = reasons[0].contributions.map(({ feature }) => feature);
    expect(features).toEqual(expect.arrayContaining(['kind', 'age', ...row.owned.map((code) => `owned:${code}`)]));
  });

  test('choose among settings where none are given', async () => {
    const { training } = await trained({ settings: { maxEpochs: 2 } });
    expect(training.candidates).toHaveLength(2);
    expect(training.settings).toMatchObject({ maxEpochs: 2, embedding: 16 });
  });

  test.each<[string, Partial<FitRequest>, RegExp]>([
    ['vectors without values', { settings: { embedding: 0 } }, /embedding must be/],
    ['no hidden layer', { settings: { hidden: [] } }, /needs a hidden layer/],
    ['a setting that they do not have', { settings: { rank: 3 } }, /two-tower has no setting rank/],
    [
      'risk',
      { dataset: riskDataset(), task: 'risk', train: usersInFold(riskDataset(), FOLD.train) },
      /cannot learn risk/,
    ],
  ])('refuse %s', async (_, rest, message) => {
    const failure = trained(rest);
    await expect(failure).rejects.toThrow(ConcordError);
    await expect(failure).rejects.toThrow(message);
  });

  test.each([
    '',
    '{}',
    '{"hidden":[],"embedding":8,"content":0,"units":[]}',
    '{"hidden":[24],"embedding":9,"content":0,"units":[]}',
    '{"hidden":[24],"embedding":8,"content":99999,"units":[]}',
    '{"hidden":[24],"embedding":8,"content":0,"units":[3]}',
  ])('are refused from a file whose widths are %j', (widths) => {
    const { tensors, metadata } = readSafetensors(packWeights(made.weights));
    const changed = writeSafetensors({ tensors, metadata: { ...metadata, widths } });
    expect(() => unpackWeights(changed, { task: 'interest', contract: made.contract })).toThrow(ConcordError);
  });
});
