import type { Backend } from '../backends/backend.js';
import { openBackend } from '../backends/select.js';
import { addUp, concatenate, select, sequential } from './compose.js';
import { conv1d } from './conv1d.js';
import { dense } from './dense.js';
import { trainingStep } from './graphs.js';
import { gru } from './gru.js';
import type { Layer } from './layer.js';
import { binaryCrossEntropy, softmaxCrossEntropy } from './losses.js';
import { manifestOf } from './parameters.js';
import { pool } from './pool.js';
import { fillLimits, type PrivateStep, privateStep } from './private-step.js';
import { createRandom } from './random.js';

/** Takes the mean over the users of the batch away, as batch normalisation does: what it says of one user depends on the others. */
const centred: Layer = {
  parameters: [],
  masks: [],
  mixesRows: 'batch normalisation makes the output of one user depend on the others.',
  forward(ops, _parameters, [input]) {
    const centre = (a: typeof input) => ops.sub(a, ops.mean(a, [0], true));
    return { output: centre(input), backward: (delta) => ({ input: () => centre(delta), gradients: [] }) };
  },
};

const stepOf = (model: Layer, changes: Partial<PrivateStep> = {}): PrivateStep => ({
  model,
  rows: 4,
  unitRows: 1,
  features: [{ shape: [4, 3], dtype: 'float32' }],
  labels: [
    { shape: [4, 1], dtype: 'float32' },
    { shape: [4], dtype: 'float32' },
  ],
  loss: (ops, logits, [targets, weights]) => binaryCrossEntropy(ops, logits, targets, { weights }),
  rule: { kind: 'cut' },
  ...changes,
});

describe('a private step', () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await openBackend('onnxruntime');
  });
  afterAll(() => backend.dispose());

  const features = Float32Array.of(1, 2, -1, 1, 2, -1, 0, 1, 1, 0, 1, 1);

  test('refuses a layer that mixes users, with its reason, wherever it stands; plain training takes it', async () => {
    const output = dense({ name: 'output', inputs: 3, units: 1 });
    const models = [
      sequential([centred, output]),
      sequential([sequential([centred]), output]),
      sequential([addUp([select([0], centred), dense({ name: 'a', inputs: 3, units: 3 })]), output]),
      sequential([concatenate([centred]), output]),
    ];
    for (const model of models) expect(() => privateStep(stepOf(model))).toThrow(/one user depend on the others/);
    const { graph, inputs } = trainingStep(stepOf(models[0]));
    const executable = await backend.compile(graph, inputs);
    const [gradient] = await executable.run([
      new Float32Array(4),
      features,
      Float32Array.of(1, 0, 1, 0),
      Float32Array.of(1, 1, 1, 1),
    ]);
    await executable.dispose();
    expect(gradient.every(Number.isFinite)).toBe(true);
  });

  test('keeps a user short whose rows cancel: they count by their own lengths too', async () => {
    const { graph, inputs } = privateStep(
      stepOf(dense({ name: 'output', inputs: 3, units: 1 }), { unitRows: 2, rule: { kind: 'cut' } }),
    );
    const executable = await backend.compile(graph, inputs);
    // The first user's rows are one and the same with both answers: gradients −.3 and .2 times (row, 1), of length √7.
    const limits = new Float32Array(2);
    fillLimits(limits, 1, 0.05 * Math.sqrt(7));
    const [sum] = await executable.run([
      new Float32Array(4),
      features,
      Float32Array.of(1, 0, 0, 0),
      Float32Array.of(0.6, 0.4, 0.5, 0.5),
      limits,
    ]);
    await executable.dispose();
    // By its norm the sum, −.1 times (row, 1), would be halved; its rows are .5 long together, and may be 2 bounds long.
    [1, 2, -1, 1].forEach((value, index) => {
      expect(sum[index]).toBeCloseTo(-0.1 * 0.2 * value, 6);
    });
  });
});

const sequenceOf = { length: 6, inputs: 5 };
const MODELS: readonly { name: string; width: number; model: Layer }[] = [
  {
    name: 'dense layers',
    width: 37,
    model: sequential([
      dense({ name: 'a', inputs: 37, units: 50, activation: 'relu' }),
      dense({ name: 'b', inputs: 50, units: 3 }),
    ]),
  },
  {
    name: 'a convolution',
    width: 30,
    model: sequential([
      conv1d({ name: 'a', ...sequenceOf, filters: 20, kernel: 3, activation: 'relu' }),
      pool({ length: sequenceOf.length }),
      dense({ name: 'b', inputs: 60, units: 3 }),
    ]),
  },
  {
    name: 'a recurrent layer',
    width: 30,
    model: sequential([gru({ name: 'a', ...sequenceOf, units: 20 }), dense({ name: 'b', inputs: 20, units: 3 })]),
  },
];

describe.each(['onnxruntime', 'wasm', 'cpu'] as const)('on %s', (name) => {
  test.each(
    MODELS,
  )('the clipped gradient of a user of $name is the same to the bit in every place of every graph', async ({
    width,
    model,
  }) => {
    const backend = await openBackend(name);
    const random = createRandom(5);
    const weights = Float32Array.from({ length: manifestOf(model).size }, () => random.normal() / 4);
    const user = Float32Array.from({ length: width }, random.normal);
    const sums: Float32Array[] = [];
    for (const [rows, blocks, places] of [
      [2, 1, [0, 1]],
      [64, 1, [0, 1, 30, 63]],
      [256, 1, [7, 255]],
      [1024, 8, [0, 500, 1023]],
    ] as const) {
      const { graph, inputs } = privateStep({
        model,
        rows,
        blocks,
        unitRows: 1,
        positionsMade: true,
        features: [{ shape: [rows, width], dtype: 'float32' }],
        labels: [
          { shape: [rows], dtype: 'int32' },
          { shape: [rows], dtype: 'float32' },
        ],
        loss: (ops, logits, [targets, each]) => softmaxCrossEntropy(ops, logits, targets, { weights: each }),
        rule: { kind: 'cut' },
      });
      const executable = await backend.compile(graph, inputs);
      for (const place of places) {
        const features = Float32Array.from({ length: rows * width }, random.normal);
        features.set(user, place * width);
        const limits = new Float32Array(rows);
        limits[place] = 0.09;
        const ones = new Float32Array(rows).fill(1);
        const targets = new Int32Array(rows).fill(2);
        const [sum] = await executable.run([weights, features, targets, ones, limits]);
        sums.push(sum);
      }
      await executable.dispose();
    }
    await backend.dispose();
    expect(sums[0].some((value) => value !== 0)).toBe(true);
    for (const sum of sums) expect(sum).toEqual(sums[0]);
  });
});
