import type { Backend, Executable } from '../src/engine/backends/backend.js';
import { openBackend } from '../src/engine/backends/select.js';
import { type Computation, type TrainingStep, trainingStep } from '../src/engine/layers/graphs.js';
import { binaryCrossEntropy, softmaxCrossEntropy } from '../src/engine/layers/losses.js';
import { initialParameters } from '../src/engine/layers/parameters.js';
import { privateStep } from '../src/engine/layers/private-step.js';
import { createRandom } from '../src/engine/layers/random.js';
import { noisySum } from '../src/engine/training/private/release.js';
import { graphRows, graphsFor } from '../src/engine/training/private/user-batches.js';
import { type Benchmark, type BenchmarkOptions, quantile, type Result, round } from './benchmark.js';
import { randomRows, TIMED_MODELS, type TimedModel } from './dp-sgd-models.js';

const { bound, noiseMultiplier, learningRate } = { bound: 1, noiseMultiplier: 1.1, learningRate: 1e-3 };

/**
 * A step of private training against the same step of plain training: gradient, noise and update of one batch, in turns, CPU time of the
 * whole process.
 */
export const dpSgd: Benchmark = {
  description: 'a step of private training of six models, against plain training: CPU ms and their ratio',
  async run(options) {
    const backend = await openBackend(options.backend);
    const results: Result[] = [];
    try {
      for (const model of TIMED_MODELS) {
        options.progress(`${model.name} on ${backend.device}`);
        results.push(await compare(model, backend, options));
      }
    } finally {
      await backend.dispose();
    }
    return results;
  },
};

async function compare(timed: TimedModel, backend: Backend, { seconds }: BenchmarkOptions): Promise<Result> {
  const plain = await plainStep(timed, backend);
  const secret = await secretStep(timed, backend);
  for (let warmUp = 0; warmUp < 3; warmUp++) {
    await plain.run();
    await secret.run();
  }
  const times: [number[], number[]] = [[], []];
  const ratios: number[] = [];
  const end = performance.now() + seconds * 1000;
  do {
    const [open, hidden] = [await cpuMs(plain.run), await cpuMs(secret.run)];
    times[0].push(open);
    times[1].push(hidden);
    ratios.push(hidden / open);
  } while (performance.now() < end || ratios.length < 5);
  await plain.dispose();
  await secret.dispose();
  const cpu = quantile(times[1], 0.5);
  return {
    name: timed.name,
    batch: timed.batch,
    backend: backend.name,
    privateOverPlain: round(cpu / quantile(times[0], 0.5), 3),
    examplesPerCpuSecond: Math.round((1000 * timed.batch) / cpu),
    cpuMs: round(cpu, 3),
    plainCpuMs: round(quantile(times[0], 0.5), 3),
    fastestOverFastest: round(quantile(times[1], 0) / quantile(times[0], 0), 3),
    steps: ratios.length,
  };
}

async function cpuMs(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

interface Step {
  run(): Promise<void>;
  dispose(): Promise<void>;
}

function describe({ model, outputs, features }: TimedModel, rows: number): TrainingStep {
  return {
    model,
    rows,
    features: features.map(({ dtype, width }) => ({ shape: [rows, width], dtype })),
    labels: [
      outputs === 1 ? { shape: [rows, 1], dtype: 'float32' } : { shape: [rows], dtype: 'int32' },
      { shape: [rows], dtype: 'float32' },
    ],
    loss: (ops, logits, [targets, weights]) =>
      outputs === 1
        ? binaryCrossEntropy(ops, logits, targets, { weights })
        : softmaxCrossEntropy(ops, logits, targets, { weights }),
  };
}

async function compile(backend: Backend, { graph, inputs }: Computation): Promise<Executable> {
  return backend.compile(graph, inputs);
}

/** The whole batch as one graph, then SGD. */
async function plainStep(timed: TimedModel, backend: Backend): Promise<Step> {
  const { batch, model } = timed;
  const executable = await compile(backend, trainingStep(describe(timed, batch)));
  const weights = initialParameters(model, 1);
  const { features, targets } = randomRows(timed, batch, createRandom(1));
  const each = new Float32Array(batch).fill(1 / batch);
  return {
    async run() {
      const [gradient] = await executable.run([weights, ...features, targets, each]);
      for (let index = 0; index < weights.length; index++) weights[index] -= learningRate * gradient[index];
    },
    dispose: () => executable.dispose(),
  };
}

/** As training has it: graphs with their blocks, totals in double, noise on a grid, then SGD. */
async function secretStep(timed: TimedModel, backend: Backend): Promise<Step> {
  const { batch, model } = timed;
  const graphs = graphsFor(batch, 1, graphRows(backend));
  const executables = new Map<number, Executable>();
  for (const { rows, blocks } of graphs) {
    if (executables.has(rows)) continue;
    const step = privateStep({ ...describe(timed, rows), unitRows: 1, blocks, rule: { kind: 'cut' } });
    executables.set(rows, await compile(backend, step));
  }
  const parts = graphs.map(({ rows }, part) => ({
    executable: executables.get(rows) as Executable,
    ...randomRows(timed, rows, createRandom(part)),
    ones: new Float32Array(rows).fill(1),
  }));
  const weights = initialParameters(model, 1);
  const limit = Float32Array.of(bound);
  const sum = noisySum(noiseMultiplier, weights.length);
  const { total } = sum;
  return {
    async run() {
      total.fill(0);
      for (const { executable, features, targets, ones } of parts) {
        const running = executable.run([weights, limit, ...features, targets, ones, ones]);
        sum.draw();
        const [gradient] = await running;
        sum.add(gradient);
      }
      sum.release(bound);
      const scale = learningRate / batch;
      for (let index = 0; index < weights.length; index++) weights[index] -= scale * total[index];
    },
    async dispose() {
      for (const executable of executables.values()) await executable.dispose();
    },
  };
}
