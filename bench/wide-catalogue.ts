import { createEngine } from '../src/engine/create-engine.js';
import { type Dataset, FOLD } from '../src/engine/data/dataset.js';
import type { Engine, ModelName, ModelSettings } from '../src/engine/engine.js';
import { createRandom } from '../src/engine/layers/random.js';
import { rowOf } from '../src/engine/recommenders/matrix/sparse.js';
import { type Benchmark, type Result, round } from './benchmark.js';
import { madeUpHoldings } from './made-up-holdings.js';

/** As large as MovieLens 1M, and some more users to validate and test on. */
const SIZE = { users: 6040, products: 3706, holdings: 1_000_000 };
const ASIDE = 600;

/** What is evaluated, with settings that are chosen as usual; and settings for the model whose scoring is timed. */
const MODELS = {
  popularity: {},
  'item-knn': { shrinkage: 30, neighbours: 200 },
  'user-knn': { neighbours: 100 },
  ease: { regularisation: 500 },
  'naive-bayes': { smoothing: 10 },
  als: { factors: 64, regularisation: 50, confidence: 5, iterations: 15 },
  vae: { epochs: 2 },
  'two-tower': { maxEpochs: 1 },
  hybrid: { members: ['item-knn', 'ease', 'als'] },
} as const satisfies Partial<Record<ModelName, ModelSettings>>;

export const wideCatalogue: Benchmark = {
  description: `recommenders through the engine on ${SIZE.users} users × ${SIZE.products} products, a million holdings: CPU s to choose settings, fit and test; CPU ms to score one user; memory`,
  async run({ progress, models, backend, seconds }) {
    const results: Result[] = [];
    const dataset = madeUp();
    for (const model of Object.keys(MODELS) as (keyof typeof MODELS)[]) {
      if (models.length > 0 && !models.includes(model)) continue;
      // An engine for each: what one holds is not counted to the next.
      const engine = createEngine({ backend, threads: 1 });
      try {
        progress(`${model}: choosing settings, fitting and testing`);
        const { result, most, cpu } = await watched(() => engine.evaluate(dataset, 'interest', { model }));
        const { metrics } = result;
        progress(`${model}: scoring`);
        const { perUser, file, load } = await serve(engine, dataset, model, seconds);
        results.push({
          name: model,
          'evaluated, CPU s': round(cpu, 1),
          mrr: round(metrics.mrr, 4),
          logloss: round(metrics.logloss, 3),
          'most memory, GB': round(most / 1e9, 1),
          'file, MB': round(file / 1e6, 1),
          'loaded, CPU s': round(load, 1),
          'one user, CPU ms': round(perUser, 2),
        });
      } finally {
        await engine.close();
      }
    }
    return results;
  },
};

/** Calls before anything is timed. */
const WARM = 50;

/** Made-up holdings as a data set with folds, one product of each user who is not trained on hidden. */
function madeUp(): Dataset {
  const users = SIZE.users + ASIDE;
  // Some draws come twice: a few more are made than are wanted.
  const holdings = madeUpHoldings({ ...SIZE, users, holdings: 1.08 * SIZE.holdings });
  const random = createRandom(1);
  const fold = Uint8Array.from({ length: users }, (_, user) =>
    user < SIZE.users ? FOLD.train : user % 2 === 0 ? FOLD.validation : FOLD.test,
  );
  const heldOut = Int32Array.from(fold, (of, user) => {
    const own = rowOf(holdings, user);
    return of === FOLD.train ? -1 : own[random.below(own.length)];
  });
  const { offsets, items } = holdings;
  return {
    name: 'made-up holdings',
    size: users,
    userIds: Array.from({ length: users }, (_, user) => `u${user}`),
    columns: [],
    protectedColumns: [],
    ownership: {
      products: Array.from({ length: SIZE.products }, (_, product) => `P${product}`),
      offsets,
      items,
      heldOut,
    },
    fold,
  };
}

/** The most memory and the CPU time of the process, threads and all, while work is done: a busy machine does not count. */
async function watched<T>(work: () => Promise<T>): Promise<{ result: T; most: number; cpu: number }> {
  let most = 0;
  const look = () => {
    most = Math.max(most, process.memoryUsage.rss());
  };
  const timer = setInterval(look, 100);
  const before = process.cpuUsage();
  try {
    const result = await work();
    look();
    const { user, system } = process.cpuUsage(before);
    return { result, most, cpu: (user + system) / 1e6 };
  } finally {
    clearInterval(timer);
  }
}

/** The model in the scoring thread: one user after the other, from the caller's thread and back. */
async function serve(engine: Engine, dataset: Dataset, model: keyof typeof MODELS, seconds: number) {
  const trained = await engine.train(dataset, 'interest', model, { settings: MODELS[model] });
  const { cpu: load } = await watched(() => engine.scoring.load('bench', trained));
  const { products, offsets, items } = dataset.ownership as NonNullable<Dataset['ownership']>;
  const scoreOne = (user: number) => {
    const owned = Array.from(items.subarray(offsets[user], offsets[user + 1]), (item) => products[item]);
    return engine.scoring.scoreInterest('bench', [{ values: {}, owned }]);
  };
  for (let user = 0; user < WARM; user++) await scoreOne(user);
  let calls = 0;
  const end = performance.now() + seconds * 1000;
  const { cpu } = await watched(async () => {
    while (performance.now() < end) await scoreOne(calls++ % dataset.size);
  });
  await engine.scoring.unload('bench');
  return { perUser: (1000 * cpu) / calls, file: trained.weights.length, load };
}
