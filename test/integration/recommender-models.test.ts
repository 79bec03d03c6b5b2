import { createEngine } from '../../src/engine/create-engine.js';
import type { Engine, ModelName, ModelSettings } from '../../src/engine/engine.js';
import type { Viewer } from '../../src/graphql/viewer.js';
import type { RecommendationPage } from '../../src/recommendations/page.js';
import { RecommendationsService } from '../../src/recommendations/recommendations.service.js';
import { createServices, NOW, type Services, seedSmall, userIds } from '../support/consortium.js';
import { createProduct, createUser, useTestDatabase } from '../support/database.js';
import { interestDataset, rowOf } from '../support/synthetic.js';
import { operator, partner } from '../support/viewers.js';

const db = useTestDatabase();
let engine: Engine;
let services: Services;
let institution: { id: string; code: string };
let viewer: Viewer;
let users: string[];
let cold: string;
let onlyAttributes: string;

const MODELS: readonly (readonly [ModelName, ModelSettings])[] = [
  ['item-knn', { shrinkage: 10 }],
  ['user-knn', { neighbours: 30 }],
  ['ease', { regularisation: 30 }],
  ['naive-bayes', { smoothing: 10 }],
  ['als', { factors: 8, iterations: 5 }],
  ['vae', { hidden: 16, latent: 4, epochs: 3 }],
  ['content', {}],
  ['two-tower', { hidden: [16], embedding: 8, maxEpochs: 2 }],
  ['hybrid', { members: ['ease', 'content', 'linear'] }],
];

beforeAll(async () => {
  engine = createEngine({ backend: 'onnxruntime', threads: 1 });
  services = createServices(db.database, engine);
  [institution] = await seedSmall(db.database);
  viewer = partner(institution.id, ['recommendations:read', 'users:write', 'models:read', 'models:write']);
  users = await userIds(db.database, institution.id);
  cold = await createUser(db.database, institution.id);
  const { row } = (await services.profiles.scoringViews(viewer, [users[0]])).get(users[0])!;
  const attributes = Object.fromEntries(Object.entries(row.values).filter(([name]) => !name.startsWith('profile.')));
  onlyAttributes = await createUser(db.database, institution.id, { attributes });
}, 240_000);
afterAll(() => engine.close());

const train = (model: ModelName, settings: ModelSettings) =>
  services.training.train(
    viewer,
    { task: 'interest', model, institutions: [institution], own: true, activate: true },
    { settings },
  );
const ask = (userId: string, reasons = false) =>
  services.recommendations.recommend(viewer, { userId, first: 100, reasons });

describe.each(MODELS)('%s, trained on what a bank has stored', (model, settings) => {
  beforeAll(() => train(model, settings), 120_000);

  test('recommends what the user does not own, and says why', async () => {
    const answer = await services.recommendations.recommend(viewer, { userId: users[3], first: 3, reasons: true });
    expect(answer.strategy).toBe('model');
    const owned = new Set(
      ((await services.users.holdingsOf(viewer, [users[3]], 100)).get(users[3]) ?? []).map((h) => h.productId),
    );
    for (const { product, source, base, reasons } of answer.items) {
      expect(owned.has(product.id)).toBe(false);
      if (source !== 'model') continue;
      expect(Number.isFinite(base)).toBe(true);
      for (const { text } of reasons) expect(text).not.toMatch(/undefined|NaN|null/);
    }
  });

  test('gives users of whom it knows nothing something sensible', async () => {
    expect(await ask(cold)).toMatchObject({ strategy: 'cold_user' });
    // Recommenders read no attributes: to them this user is as cold.
    const readsAttributes = model === 'two-tower' || model === 'hybrid';
    const answer = await ask(onlyAttributes);
    expect(answer.strategy).toBe(readsAttributes ? 'model' : 'cold_user');
    for (const { score } of answer.items) expect(score).toBeGreaterThan(0);
  });

  test('leaves a product that is new to it to those that are like it', async () => {
    const id = await createProduct(db.database, institution.id, {
      name: 'Brand new account',
      type: 'account',
      risk_class: 1,
    });
    await services.products.snapshotWith(viewer, { ids: [id] });
    const found = (await ask(users[5])).items.find(({ product }) => product.id === id);
    expect(found).toMatchObject({ source: 'similarity' });
    expect(found?.score).toBeGreaterThan(0);
  });

  test('says which products and users are alike, of this institution alone', async () => {
    const [first] = (await services.products.catalogue(viewer)).products;
    for (const { similarity } of await services.likeness.products(viewer, first, 5))
      expect(similarity).toBeLessThanOrEqual(1);
    const alike = await services.likeness.users(viewer, users[3], 5);
    expect(alike.length).toBeGreaterThan(0);
    for (const { userId } of alike) expect(users).toContain(userId);
  });
});

test.each([
  'als',
  'two-tower',
] as const)('%s recommends the same of a catalogue of which it retrieves the best', async (model) => {
  await train(model, new Map(MODELS).get(model) ?? {});
  const { models, experiments, profiles, products, risk } = services;
  const modules = { database: db.database, models, experiments, profiles, products, risk, clock: () => NOW };
  const retrieving = new RecommendationsService({ ...modules, scoring: engine.scoring, mostScored: 1 });
  const codes = ({ items }: RecommendationPage) => items.map(({ product }) => product.code);
  const request = { userId: users[6], first: 20, reasons: true };
  const all = await services.recommendations.recommend(viewer, request);
  expect(codes(await retrieving.recommend(viewer, request))).toEqual(codes(all));
});

test('users are taken out of a model in the thread that trains', async () => {
  const dataset = interestDataset();
  const trained = await engine.train(dataset, 'interest', 'user-knn', { settings: { neighbours: 20 } });
  const erase = (user: number) => engine.erase(trained, [{ id: `u${user}`, owned: rowOf(dataset, user).owned }]);
  const erased = await erase(0);
  if (erased.outcome === 'retrain') throw new Error(erased.reason);
  expect(erased.model.weights.length).toBeLessThan(trained.weights.length);
  // User 3 is of the validation fold, and so in no model.
  await expect(erase(3)).rejects.toMatchObject({ code: 'CONFLICT' });
  const members = { settings: { members: ['user-knn', 'ease'] } } as const;
  const hybrid = await engine.train(dataset, 'interest', 'hybrid', members);
  expect(await engine.erase(hybrid, [{ id: 'u0', owned: rowOf(dataset, 0).owned }])).toMatchObject({
    outcome: 'exact',
  });
  const network = await engine.train(dataset, 'interest', 'popularity');
  expect(await engine.erase(network, [{ id: 'u0', owned: [] }])).toMatchObject({ outcome: 'retrain' });
});

test('user-knn is never shared: it is refused before anything is read', async () => {
  const shared = {
    task: 'interest',
    model: 'user-knn',
    institutions: [institution],
    own: false,
    activate: false,
  } as const;
  await expect(services.training.train(operator(), shared)).rejects.toMatchObject({
    code: 'BAD_INPUT',
    message: expect.stringMatching(/never leave their institution/),
  });
});
