import type { GraphFunction } from '../../../src/engine/backends/backend.js';
import { type Activation, activation } from '../../../src/engine/layers/activation.js';
import { separateDense, sharedDense } from '../../../src/engine/layers/batch-ensemble.js';
import { addUp, concatenate, select, sequential } from '../../../src/engine/layers/compose.js';
import { dense } from '../../../src/engine/layers/dense.js';
import { dropout, fillMask } from '../../../src/engine/layers/dropout.js';
import { embedding, embeddingBag } from '../../../src/engine/layers/embedding.js';
import { embeddingColumns } from '../../../src/engine/layers/embedding-columns.js';
import { fixed } from '../../../src/engine/layers/fixed.js';
import { trainingStep } from '../../../src/engine/layers/graphs.js';
import type { Layer, LayerContext } from '../../../src/engine/layers/layer.js';
import { layerNorm } from '../../../src/engine/layers/layer-norm.js';
import { softmaxCrossEntropy } from '../../../src/engine/layers/losses.js';
import { flattenGradients, manifestOf, sliceParameters } from '../../../src/engine/layers/parameters.js';
import { createRandom } from '../../../src/engine/layers/random.js';
import type { Ops, Tensor } from '../../../src/engine/ops/ops.js';
import { answers, open, rowWeights } from './loss-cases.js';
import { type Case, floats, integers } from './op-cases.js';
import { type Data, differentiate, runReference } from './reference-ops.js';

const generator = createRandom(7);

export type Weights = (name: string) => readonly number[];

export interface LayerCase {
  readonly name: string;
  readonly layer: Layer;
  readonly inputs: readonly Data[];
  readonly training?: boolean;
  readonly masks?: readonly Data[];
  /** Places of float inputs that have no gradient. */
  readonly constants?: readonly number[];
  /** The forward pass again, written out for this case. */
  formula(weights: Weights): number[];
}

export function layerCase({
  name,
  layer,
  inputs,
  formula,
  training = false,
  masks = [],
  constants = [],
}: LayerCase): Case {
  const manifest = manifestOf(layer);
  // A stream for each case: one more case changes no other's numbers.
  const own = generator.fork(name);
  const flat = floats([Math.max(1, manifest.size)], () => 0.5 * own.normal());
  const weights: Weights = (wanted) => {
    const entry = manifest.entries.find((candidate) => candidate.name === wanted);
    if (!entry) throw new Error(`no parameter ${wanted}`);
    return flat.values.slice(entry.offset, entry.offset + entry.shape.reduce((a, b) => a * b, 1));
  };
  const contextOf = (tensors: readonly Tensor[]): LayerContext => ({
    training,
    mask: (wanted) => tensors[layer.masks.findIndex((mask) => mask.name === wanted)],
  });
  const forward = (ops: Ops, [parameters, ...rest]: readonly Tensor[]) =>
    layer.forward(
      ops,
      sliceParameters(ops, parameters, manifest),
      rest.slice(0, inputs.length),
      contextOf(rest.slice(inputs.length)),
    );
  const all = [flat, ...inputs, ...masks];
  const output: GraphFunction = (ops, tensors) => [forward(ops, tensors).output];
  const rows = runReference(output, all)[0].length;
  const direction = floats([rows], () => own.normal());
  const along = ([values]: number[][]): number =>
    values.reduce((sum, value, index) => sum + value * direction.values[index], 0);
  const floating = inputs.flatMap(({ dtype }, index) =>
    dtype === 'float32' && !constants.includes(index) ? [index] : [],
  );
  return {
    name,
    inputs: [direction, ...all],
    graph(ops, [delta, ...tensors]) {
      const pass = forward(ops, tensors);
      const back = pass.backward(ops.reshape(delta, pass.output.shape));
      const terms = back.gradients.flatMap((term) => term.sum());
      const gradients = manifest.size > 0 ? [flattenGradients(ops, terms, manifest)] : [];
      return [pass.output, ...gradients, ...floating.map((index) => back.input(index) as Tensor)];
    },
    expected: () => [
      formula(weights),
      ...(manifest.size > 0 ? [differentiate(output, all, 0, along)] : []),
      ...floating.map((index) => differentiate(output, all, index + 1, along)),
    ],
  };
}

