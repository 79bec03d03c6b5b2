import { createRandom } from '../src/engine/layers/random.js';
import { eraseUsers } from '../src/engine/recommenders/erase.js';
import { packRecommender, unpackRecommender } from '../src/engine/recommenders/file/file.js';
import { type FitRequest, fitRecommender } from '../src/engine/recommenders/fit.js';
import { rowOf, type SparseRows, selectRows } from '../src/engine/recommenders/matrix/sparse.js';
import { openRecommender } from '../src/engine/recommenders/predict.js';
import type { MemberName } from '../src/engine/recommenders/recommender.js';
import { createVectorIndex, EXACT_VALUES } from '../src/engine/recommenders/retrieval/vector-index.js';
import { type Benchmark, type BenchmarkOptions, type Result, round } from './benchmark.js';
import { madeUpHoldings } from './made-up-holdings.js';

/** As large as MovieLens 1M. */
const SIZE = { users: 6040, products: 3706, holdings: 1_000_000 };
const VALIDATION = 300;

/** Settings, so that each is fitted once. */
const SETTINGS = {
  popularity: {},
  'item-knn': { shrinkage: 30, neighbours: 200 },
  'user-knn': { neighbours: 100 },
  ease: { regularisation: 500 },
  'naive-bayes': { smoothing: 10 },
  als: { factors: 64, regularisation: 50, confidence: 5, iterations: 15 },
} as const satisfies FitRequest['settings'];

export const recommenders: Benchmark = {
  description: `recommenders on ${SIZE.users} users × ${SIZE.products} products, a million holdings: CPU s to fit, ms to score; nearest vectors, exact and approximate`,
  async run(options) {
    const data = made();
    const results: Result[] = [];
    for (const name of Object.keys(SETTINGS) as (keyof typeof SETTINGS)[])
      results.push(...(await measure(name, data, options)));
    return [...results, ...(await retrieval(options))];
  },
};

interface Data {
  readonly owned: SparseRows;
  readonly validation: FitRequest['validation'];
}

function made(): Data {
  const { users } = SIZE;
  // Some draws come twice: a few more are made than are wanted.
  const all = madeUpHoldings({ ...SIZE, users: users + VALIDATION, holdings: 1.08 * SIZE.holdings });
  const range = (from: number, to: number) => Int32Array.from({ length: to - from }, (_, place) => from + place);
  const validation = selectRows(all, range(users, users + VALIDATION));
  const random = createRandom(1);
  const hidden = Int32Array.from({ length: VALIDATION }, (_, user) => {
    const own = rowOf(validation, user);
    return own[random.below(own.length)];
  });
  return { owned: selectRows(all, range(0, users)), validation: { owned: validation, hidden } };
}

async function measure(name: MemberName, data: Data, { progress, seconds }: BenchmarkOptions): Promise<Result[]> {
  progress(`fitting ${name} on ${data.owned.items.length} holdings`);
  const userIds = Array.from({ length: data.owned.rows }, (_, user) => `u${user}`);
  const request = { ...data, name, userIds, seed: 1, settings: SETTINGS };
  const context = { checkpoint: () => undefined, onProgress: () => undefined };
  const fit = await timed(() => fitRecommender(request, context));
  const { model } = fit.value;
  const file = await timed(() => packRecommender(model));
  const open = openRecommender(unpackRecommender(file.value, model.products));
  const probabilities = new Float32Array(model.products);
  const { perCall } = await repeated(seconds, (n) =>
    open.probabilities(rowOf(data.owned, n % data.owned.rows), probabilities),
  );
  const first = Int32Array.of(0);
  const erasure = await timed(() => eraseUsers(model, { ids: ['u0'], owned: selectRows(data.owned, first) }));
  const exact = erasure.value.outcomes.every(({ outcome }) => outcome === 'exact');
  return [
    { name: `${name}: fit and calibrate`, value: round(fit.seconds, 1), unit: 'CPU s' },
    { name: `${name}: file`, value: round(file.value.length / 1e6, 1), unit: 'MB' },
    { name: `${name}: probabilities of a user`, value: round(perCall, 2), unit: 'CPU ms' },
    ...(exact ? [{ name: `${name}: forget a user`, value: round(erasure.seconds, 1), unit: 'CPU s' }] : []),
  ];
}

const WIDTH = 64;
const NEAREST = 10;

/** Vectors like the factors of ALS: of falling variance, popular products longer. */
function factorsOf(rows: number): Float32Array {
  const random = createRandom(2);
  const vectors = new Float32Array(rows * WIDTH);
  for (let row = 0; row < rows; row++) {
    const length = Math.exp(random.normal());
    for (let i = 0; i < WIDTH; i++) vectors[row * WIDTH + i] = (length * random.normal()) / Math.sqrt(1 + i);
  }
  return vectors;
}

async function retrieval({ progress, seconds }: BenchmarkOptions): Promise<Result[]> {
  const results: Result[] = [];
  for (const rows of [EXACT_VALUES / WIDTH, 500_000]) {
    progress(`the nearest of ${rows} vectors`);
    const vectors = factorsOf(rows);
    const random = createRandom(3);
    const queries = Array.from({ length: 50 }, () => {
      const row = random.below(rows) * WIDTH;
      return Float64Array.from(
        { length: WIDTH },
        (_, i) => vectors[row + i] + (0.3 * random.normal()) / Math.sqrt(1 + i),
      );
    });
    for (const metric of ['inner', 'cosine'] as const) {
      const exact = createVectorIndex(vectors, { width: WIDTH, metric, approximate: false });
      const built = await timed(() => createVectorIndex(vectors, { width: WIDTH, metric, approximate: true }));
      const found = queries.map((query) => {
        const truth = new Set(exact.search(query, NEAREST).map(({ index }) => index));
        return built.value.search(query, NEAREST).filter(({ index }) => truth.has(index)).length / NEAREST;
      });
      const one = async (index: typeof exact) =>
        (await repeated(seconds / 4, (n) => index.search(queries[n % queries.length], NEAREST))).perCall;
      const name = `nearest ${NEAREST} of ${rows} by ${metric}`;
      results.push(
        { name: `${name}, exact`, value: round(await one(exact), 2), unit: 'CPU ms' },
        { name: `${name}, approximate`, value: round(await one(built.value), 2), unit: 'CPU ms' },
        {
          name: `${name}, found`,
          value: round(found.reduce((sum, share) => sum + share, 0) / found.length, 3),
          unit: 'share',
        },
        { name: `${name}, lists made`, value: round(built.seconds, 1), unit: 'CPU s' },
      );
    }
  }
  return results;
}

/** CPU time of the whole process, so that a busy machine does not count. */
async function timed<T>(work: () => T | Promise<T>): Promise<{ value: T; seconds: number }> {
  const before = process.cpuUsage();
  const value = await work();
  const { user, system } = process.cpuUsage(before);
  return { value, seconds: (user + system) / 1e6 };
}

async function repeated(seconds: number, call: (n: number) => unknown): Promise<{ perCall: number }> {
  for (let n = 0; n < 3; n++) call(n);
  let calls = 0;
  const end = performance.now() + seconds * 1000;
  const spent = await timed(() => {
    while (performance.now() < end) call(calls++);
  });
  return { perCall: (spent.seconds * 1000) / calls };
}
