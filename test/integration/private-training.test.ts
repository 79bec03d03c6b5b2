import { createEngine } from '../../src/engine/create-engine.js';
import { usersInFold } from '../../src/engine/data/split.js';
import { fitContract } from '../../src/engine/encoders/fit.js';
import type { Engine, PrivateRequest, Progress } from '../../src/engine/engine.js';
import { initialParameters, toTrainedModel } from '../../src/engine/models/federated.js';
import { interestDataset, riskDataset, rowOf } from '../support/synthetic.js';

describe('private training by the engine', () => {
  let engine: Engine;
  beforeAll(() => {
    engine = createEngine({ backend: 'onnxruntime', threads: 1 });
  });
  afterAll(() => engine.close());

  const requestOf = (task: 'interest' | 'risk', model: 'linear' | 'dnn', steps: number): PrivateRequest => {
    const dataset = task === 'risk' ? riskDataset() : interestDataset();
    const contract = {
      ...fitContract(dataset, {
        users: usersInFold(dataset, 0),
        bins: 6,
        encoding: 'piecewise',
        holdings: task === 'interest' ? 'oneHidden' : 'none',
      }),
    };
    return {
      task,
      model,
      contract,
      parameters: initialParameters(model, task, contract),
      strategy: 'fedavg',
      training: {
        clipping: { kind: 'flat', norm: 1 },
        samplingRate: 0.5,
        expectedUsers: usersInFold(dataset, 0).length,
        noiseMultiplier: 0.5,
        steps,
        learningRate: 3,
        momentum: 0.5,
        proximal: 0,
      },
    };
  };

  test.each([
    ['risk', 'linear'],
    ['interest', 'linear'],
    ['interest', 'dnn'],
  ] as const)('what was trained is scored like any model (%s, %s)', async (task, model) => {
    const dataset = task === 'risk' ? riskDataset() : interestDataset();
    const request = requestOf(task, model, 40);
    const progress: Progress[] = [];
    const { update, mechanisms } = await engine.privateUpdate(dataset, request, {
      onProgress: (each) => progress.push(each),
    });
    expect(progress).toHaveLength(40);
    expect(mechanisms).toHaveLength(1);
    const parameters = request.parameters.map((value, index) => value + update[index]);
    await engine.scoring.load('v', toTrainedModel(task, model, request.contract, parameters));
    const rows = Array.from({ length: 20 }, (_, user) => rowOf(dataset, user));
    if (task === 'risk') {
      const scores = await engine.scoring.scoreRisk('v', rows);
      expect(new Set(scores).size).toBeGreaterThan(10);
      return;
    }
    for (const scores of await engine.scoring.scoreInterest('v', rows))
      expect(scores.every(Number.isFinite)).toBe(true);
  });

  test('it is cancelled before its next micro-batch', async () => {
    const stop = new AbortController();
    const work = engine.privateUpdate(riskDataset(), requestOf('risk', 'linear', 100_000), {
      signal: stop.signal,
      onProgress: () => stop.abort(),
    });
    await expect(work).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