/** rows × inputs · weight + bias, each row through `after`. */
function affine(
  input: readonly number[],
  weight: readonly number[],
  bias: readonly number[],
  after = (value: number) => value,
): number[] {
  const width = weight.length / bias.length;
  return Array.from({ length: input.length / width }, (_, row) =>
    bias.map((start, unit) => {
      let sum = start;
      for (let k = 0; k < width; k++) sum += input[row * width + k] * weight[k * bias.length + unit];
      return after(sum);
    }),
  ).flat();
}

/** The sum of each row's vectors; −1 is none. */
function bag(
  ids: readonly number[],
  slots: number,
  table: readonly number[],
  width: number,
  weights?: readonly number[],
): number[] {
  return Array.from({ length: ids.length / slots }, (_, row) =>
    Array.from({ length: width }, (_, column) => {
      let sum = 0;
      for (let slot = row * slots; slot < (row + 1) * slots; slot++)
        if (ids[slot] >= 0) sum += (weights?.[slot] ?? 1) * table[ids[slot] * width + column];
      return sum;
    }),
  ).flat();
}

const ACTIVATION: Record<Activation, (value: number) => number> = {
  linear: (value) => value,
  relu: (value) => Math.max(0, value),
  tanh: Math.tanh,
  sigmoid: (value) => 1 / (1 + Math.exp(-value)),
};
const ACTIVATIONS = Object.keys(ACTIVATION) as Activation[];

/** Rows of networks in one, one after the other: each with scales and a bias of its own around the shared weights. */
function networksInOne(rows: readonly (readonly number[])[], w: Weights, name: string, kind: Activation): number[] {
  const width = rows[0].length;
  const units = w(`${name}.weight`).length / width;
  const networks = w(`${name}.in`).length / width;
  return rows.flatMap((row, at) => {
    const own = (part: string, size: number) =>
      w(`${name}.${part}`).slice((at % networks) * size, ((at % networks) + 1) * size);
    const scaled = row.map((value, input) => value * own('in', width)[input]);
    const product = affine(scaled, w(`${name}.weight`), new Array(units).fill(0));
    return product.map((value, unit) => ACTIVATION[kind](value * own('out', units)[unit] + own('bias', units)[unit]));
  });
}

const rowsOf = (values: readonly number[], width: number): number[][] =>
  Array.from({ length: values.length / width }, (_, row) => values.slice(row * width, (row + 1) * width));

function normalised(values: readonly number[], gain: readonly number[], bias: readonly number[]): number[] {
  return rowsOf(values, gain.length).flatMap((row) => {
    const mean = row.reduce((a, b) => a + b) / row.length;
    const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / row.length;
    return row.map((value, column) => ((value - mean) / Math.sqrt(variance + 1e-5)) * gain[column] + bias[column]);
  });
}

export const x = floats([6, 5]);
const ids = integers([6, 4], -1, 7);
// Duplicates in a row, an empty row, a full one.
export const products = { ...ids, values: ids.values.with(0, 3).with(1, 3).fill(-1, 4, 8).fill(6, 8, 12) };
const amounts = floats([6, 4]);
/** Ids of columns of 7, 2 and 7; −1 is none. */
const columns: Data = {
  ...integers([6, 3], -1, 7),
  values: [0, 1, 6, 3, 0, 3, -1, 1, 3, 3, -1, -1, 6, 1, 0, 2, 0, 2],
};
const randomMask = new Float32Array(30);
fillMask(randomMask, { rate: 0.4 }, generator);
export const mask: Data = { shape: [6, 5], dtype: 'float32', values: [...randomMask] };
const ofNetworks = new Float32Array(36);
fillMask(ofNetworks, { rate: 0.4 }, generator.fork('networks'));
const networksMask: Data = { shape: [6, 6], dtype: 'float32', values: [...ofNetworks] };

const shared = embeddingBag({ name: 'e', rows: 7, width: 3, slots: 4 });
const dropped = (after: Layer[] = []) => sequential([dropout({ name: 'drop', width: 5, rate: 0.4 }), ...after]);

