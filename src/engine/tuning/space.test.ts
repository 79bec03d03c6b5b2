import fc from 'fast-check';
import { MODELS, type ModelName } from '../engine.js';
import { isSingle } from '../recommenders/recommender.js';
import { checkedPlan } from '../recommenders/settings.js';
import { candidateScorecards } from '../scorecard/settings.js';
import { checkSettings, type TrainingSettings } from '../training/settings.js';
import { checkTreeSettings, isTreeModel, type TreeSettings } from '../trees/settings.js';
import { twoTowerSettings } from '../two-tower/settings.js';
import { drawSettings, hasEffort, type Settings, withEffort } from './space.js';
import { isNetwork, type SearchProblem, startingSettings } from './usual.js';

const UNSEARCHED = ['popularity', 'content', 'stack', 'hybrid'];

const problems: fc.Arbitrary<SearchProblem> = fc
  .record({
    task: fc.constantFrom('interest' as const, 'risk' as const),
    model: fc.constantFrom(...MODELS.filter((name) => !UNSEARCHED.includes(name))),
    users: fc.constantFrom(100, 2999, 3000, 100_000),
    products: fc.constantFrom(2, 50, 500, 5000),
    inputs: fc.constantFrom(0, 10, 1000),
    features: fc.constantFrom(1, 50),
    sequences: fc.boolean(),
  })
  .filter(({ model, task }) => (isOfInterest(model) ? task === 'interest' : model !== 'scorecard' || task === 'risk'));

const isOfInterest = (model: ModelName) => isSingle(model) || model === 'two-tower';

/** What training itself says of settings. */
function check({ model, products, users, sequences }: SearchProblem, settings: Settings): void {
  if (isNetwork(model)) checkSettings({ ...settings, members: 1 } as unknown as TrainingSettings);
  else if (isTreeModel(model)) checkTreeSettings({ ...settings, model, members: 1 } as unknown as TreeSettings);
  else if (model === 'two-tower') expect(twoTowerSettings({ users, products, sequences }, settings)).toHaveLength(1);
  else if (model === 'scorecard') expect(candidateScorecards(settings)).toHaveLength(1);
  else if (isSingle(model)) checkedPlan(model, settings, products);
  else throw new Error(`Nothing checks the settings of ${model}.`);
}

const draw = (problem: SearchProblem, seed: number, trial: number) =>
  drawSettings({ ...problem, start: startingSettings(problem) }, seed, trial);

describe('settings to try', () => {
  test('of any model and size are such as training accepts, with any share of the effort', () => {
    fc.assert(
      fc.property(
        problems,
        fc.integer({ min: 0, max: 2 ** 31 }),
        fc.integer({ min: 1, max: 500 }),
        (problem, ...at) => {
          const settings = draw(problem, ...at);
          check(problem, settings);
          check(problem, withEffort(problem.model, settings, 1 / 3));
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('are first those of the model itself, and then others, the same for the same seed and number', () => {
    fc.assert(
      fc.property(problems, fc.integer({ min: 0, max: 1000 }), (problem, seed) => {
        const start = startingSettings(problem);
        expect(start.map((_, place) => draw(problem, seed, place + 1))).toEqual(start);
        const trials = [4, 5, 6, 7, 8].map((trial) => JSON.stringify(draw(problem, seed, trial)));
        expect(new Set(trials).size).toBeGreaterThan(1);
        expect(JSON.stringify(draw(problem, seed, 6))).toBe(trials[2]);
      }),
    );
  });

  test('of risk alone may mix rows, and of wide catalogues alone have a rank', () => {
    const problem = { model: 'dnn', users: 5000, products: 5000, features: 1, inputs: 1000, sequences: false } as const;
    const drawn = (task: 'risk' | 'interest') =>
      Array.from({ length: 20 }, (_, index) => draw({ ...problem, task }, 1, index + 4));
    expect(drawn('risk').some(({ mixup }) => (mixup as number) > 0)).toBe(true);
    expect(drawn('interest').every(({ mixup }) => mixup === 0)).toBe(true);
    expect(drawn('risk').every(({ rank }) => rank === undefined)).toBe(true);
    expect(drawn('interest').every(({ rank }) => (rank as number) >= 64)).toBe(true);
  });

  test('are refused in a sentence for models that have none', () => {
    for (const model of MODELS.filter((name) => UNSEARCHED.includes(name)))
      expect(() => drawSettings({ model, task: 'interest', start: [{}] }, 1, 1)).toThrow(/has no settings|made of/);
  });

  test('with a share of the effort have so many of the rounds, rounded up', () => {
    expect(withEffort('gbdt', { rounds: 100, l2: 3 }, 1 / 3)).toEqual({ rounds: 34, l2: 3 });
    expect(withEffort('gbdt', { rounds: 100 }, 1)).toEqual({ rounds: 100 });
    expect(withEffort('ease', { regularisation: 100 }, 1 / 3)).toEqual({ regularisation: 100 });
    expect([hasEffort('vae'), hasEffort('ease')]).toEqual([true, false]);
  });
});
