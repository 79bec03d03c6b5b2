import type { Backend, Executable } from '../src/engine/backends/backend.js';
import { openBackend } from '../src/engine/backends/select.js';
import { type Computation, type TrainingStep, trainingStep } from '../src/engine/layers/graphs.js';
import { binaryCrossEntropy, softmaxCrossEntropy } from '../src/engine/layers/losses.js';
import { initialParameters, manifestOf } from '../src/engine/layers/parameters.js';
import { fillLimits, privateStep } from '../src/engine/layers/private-step.js';
import { createRandom } from '../src/engine/layers/random.js';
import { createOptimiser } from '../src/engine/training/optimiser.js';
import { createNoiseThread, type NoiseThread } from '../src/engine/training/private/noise-thread.js';
import { noisySum } from '../src/engine/training/private/release.js';
import { graphRows, graphsFor } from '../src/engine/training/private/user-batches.js';
import { startWorker } from '../src/engine/workers/start.js';
import { type Benchmark, type BenchmarkOptions, quantile, type Result, round } from './benchmark.js';
import { randomRows, TIMED_MODELS, type TimedModel } from './dp-sgd-models.js';

const { bound, noiseMultiplier, learningRate } = { bound: 1, noiseMultiplier: 1.1, learningRate: 1e-3 };

/**
 * A step of private training against the same step of plain training: gradient, noise and update of one batch, in turns. Time on the clock,
 * where noise that another thread has drawn meanwhile costs nothing, and CPU time of the whole process, where it does.
 */
export const dpSgd: Benchmark = {
  description: 'a step of private training, model by model, against plain training: ms, CPU ms and their ratios',
  async run(options) {
    const backend = await openBackend(options.backend);
    const noise = createNoiseThread(() => startWorker('noise-worker', undefined));
    const results: Result[] = [];
    try {
      for (const model of TIMED_MODELS) {
        options.progress(`${model.name} on ${backend.device}`);
        results.push(await compare(model, backend, noise, options));
      }
    } finally {
      await noise.stop();
      await backend.dispose();
    }
    return results;
  },
};

async function compare(
  timed: TimedModel,
  backend: Backend,
  noise: NoiseThread,
  { seconds }: BenchmarkOptions,
): Promise<Result> {
  const plain = await plainStep(timed, backend);
  const secret = await secretStep(timed, backend, noise);
  for (let warmUp = 0; warmUp < 3; warmUp++) {
    await plain.run();
    await secret.run();
  }
  const plainTimes: Times[] = [];
  const secretTimes: Times[] = [];
  const end = performance.now() + seconds * 1000;
  do {
    plainTimes.push(await timesOf(plain.run));
    secretTimes.push(await timesOf(secret.run));
  } while (performance.now() < end || secretTimes.length < 5);
  await plain.dispose();
  await secret.dispose();
  const of = (times: readonly Times[], what: keyof Times, share: number) =>
    quantile(
      times.map((each) => each[what]),
      share,
    );
  const ratio = (what: keyof Times, share: number) =>
    round(of(secretTimes, what, share) / of(plainTimes, what, share), 3);
  const cpu = of(secretTimes, 'cpu', 0.5);
  return {
    name: timed.name,
    batch: timed.batch,
    backend: backend.name,
    privateOverPlain: ratio('clock', 0.5),
    privateOverPlainCpu: ratio('cpu', 0.5),
    fastestOverFastest: ratio('clock', 0),
    examplesPerCpuSecond: Math.round((1000 * timed.batch) / cpu),
    ms: round(of(secretTimes, 'clock', 0.5), 3),
    plainMs: round(of(plainTimes, 'clock', 0.5), 3),
    cpuMs: round(cpu, 3),
    plainCpuMs: round(of(plainTimes, 'cpu', 0.5), 3),
    steps: secretTimes.length,
  };
}

interface Times {
  /** Milliseconds on the clock. */
  readonly clock: number;
  /** Milliseconds of all threads. */
  readonly cpu: number;
}

async function timesOf(work: () => Promise<void>): Promise<Times> {
  const before = process.cpuUsage();
  const start = performance.now();
  await work();
  const clock = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  return { clock, cpu: (user + system) / 1000 };
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
  const optimiser = createOptimiser({ optimiser: 'sgd', learningRate, weightDecay: 0, l1: 0 }, manifestOf(model));
  return {
    async run() {
      const [gradient] = await executable.run([weights, ...features, targets, each]);
      optimiser.step(weights, gradient);
    },
    dispose: () => executable.dispose(),
  };
}

/** As training has it: graphs with their blocks, totals in double, noise on a grid, then SGD. */
async function secretStep(timed: TimedModel, backend: Backend, noise: NoiseThread): Promise<Step> {
  const { batch, model } = timed;
  const graphs = graphsFor(batch, 1, graphRows(backend, model));
  const executables = new Map<number, Executable>();
  for (const { rows, blocks } of graphs) {
    if (executables.has(rows)) continue;
    const how = { unitRows: 1, blocks, positionsMade: timed.positionsMade, rule: { kind: 'cut' } } as const;
    const step = privateStep({ ...describe(timed, rows), ...how });
    executables.set(rows, await compile(backend, step));
  }
  const parts = graphs.map(({ rows }, part) => ({
    executable: executables.get(rows) as Executable,
    ...randomRows(timed, rows, createRandom(part)),
    ones: new Float32Array(rows).fill(1),
    limits: new Float32Array(rows),
  }));
  const initial = initialParameters(model, 1);
  const sum = noisySum(noiseMultiplier, initial.length, noise);
  const { weights } = sum;
  weights.set(initial);
  return {
    async run() {
      for (const { executable, features, targets, ones, limits } of parts) {
        fillLimits(limits, limits.length, bound);
        const running = executable.run([weights, ...features, targets, ones, limits]);
        sum.draw();
        const [gradient] = await running;
        sum.add(gradient);
      }
      sum.release(bound);
      sum.descend({ momentum: 0, scale: 1 / batch, rate: learningRate });
    },
    async dispose() {
      for (const executable of executables.values()) await executable.dispose();
    },
  };
}