export const LAYERS: readonly LayerCase[] = [
  ...ACTIVATIONS.map(
    (kind): LayerCase => ({
      name: `dense, ${kind}`,
      layer: dense({ name: 'd', inputs: 5, units: 3, activation: kind }),
      inputs: [x],
      formula: (w) => affine(x.values, w('d.weight'), w('d.bias'), ACTIVATION[kind]),
    }),
  ),
  {
    name: 'dense without bias',
    layer: dense({ name: 'd', inputs: 5, units: 3, bias: false }),
    inputs: [x],
    formula: (w) => affine(x.values, w('d.weight'), [0, 0, 0]),
  },
  {
    name: 'the first layer of networks in one',
    layer: sharedDense({ name: 's', inputs: 5, units: 2, networks: 3, first: true, activation: 'tanh' }),
    inputs: [x],
    formula: (w) =>
      networksInOne(
        rowsOf(x.values, 5).flatMap((row) => [row, row, row]),
        w,
        's',
        'tanh',
      ),
  },
  {
    name: 'networks in one, with dropout',
    layer: sequential([
      sharedDense({ name: 's', inputs: 5, units: 4, networks: 3, first: true, activation: 'tanh' }),
      sharedDense({ name: 't', inputs: 4, units: 2, networks: 3, activation: 'sigmoid', rate: 0.4 }),
      separateDense({ name: 'o', inputs: 2, units: 2, networks: 3 }),
    ]),
    inputs: [x],
    masks: [networksMask],
    training: true,
    formula(w) {
      const first = networksInOne(
        rowsOf(x.values, 5).flatMap((row) => [row, row, row]),
        w,
        's',
        'tanh',
      );
      const second = networksInOne(rowsOf(first, 4), w, 't', 'sigmoid');
      const dropped = second.map((value, at) => value * networksMask.values[at]);
      return rowsOf(dropped, 2).flatMap((row, at) => {
        const network = at % 3;
        const weight = w('o.weight').slice(network * 4, (network + 1) * 4);
        return affine(row, weight, w('o.bias').slice(network * 2, (network + 1) * 2));
      });
    },
  },
  {
    name: 'a fixed matrix after a dense layer',
    layer: sequential([
      dense({ name: 'd', inputs: 5, units: 2, bias: false }),
      fixed({ values: Float32Array.of(0.5, -1, 2, 0.25, 0, 1.5), inputs: 2, units: 3 }),
    ]),
    inputs: [x],
    formula(w) {
      const inner = affine(x.values, w('d.weight'), [0, 0]);
      // Weights of a dense layer are (inputs, units).
      return affine(inner, [0.5, 2, 0, -1, 0.25, 1.5], [0, 0, 0]);
    },
  },
  ...ACTIVATIONS.map(
    (kind): LayerCase => ({
      name: `activation ${kind}`,
      layer: activation(kind),
      inputs: [x],
      formula: () => x.values.map(ACTIVATION[kind]),
    }),
  ),
  {
    name: 'embedding',
    layer: embedding({ name: 'e', rows: 7, width: 3 }),
    inputs: [{ ...ids, shape: [24] }],
    formula: (w) => bag(ids.values, 1, w('e.table'), 3),
  },
  {
    name: 'embedding bag',
    layer: embeddingBag({ name: 'e', rows: 7, width: 3, slots: 4 }),
    inputs: [products],
    formula: (w) => bag(products.values, 4, w('e.table'), 3),
  },
  {
    name: 'embedding in a large table',
    layer: embedding({ name: 'e', rows: 40, width: 2 }),
    inputs: [{ ...ids, shape: [24] }],
    formula: (w) => bag(ids.values, 1, w('e.table'), 2),
  },
  {
    name: 'embedding bag over a large table',
    layer: embeddingBag({ name: 'e', rows: 130, width: 2, slots: 4, weighted: true }),
    inputs: [products, amounts],
    constants: [1],
    formula: (w) => bag(products.values, 4, w('e.table'), 2, amounts.values),
  },
  {
    name: 'weighted embedding bag',
    layer: embeddingBag({ name: 'e', rows: 7, width: 3, slots: 4, weighted: true }),
    inputs: [products, amounts],
    constants: [1],
    formula: (w) => bag(products.values, 4, w('e.table'), 3, amounts.values),
  },
  {
    name: 'embedding of several columns',
    layer: embeddingColumns({ name: 'e', rows: [7, 2, 7], width: 3 }),
    inputs: [columns],
    formula: (w) => columns.values.flatMap((id, at) => bag([id < 0 ? -1 : id + [0, 7, 9][at % 3]], 1, w('e.table'), 3)),
  },
  {
    name: 'dropout in training',
    layer: dropped(),
    inputs: [x],
    masks: [mask],
    training: true,
    formula: () => x.values.map((value, index) => value * mask.values[index]),
  },
  { name: 'dropout in scoring', layer: dropped(), inputs: [x], formula: () => [...x.values] },
  {
    name: 'layer normalisation',
    layer: layerNorm({ name: 'n', width: 5 }),
    inputs: [x],
    formula: (w) => normalised(x.values, w('n.gain'), w('n.bias')),
  },
  {
    name: 'a sequence with dropout',
    layer: dropped([dense({ name: 'd', inputs: 5, units: 6, activation: 'tanh' }), layerNorm({ name: 'n', width: 6 })]),
    inputs: [x],
    masks: [mask],
    training: true,
    formula: (w) =>
      normalised(
        affine(
          x.values.map((value, index) => value * mask.values[index]),
          w('d.weight'),
          w('d.bias'),
          Math.tanh,
        ),
        w('n.gain'),
        w('n.bias'),
      ),
  },
  {
    name: 'wide and deep, over features and products',
    layer: addUp([
      select([0], dense({ name: 'wide', inputs: 5, units: 2 })),
      sequential([
        concatenate([
          select([1], embeddingBag({ name: 'e', rows: 7, width: 3, slots: 4 })),
          select([0], activation('linear')),
        ]),
        dense({ name: 'deep', inputs: 8, units: 2, activation: 'sigmoid' }),
      ]),
    ]),
    inputs: [x, products],
    formula(w) {
      const bags = rowsOf(bag(products.values, 4, w('e.table'), 3), 3);
      const joined = rowsOf(x.values, 5).flatMap((row, index) => [...bags[index], ...row]);
      const deep = affine(joined, w('deep.weight'), w('deep.bias'), ACTIVATION.sigmoid);
      return affine(x.values, w('wide.weight'), w('wide.bias')).map((value, index) => value + deep[index]);
    },
  },
  {
    name: 'a table used twice',
    layer: addUp([0, 1].map((place) => select([place], shared))),
    inputs: [products, ids],
    formula(w) {
      const second = bag(ids.values, 4, w('e.table'), 3);
      return bag(products.values, 4, w('e.table'), 3).map((value, index) => value + second[index]);
    },
  },
];

