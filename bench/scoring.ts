import { DEMO_MODELS } from '../src/demo/models.js';
import { createEngine } from '../src/engine/create-engine.js';
import type { UserRow } from '../src/engine/data/dataset.js';
import type { Engine, ScoringService } from '../src/engine/engine.js';
import { type Benchmark, type BenchmarkOptions, quantile, type Result, round } from './benchmark.js';
import { demoDataset } from './demo-data.js';

/** Training and scoring of the demo's models, without database or HTTP. */
export const scoring: Benchmark = {
  description: "training the demo's models, and scoring by them: rows/s and the time of one row",
  async run(options) {
    const engine = createEngine();
    try {
      return [...(await measure(engine, 'interest', options)), ...(await measure(engine, 'risk', options))];
    } finally {
      await engine.close();
    }
  },
};

async function measure(engine: Engine, task: 'interest' | 'risk', options: BenchmarkOptions): Promise<Result[]> {
  const { model, settings } = DEMO_MODELS.find((each) => each.task === task) ?? DEMO_MODELS[0];
  const { dataset, rows } = demoDataset(task);
  options.progress(`training ${model} for ${task} on ${dataset.size} users`);
  const started = performance.now();
  const trained = await engine.train(dataset, task, model, { settings });
  const seconds = (performance.now() - started) / 1000;
  await engine.scoring.load(task, trained);
  options.progress(`scoring ${task}`);
  const score = scorerOf(engine.scoring, task);
  const batch = rows.slice(0, 1024);
  const { perSecond } = await repeat(options.seconds, batch.length, () => score(batch));
  const single = await repeat(options.seconds, 1, (n) => score([rows[n % rows.length]]));
  return [
    { name: `training ${task}, ${model}, ${dataset.size} users`, value: round(seconds, 2), unit: 's' },
    { name: `scoring ${task}, 1,024 rows a call`, value: round(perSecond, 0), unit: 'rows/s' },
    { name: `scoring ${task}, one row, median`, value: round(quantile(single.times, 0.5), 2), unit: 'ms' },
    { name: `scoring ${task}, one row, p99`, value: round(quantile(single.times, 0.99), 2), unit: 'ms' },
  ];
}

const scorerOf = (service: ScoringService, task: 'interest' | 'risk') => (rows: readonly UserRow[]) =>
  task === 'interest' ? service.scoreInterest(task, rows) : service.scoreRisk(task, rows);

/** Calls again and again for some seconds, after a few calls that are not counted. */
async function repeat(seconds: number, rows: number, call: (n: number) => Promise<unknown>) {
  for (let n = 0; n < 5; n++) await call(n);
  const times: number[] = [];
  const started = performance.now();
  while (performance.now() - started < seconds * 1000) {
    const before = performance.now();
    await call(times.length);
    times.push(performance.now() - before);
  }
  return { times, perSecond: (rows * times.length) / ((performance.now() - started) / 1000) };
}
