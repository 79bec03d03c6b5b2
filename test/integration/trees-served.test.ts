import { createEngine } from '../../src/engine/create-engine.js';
import type { Engine, ModelSettings } from '../../src/engine/engine.js';
import { TREE_MODELS, type TreeModel } from '../../src/engine/trees/settings.js';
import { BaseModelsService } from '../../src/federation/base-models.service.js';
import type { Viewer } from '../../src/graphql/viewer.js';
import { createServices, type Services, seedSmall, userIds } from '../support/consortium.js';
import { createUser, useTestDatabase } from '../support/database.js';
import { operator, partner } from '../support/viewers.js';

/** Trees as versions of the consortium: trained from what is stored, activated, and behind the answers that users get. */
const SETTINGS: Readonly<Record<TreeModel, ModelSettings>> = {
  gbdt: { rounds: 40, patience: 10, learningRate: 0.1, members: 1, maxLeaves: 8 },
  'random-forest': { trees: 30, minRows: 5, featureShare: 0.5, extra: false },
};
const db = useTestDatabase();
let engine: Engine;
let services: Services;
let institutions: readonly { id: string; code: string }[];
let viewer: Viewer;
let users: string[];

beforeAll(async () => {
  engine = createEngine({ backend: 'cpu', threads: 1 });
  services = createServices(db.database, engine);
  institutions = await seedSmall(db.database);
  viewer = partner(institutions[0].id);
  users = await userIds(db.database, institutions[0].id, 6);
  // Of one nothing is known, of the other next to nothing.
  users.push(await createUser(db.database, institutions[0].id));
  users.push(await createUser(db.database, institutions[0].id, { attributes: { income: 3000 } }));
}, 240_000);
afterAll(() => engine.close());

describe.each(TREE_MODELS)('%s', (model) => {
  const versions: string[] = [];
  beforeAll(async () => {
    for (const task of ['interest', 'risk'] as const) {
      const request = { task, model, institutions, own: false, activate: true } as const;
      const version = await services.training.train(operator(), request, { settings: SETTINGS[model] });
      expect(version).toMatchObject({ task, model, status: 'active' });
      versions.push(version.id);
    }
  }, 240_000);

  test('recommends, with reasons that sum to the score of the model', async () => {
    for (const userId of users) {
      const answer = await services.recommendations.recommend(viewer, { userId, first: 5, reasons: true });
      expect(answer.items.length).toBeGreaterThan(0);
      const explained = answer.items.filter(({ source }) => source === 'model');
      const view = (await services.profiles.scoringViews(viewer, [userId])).get(userId)!;
      await services.models.withActive(institutions[0].id, 'interest', async (active) => {
        const codes = explained.map(({ product }) => product.code);
        const explanations = await engine.scoring.explainInterest(active!.handle, view.row, codes);
        explained.forEach(({ base, reasons }, place) => {
          const own = reasons.filter(({ feature }) => !/^(behaviour|feedback|diversity)/.test(feature));
          const sum = own.reduce((total, { contribution }) => total + contribution, base!);
          expect(sum).toBeCloseTo(explanations[place].score, 4);
        });
      });
    }
  });

  test('assesses risk, with reasons that sum to its log-odds', async () => {
    for (const userId of users) {
      const { probability, base, reasons, modelVersionId } = await services.risk.assess(viewer, { userId });
      expect(modelVersionId).toBe(versions[1]);
      const sum = reasons.reduce((total, { contribution }) => total + contribution, base);
      expect(sum).toBeCloseTo(Math.log(probability / (1 - probability)), 4);
    }
  });

  test('takes scores apart by the method that is asked for, and says where it cannot', async () => {
    const [userId] = users;
    const own = await services.risk.assess(viewer, { userId });
    for (const explainBy of ['exact', 'kernel-shap', 'lime', 'permutation'] as const) {
      const { probability, base, reasons } = await services.risk.assess(viewer, { userId, explainBy });
      expect(probability).toBeCloseTo(own.probability, 5);
      const sum = reasons.reduce((total, { contribution }) => total + contribution, base);
      expect(sum).toBeCloseTo(Math.log(probability / (1 - probability)), 4);
    }
    const { items } = await services.recommendations.recommend(viewer, {
      userId,
      first: 2,
      reasons: true,
      explainBy: 'kernel-shap',
    });
    expect(items.length).toBeGreaterThan(0);
    await expect(services.risk.assess(viewer, { userId, explainBy: 'expected-gradients' })).rejects.toMatchObject({
      code: 'BAD_INPUT',
    });
  });
});

test('no base model of a federation is made of trees', async () => {
  const declaration = { columns: [{ kind: 'numeric', name: 'income', min: 0, max: 1e5 } as const], products: [] };
  const baseModels = new BaseModelsService({ database: db.database, models: services.models });
  for (const model of TREE_MODELS)
    await expect(baseModels.create(operator(), { task: 'risk', model, declaration, bins: 16 })).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringContaining('no parameters'),
    });
});
