import { riskDataset } from '../../../test/support/synthetic.js';
import type { Column, Dataset } from '../../engine/data/dataset.js';
import { FOLD } from '../../engine/data/dataset.js';
import type { EvaluationResult } from '../../engine/engine.js';
import type { Predictions, ScoredUsers } from '../../engine/evaluation/predictions.js';
import { createRandom } from '../../engine/layers/random.js';
import { atSameShare, mitigateThresholds, reweighingOf } from './mitigate.js';
import { offlineInterest, productClasses, protectedColumns, riskSamples } from './offline.js';
import { fairnessText } from './render.js';

const result = (predictions: Predictions, metrics: Record<string, number> = {}): EvaluationResult => ({
  ...{ task: predictions.task, model: 'logistic', dataset: 'made up', metrics, settings: {}, predictions },
  ...{ backend: 'onnxruntime', seconds: 1 },
});

/** Users of two groups as good as each other, of which the second is scored worse. */
function scored(from: number, size: number, seed: number): ScoredUsers {
  const random = createRandom(seed);
  const labels = Uint8Array.from({ length: size }, () => (random.uniform() < 0.3 ? 1 : 0));
  return {
    users: Int32Array.from({ length: size }, (_, user) => from + user),
    labels,
    probabilities: Float32Array.from(labels, (label, user) =>
      Math.min(0.99, Math.max(0.01, 0.2 + 0.3 * label + 0.2 * (user % 2) + 0.1 * random.normal())),
    ),
  };
}
const sex = (size: number): Column => ({
  ...{ kind: 'categorical', name: 'sex', categories: ['m', 'f'] },
  values: Int32Array.from({ length: size }, (_, user) => user % 2),
});

describe('users that figures are of', () => {
  test('all of a cross-validation come before the few of a split', () => {
    const [test, crossed] = [scored(0, 100, 1), { ...scored(0, 1000, 2), fold: new Uint8Array(1000) }];
    expect(riskSamples(result({ task: 'risk', test }), 0.5).tested).toBe(test);
    expect(riskSamples(result({ task: 'risk', test, crossValidated: crossed }), 0.5).tested).toBe(crossed);
  });

  test('thresholds are never tried on users on whom they were chosen', () => {
    const test = scored(1000, 1000, 1);
    const many = riskSamples(result({ task: 'risk', test, validation: scored(0, 600, 2) }), 0.5);
    const few = riskSamples(result({ task: 'risk', test, validation: scored(0, 60, 2) }), 0.5);
    for (const samples of [many, few]) {
      const chosen = new Set(samples.chosenOn.users);
      expect(samples.triedOn.users.some((user) => chosen.has(user))).toBe(false);
    }
    expect(many.triedOn.users).toHaveLength(1000);
    expect(few.triedOn.users).toHaveLength(500);
  });

  test('without a threshold as many are flagged as have the event', () => {
    const test = scored(0, 1000, 3);
    const { threshold } = riskSamples(result({ task: 'risk', test }), undefined);
    const events = test.labels.reduce((sum, label) => sum + label, 0);
    expect(test.probabilities.filter((p) => p >= threshold).length).toBe(events);
    expect(riskSamples(result({ task: 'risk', test }, { threshold: 0.42 }), undefined).threshold).toBe(0.42);
  });
});

test('attributes are those that are protected, or those that are named', () => {
  const dataset: Dataset = { ...riskDataset(), protectedColumns: [sex(400)] };
  expect(protectedColumns(dataset, undefined).map(({ name }) => name)).toEqual(['sex']);
  expect(protectedColumns(dataset, ['job', 'sex']).map(({ name }) => name)).toEqual(['job', 'sex']);
  expect(() => protectedColumns(dataset, ['nothing'])).toThrow(/no attribute nothing/);
  expect(() => protectedColumns(riskDataset(), undefined)).toThrow(/marks no attribute as protected/);
});

describe('mitigation', () => {
  test('thresholds narrow the gap on users on whom they were not chosen', () => {
    const test = scored(0, 4000, 5);
    const samples = riskSamples(result({ task: 'risk', test }), 0.4);
    const { before, byGroup, blind } = mitigateThresholds(
      samples,
      [sex(4000)],
      { favourable: 'low', threshold: 0.4 },
      20,
    );
    expect(before.attributes[0].equalOpportunity!.value).toBeGreaterThan(0.3);
    expect(byGroup[0].after.attributes[0].equalOpportunity!.value).toBeLessThan(0.05);
    expect(blind!.attributes[0].adverseImpactRatio!.value).toBeGreaterThan(0.75);
    expect(fairnessText(before)).toContain('below four fifths, beyond chance');
  });

  test('weights are of training users; those of the test are never looked at', () => {
    const dataset: Dataset = { ...riskDataset({ size: 800 }), protectedColumns: [sex(800)] };
    const weights = reweighingOf(dataset, sex(800), 20);
    const changed = {
      ...dataset,
      label: dataset.label!.map((label, user) => (dataset.fold![user] === FOLD.test ? 1 - label : label)),
    };
    expect(reweighingOf(changed, sex(800), 20)).toEqual(weights);
    dataset.fold!.forEach((fold, user) => {
      if (fold !== FOLD.train) expect(weights[user]).toBe(1);
    });
  });

  test('two models are compared at as many favourable decisions', () => {
    const [first, second] = [scored(0, 1000, 1), scored(0, 1000, 9)].map((test) =>
      riskSamples(result({ task: 'risk', test }), 0.4),
    );
    for (const favourable of ['low', 'high'] as const) {
      const threshold = atSameShare(first, second, favourable);
      const below = (sample: ScoredUsers, at: number) => sample.probabilities.filter((p) => p < at).length;
      expect(below(second.tested, threshold)).toBe(below(first.tested, 0.4));
    }
  });
});

test('a recommender is measured by the products of its lists, and by classes where there are several', async () => {
  const users = 60;
  const top = Int32Array.from({ length: users * 2 }, (_, place) => (place % 2 === 0 ? Math.floor(place / 2) % 2 : 2));
  const ranked: Predictions = {
    task: 'interest',
    products: ['FUND', 'LOAN', 'CARD'],
    test: {
      users: Int32Array.from({ length: users }, (_, user) => user),
      targets: new Int32Array(users),
      ranks: Float64Array.from({ length: users }, (_, user) => (user % 2 === 0 ? 1 : 5)),
      probabilities: new Float32Array(users).fill(0.5),
      tail: new Uint8Array(users),
      topSize: 2,
      top,
      topProbabilities: new Float32Array(users * 2),
    },
  };
  const classes = await productClasses(
    {
      name: 'x',
      task: 'interest',
      products: { items: { FUND: { type: 'fund', riskClass: 4 }, LOAN: { type: 'loan', riskClass: 2 } } },
    },
    '.',
    ['FUND', 'LOAN', 'CARD'],
  );
  const report = offlineInterest(result(ranked), [sex(users)], classes, 20);
  const [{ recall, exposures }] = report.attributes;
  expect(recall!.gap).toMatchObject({ value: 1, between: ['m', 'f'] });
  expect(exposures.map(({ by }) => by)).toEqual(['riskClass', 'type', 'product']);
  const fund = exposures[2].classes.find(({ class: code }) => code === 'FUND')!;
  expect(fund.ratio).toBe(0);
  expect(fairnessText(report)).toMatch(/exposure by riskClass, as the model ranks/);
});