export const model = addUp([
  select([0], dense({ name: 'wide', inputs: 5, units: 4 })),
  sequential([
    concatenate([
      select([0], activation('linear')),
      select([1], embeddingBag({ name: 'products', rows: 7, width: 3, slots: 4 })),
    ]),
    dense({ name: 'deep.0', inputs: 8, units: 5, activation: 'relu' }),
    layerNorm({ name: 'norm', width: 5 }),
    dropout({ name: 'deep.0.dropout', width: 5, rate: 0.4 }),
    dense({ name: 'deep.1', inputs: 5, units: 4 }),
  ]),
]);

/** A whole step of training, as models take it: parameters in, one flat gradient and the loss out. */
export const STEP: Case = (() => {
  const { graph, inputs } = trainingStep({
    model,
    rows: 6,
    features: [x, products],
    labels: [answers, rowWeights, open],
    loss: (ops, z, [targets, weights, classes]) => softmaxCrossEntropy(ops, z, targets, { weights, classes }),
  });
  const flat = floats(inputs[0].shape, () => 0.5 * generator.normal());
  const data = [flat, x, products, mask, answers, rowWeights, open];
  return {
    name: 'a whole training step',
    graph,
    inputs: data,
    expected: () => [differentiate(graph, data, 0, ([, [total]]) => total), runReference(graph, data)[1]],
  };
})();

export const LAYER_CASES: readonly Case[] = [...LAYERS.map(layerCase), STEP];
