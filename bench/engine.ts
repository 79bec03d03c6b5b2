import type { Backend } from '../src/engine/backends/backend.js';
import { openBackend, probeBackends } from '../src/engine/backends/select.js';
import { sequential } from '../src/engine/layers/compose.js';
import { dense } from '../src/engine/layers/dense.js';
import { trainingStep } from '../src/engine/layers/graphs.js';
import { binaryCrossEntropy } from '../src/engine/layers/losses.js';
import { initialParameters } from '../src/engine/layers/parameters.js';
import { createRandom } from '../src/engine/layers/random.js';
import { type Benchmark, type BenchmarkOptions, quantile, type Result, round } from './benchmark.js';

const ROWS = 1024;
const WIDTHS = [64, 256, 128, 1];

/** One training step (forward, loss, backward; no optimiser) of a plain network, on each backend of this machine. */
export const engine: Benchmark = {
  description: `one training step of an MLP ${WIDTHS.join('-')} over ${ROWS} rows, on each backend: CPU ms`,
  async run(options) {
    const results: Result[] = [];
    for (const { name, available, reason } of await probeBackends()) {
      if (!available) {
        options.progress(`not ${name}: ${reason}`);
        continue;
      }
      options.progress(name);
      const backend = await openBackend(name);
      results.push(...(await measure(backend, options)));
      await backend.dispose();
    }
    return results;
  },
};

const layers = WIDTHS.slice(1).map((units, index) =>
  dense({
    name: `${index}`,
    inputs: WIDTHS[index],
    units,
    activation: index < WIDTHS.length - 2 ? 'relu' : 'linear',
  }),
);

/** CPU time of the whole process, so that a busy machine and hidden threads don't flatter anyone. */
async function measure(backend: Backend, { seconds }: BenchmarkOptions): Promise<Result[]> {
  const model = sequential(layers);
  const step = trainingStep({
    model,
    rows: ROWS,
    features: [{ shape: [ROWS, WIDTHS[0]], dtype: 'float32' }],
    labels: [
      { shape: [ROWS, 1], dtype: 'float32' },
      { shape: [ROWS], dtype: 'float32' },
    ],
    loss: (ops, logits, [targets, weights]) => binaryCrossEntropy(ops, logits, targets, { weights }),
  });
  const random = createRandom(1);
  const inputs = [
    initialParameters(model, 1),
    Float32Array.from({ length: ROWS * WIDTHS[0] }, random.normal),
    Float32Array.from({ length: ROWS }, () => random.below(2)),
    new Float32Array(ROWS).fill(1 / ROWS),
  ];
  const executable = await backend.compile(step.graph, step.inputs);
  for (let warmUp = 0; warmUp < 3; warmUp++) await executable.run(inputs);
  const times: number[] = [];
  const end = performance.now() + seconds * 1000;
  do {
    const before = process.cpuUsage();
    await executable.run(inputs);
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / 1000);
  } while (performance.now() < end);
  await executable.dispose();
  return [
    { name: `${backend.device}: median step`, value: round(quantile(times, 0.5), 2), unit: 'CPU ms' },
    { name: `${backend.device}: fastest step`, value: round(times[0], 2), unit: 'CPU ms' },
  ];
}
