import { createRandom } from '../src/engine/layers/random.js';
import { boost } from '../src/engine/trees/boost.js';
import type { TreeEnsemble } from '../src/engine/trees/ensemble.js';
import { growForest } from '../src/engine/trees/forest.js';
import { binRows, fitBins, type TreeColumn } from '../src/engine/trees/matrix.js';
import { logistic } from '../src/engine/trees/objective.js';
import { candidateTreeSettings } from '../src/engine/trees/presets.js';
import { scoreRows } from '../src/engine/trees/score.js';
import type { GbdtSettings, RandomForestSettings } from '../src/engine/trees/settings.js';
import { TreeShap } from '../src/engine/trees/shap.js';
import { type Benchmark, type Result, round } from './benchmark.js';

const ROWS = 30_000;
const FEATURES = 23;
const CATEGORICAL = 3;
const SCORED = 5_000;
const RUNS = 5;

/** Growing, scoring and explaining trees, on made-up rows of the shape of uci_default. Processor time of one thread. */
export const trees: Benchmark = {
  description: 'growing, scoring and explaining trees, 30,000 rows of 23 features: processor time',
  async run({ progress }) {
    const { columns, targets, rows } = madeUp();
    const matrix = binRows(fitBins(columns, 255), columns, Int32Array.from(targets.keys()));
    const weights = new Float32Array(ROWS).fill(1);
    const problem = { task: 'risk', users: ROWS, features: FEATURES } as const;
    const [gbdt] = candidateTreeSettings({ ...problem, model: 'gbdt' }) as GbdtSettings[];
    const [wood] = candidateTreeSettings({ ...problem, model: 'random-forest' }) as RandomForestSettings[];
    const settings = { ...gbdt, rounds: 300, maxLeaves: 31, rowShare: 1, featureShare: 1 };
    const results: Result[] = [];
    const measure = <T>(name: string, unit: 's' | 'µs', times: number, work: () => T): T => {
      progress(name);
      const before = process.cpuUsage();
      const result = work();
      const { user, system } = process.cpuUsage(before);
      const value = (user + system) / times;
      results.push({ name, value: unit === 's' ? round(value / 1e6, 2) : round(value, 2), unit });
      return result;
    };
    const train = { matrix, weights, objective: logistic(targets, weights) };
    const grow = (rounds: number) => boost(train, undefined, { ...settings, rounds }, createRandom(1)).ensemble;
    grow(20);
    measure('boosting 300 trees of 31 leaves', 's', 1, () => grow(300));
    const hundred = grow(100);
    const forest = { ...wood, featuresTried: Math.round(wood.featureShare * FEATURES), trees: 100 };
    const data = { matrix, weights, targets: { values: targets, classes: 1 } };
    measure('a forest of 100 trees', 's', 1, () => growForest(data, forest, createRandom(1)));
    for (let run = 0; run < RUNS; run++) score(hundred, rows);
    measure('scoring a row by 100 trees', 'µs', RUNS * SCORED, () => {
      for (let run = 0; run < RUNS; run++) score(hundred, rows);
    });
    const shap = new TreeShap(hundred);
    const explained = 500;
    measure('contributions of a row by 100 trees', 'µs', explained, () => {
      for (let row = 0; row < explained; row++) shap.explain(rows.subarray(row * FEATURES, (row + 1) * FEATURES));
    });
    return results;
  },
};

const score = (ensemble: TreeEnsemble, rows: Float32Array) =>
  scoreRows(ensemble, rows, SCORED, new Float64Array(SCORED));

/** Numbers of which some are missing, and categories; the event follows from some of both. */
function madeUp() {
  const random = createRandom(1);
  const columns: TreeColumn[] = Array.from({ length: FEATURES }, (_, feature) => {
    const categories = feature < CATEGORICAL ? 8 : 0;
    const draw = () =>
      categories > 0 ? random.below(categories) : random.uniform() < 0.02 ? Number.NaN : random.normal();
    return { values: Float32Array.from({ length: ROWS }, draw), categories };
  });
  const targets = Float32Array.from({ length: ROWS }, (_, row) => {
    const [category, , , a, b, c] = columns.map(({ values }) => values[row] || 0);
    const odds = -1.3 + (category % 2) + a - (b > 0.5 ? 1 : 0) + a * c;
    return random.uniform() < 1 / (1 + Math.exp(-odds)) ? 1 : 0;
  });
  const rows = new Float32Array(SCORED * FEATURES);
  for (let row = 0; row < SCORED; row++)
    for (let feature = 0; feature < FEATURES; feature++) rows[row * FEATURES + feature] = columns[feature].values[row];
  return { columns, targets, rows };
}
