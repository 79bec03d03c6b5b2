import { localViewer } from '../../src/app/composition.js';
import { DEMO_MODELS } from '../../src/demo/models.js';
import { createEngine } from '../../src/engine/create-engine.js';
import type { Engine, ModelName, Task } from '../../src/engine/engine.js';
import { createServices, type Services, seedSmall } from '../support/consortium.js';
import { useTestDatabase } from '../support/database.js';

describe('models of the demo consortium', () => {
  const test = useTestDatabase();
  let engine: Engine;
  let services: Services;
  let institutions: readonly { id: string; code: string }[];
  beforeAll(async () => {
    engine = createEngine({ backend: 'onnxruntime' });
    services = createServices(test.database, engine);
    institutions = await seedSmall(test.database, 0.2);
  });
  afterAll(() => engine.close());

  const metricsOf = async (task: Task, model: ModelName) => {
    const settings = DEMO_MODELS.find((each) => each.task === task && each.model === model)?.settings;
    const request = { task, model, institutions, own: false, activate: true };
    return (await services.training.train(localViewer(), request, { settings })).metrics;
  };

  it('find in the data what popularity cannot know', async () => {
    const popular = await metricsOf('interest', 'popularity');
    const linear = await metricsOf('interest', 'linear');
    expect(linear.mrr).toBeGreaterThan(1.25 * popular.mrr);
    expect(linear['recall@3']).toBeGreaterThan(1.25 * popular['recall@3']);
    expect(linear.logloss).toBeLessThan(popular.logloss - 0.4);
  });

  it('tell who will default, within the limit of what can be known', async () => {
    const { auc } = await metricsOf('risk', 'logistic');
    expect(auc).toBeGreaterThan(0.7);
    expect(auc).toBeLessThan(0.9);
  });
});
