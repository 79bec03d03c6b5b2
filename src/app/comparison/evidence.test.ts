import type { ModelName } from '../../engine/engine.js';
import { createRandom } from '../../engine/layers/random.js';
import { auc, brier } from '../../engine/metrics/binary.js';
import { type Told, usersBehind, weigh } from './evidence.js';
import { verdictOf } from './summary.js';

const USERS = 400;
const weighing = { seed: 1, resamples: 300, level: 0.95, checkpoint: () => undefined };
const random = createRandom(5);
const labels = Uint8Array.from({ length: USERS }, () => (random.uniform() < 0.4 ? 1 : 0));
const fold = Uint8Array.from({ length: USERS }, (_, user) => user % 4);
/** @param noise the more, the less the model knows */
const scored = (noise: number) => ({
  users: Int32Array.from(labels.keys()),
  labels,
  probabilities: Float32Array.from(labels, (label) => 1 / (1 + Math.exp(1 - 2 * label - noise * random.normal()))),
});
const told = (model: ModelName, test: ReturnType<typeof scored>, more: object = {}): Told => ({
  task: 'risk',
  model,
  dataset: 'made up',
  metrics: {},
  settings: {},
  backend: 'cpu',
  seconds: 1,
  predictions: { task: 'risk', test },
  ...more,
});

describe('evidence', () => {
  const good = scored(0.5);
  const poor = scored(4);
  /** The same model but for a trifle. */
  const twin = { ...good, probabilities: good.probabilities.map((value, user) => value + (user % 2 ? 1e-4 : -1e-4)) };

  test('the best is told from a worse model, and not from its like', async () => {
    const [evidence] = await weigh([told('gbdt', poor), told('logistic', good), told('dnn', twin)], weighing);
    const best = auc(labels, good.probabilities) >= auc(labels, twin.probabilities) ? 'logistic' : 'dnn';
    expect(verdictOf(evidence, 'auc')).toEqual({
      best,
      asGood: [best === 'dnn' ? 'logistic' : 'dnn'],
      worse: ['gbdt'],
    });
    expect(evidence.models.logistic?.figures.auc).toBe(auc(labels, good.probabilities));
    const [low, high] = evidence.models.gbdt?.intervals.auc ?? [1, 0];
    expect(low).toBeLessThan(auc(labels, poor.probabilities));
    expect(high).toBeGreaterThan(auc(labels, poor.probabilities));
    expect(evidence.models.gbdt?.differences?.auc.difference).toBeCloseTo(
      auc(labels, poor.probabilities) - (evidence.models[best]?.figures.auc ?? 0),
      12,
    );
    expect(evidence.models[best]).not.toHaveProperty('differences');
  });

  test('p values are raised for the number of models compared', async () => {
    const [{ models }] = await weigh([told('gbdt', poor), told('logistic', good), told('dnn', scored(4))], weighing);
    const { p, adjustedP } = models.gbdt?.differences?.auc ?? { p: 1, adjustedP: 1 };
    expect(p).toBeCloseTo(2 / 301, 12);
    expect(adjustedP).toBeCloseTo(4 / 301, 12);
  });

  test('by cross-validation figures are means over the folds, with their deviation beside', async () => {
    const metrics = { cv4_auc_sd: 0.02, cv4_auc: 0.7 };
    const model = told('logistic', { ...good, fold } as never, { metrics, folds: [{}, {}, {}, {}] });
    const [evidence, ...more] = await weigh([model], weighing);
    expect(more).toEqual([]);
    expect(evidence).toMatchObject({ by: 'cross-validation', folds: 4, users: USERS });
    const each = [0, 1, 2, 3].map((one) => {
      const rows = [...labels.keys()].filter((user) => fold[user] === one);
      return brier(
        rows.map((user) => labels[user]),
        rows.map((user) => good.probabilities[user]),
      );
    });
    expect(evidence.models.logistic?.figures.brier).toBeCloseTo((each[0] + each[1] + each[2] + each[3]) / 4, 12);
    expect(evidence.models.logistic?.deviations).toEqual({ auc: 0.02 });
  });

  test('beside a small split, what rests on more users comes first', async () => {
    const few = {
      users: good.users.slice(0, 50),
      labels: labels.slice(0, 50),
      probabilities: good.probabilities.slice(0, 50),
    };
    const predictions = { task: 'risk' as const, test: few, crossValidated: { ...good, fold } };
    const evidence = await weigh([told('logistic', good, { predictions, folds: [{}, {}, {}, {}] })], weighing);
    expect(evidence.map(({ by, users }) => [by, users])).toEqual([
      ['cross-validation', USERS],
      ['test users', 50],
    ]);
    expect(usersBehind(evidence[0], predictions)).toBe(predictions.crossValidated);
    expect(usersBehind(evidence[1], predictions)).toBe(few);
  });
});
