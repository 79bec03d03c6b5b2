import { interestDataset } from '../../../test/support/synthetic.js';
import { quietTools } from '../../../test/support/workshop.js';
import type { Backend } from '../backends/backend.js';
import { openBackend } from '../backends/select.js';
import { FOLD } from '../data/dataset.js';
import { usersInFold } from '../data/split.js';
import { encodeRows } from '../encoders/encode.js';
import type { ModelName, ModelSettings } from '../engine.js';
import { fitModel } from '../training/fit-model.js';
import type { Predictor } from './kind.js';
import { placesOf, retrieved, similarCodes } from './likeness.js';
import { createPredictor } from './predictor.js';

const dataset = interestDataset({ users: 400 });
const SETTINGS: Partial<Record<ModelName, ModelSettings>> = {
  'item-knn': { shrinkage: 3 },
  ease: { regularisation: 10 },
  als: { factors: 4, iterations: 6 },
  vae: { hidden: 16, latent: 4, learningRate: 0.01, epochs: 12 },
  'two-tower': { hidden: [16], embedding: 8, dropout: 0, learningRate: 0.01, maxEpochs: 5 },
  hybrid: { members: ['item-knn', 'als'] },
};

describe('likeness by a model', () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await openBackend('onnxruntime');
  });
  afterAll(() => backend.dispose());

  async function opened(model: ModelName): Promise<Predictor> {
    const { contract, weights } = await fitModel(
      {
        dataset,
        task: 'interest',
        model,
        train: usersInFold(dataset, FOLD.train),
        validation: usersInFold(dataset, FOLD.validation),
        seed: 1,
        settings: SETTINGS[model],
      },
      quietTools(backend),
    );
    return createPredictor('interest', contract, weights, backend);
  }

  // P0, P3 and P6 are owned by the same users.
  test.each(['item-knn', 'ease', 'als', 'content', 'hybrid'] as const)('%s finds products of a kind', async (model) => {
    const found = similarCodes(await opened(model), 'P0', 2) ?? [];
    expect(found.map(({ product }) => product).sort()).toEqual(['P3', 'P6']);
    expect(found[0].similarity).toBeGreaterThanOrEqual(found[1].similarity);
  });

  test.each(['als', 'vae', 'hybrid'] as const)('%s places users of a kind near each other', async (model) => {
    const rows = [['P0', 'P3'], ['P0', 'P6'], ['P1', 'P4'], []].map((owned) => ({ values: {}, owned }));
    const places = (await placesOf(await opened(model), rows)) ?? [];
    expect(places).toHaveLength(4);
    const cosine = (a: number, b: number) => places[a].reduce((sum, value, i) => sum + value * places[b][i], 0);
    expect(cosine(0, 0)).toBeCloseTo(1, 5);
    expect(cosine(0, 1)).toBeGreaterThan(cosine(0, 2));
  });

  test.each(['als', 'two-tower'] as const)('%s retrieves the products that it scores best', async (model) => {
    const predictor = await opened(model);
    const row = { values: { kind: 'a', age: 30 }, owned: ['P0', 'P1'] };
    const one = { users: Int32Array.of(0), hidden: Int32Array.of(-1) };
    let scores = new Float32Array();
    await predictor.predict(encodeRows(predictor.contract, [row]), one, (_start, _count, values) => {
      scores = values.slice();
    });
    const found = (await retrieved(predictor, row, 100)) ?? [];
    // All products but those that are owned, so that the probabilities are the same too.
    expect(found.map(({ product }) => product).sort()).toEqual(['P2', 'P3', 'P4', 'P5', 'P6', 'P7']);
    for (const { product, probability } of found)
      expect(probability).toBeCloseTo(scores[predictor.contract.products.indexOf(product)], 5);
    expect(found.map(({ probability }) => probability)).toEqual(
      found.map(({ probability }) => probability).toSorted((a, b) => b - a),
    );
    expect((await retrieved(predictor, row, 2))?.map(({ product }) => product)).toEqual(
      found.slice(0, 2).map(({ product }) => product),
    );
  });

  test('a model that cannot tell says nothing, nor does one that does not know the product', async () => {
    const bayes = await opened('naive-bayes');
    expect(similarCodes(bayes, 'P0', 2)).toBeUndefined();
    expect(await retrieved(bayes, { values: {}, owned: ['P0'] }, 2)).toBeUndefined();
    expect(await placesOf(bayes, [{ values: {}, owned: [] }])).toBeUndefined();
    expect(similarCodes(await opened('ease'), 'nope', 2)).toBeUndefined();
  });
});
