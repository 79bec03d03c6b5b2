import { addUp, part, sequential } from '../../../src/engine/layers/compose.js';
import { conv1d } from '../../../src/engine/layers/conv1d.js';
import { dense } from '../../../src/engine/layers/dense.js';
import { gru } from '../../../src/engine/layers/gru.js';
import { pool } from '../../../src/engine/layers/pool.js';
import type { LayerCase, Weights } from './layer-cases.js';
import { floats } from './op-cases.js';

const sequence = floats([6, 8]);
const wide = floats([6, 16]);

/** rows of (length · inputs) through one filter bank, each output position written out. */
function convolved(
  rows: readonly number[],
  length: number,
  kernel: number,
  weight: readonly number[],
  bias: readonly number[],
): number[] {
  const filters = bias.length;
  const inputs = weight.length / kernel / filters;
  return Array.from({ length: rows.length / inputs }, (_, at) => {
    const row = Math.floor(at / length);
    const position = at % length;
    return bias.map((start, filter) => {
      let sum = start;
      for (let tap = 0; tap < kernel; tap++) {
        const read = position + tap - (kernel - 1) / 2;
        if (read < 0 || read >= length) continue;
        for (let k = 0; k < inputs; k++)
          sum += rows[(row * length + read) * inputs + k] * weight[(tap * inputs + k) * filters + filter];
      }
      return sum;
    });
  }).flat();
}

const sigma = (value: number): number => 1 / (1 + Math.exp(-value));

function recurrent(rows: readonly number[], length: number, inputs: number, units: number, w: Weights): number[] {
  const [weight, bias, across, offset] = ['weight', 'bias', 'recurrent', 'recurrent_bias'].map((part) =>
    w(`g.${part}`),
  );
  const product = (vector: readonly number[], matrix: readonly number[], column: number) =>
    vector.reduce((sum, value, k) => sum + value * matrix[k * 3 * units + column], 0);
  return Array.from({ length: rows.length / length / inputs }, (_, row) => {
    let state = new Array<number>(units).fill(0);
    for (let place = 0; place < length; place++) {
      const from = (row * length + place) * inputs;
      const x = rows.slice(from, from + inputs);
      const before = state;
      state = before.map((value, unit) => {
        const [z, r] = [unit, units + unit].map((column) =>
          sigma(product(x, weight, column) + bias[column] + product(before, across, column) + offset[column]),
        );
        const last = 2 * units + unit;
        const recalled = product(before, across, last) + offset[last];
        const candidate = Math.tanh(product(x, weight, last) + bias[last] + r * recalled);
        return z * value + (1 - z) * candidate;
      });
    }
    return state;
  }).flat();
}

/** Maximum, mean and last of each value over the positions of each row. */
function pooled(rows: readonly number[], length: number, width: number): number[] {
  return Array.from({ length: rows.length / length / width }, (_, row) => {
    const at = (position: number, k: number) => rows[(row * length + position) * width + k];
    const over = Array.from({ length: width }, (_, k) => Array.from({ length }, (_, position) => at(position, k)));
    return [
      ...over.map((values) => Math.max(...values)),
      ...over.map((values) => values.reduce((sum, value) => sum + value, 0) / length),
      ...over.map((values) => values[length - 1]),
    ];
  }).flat();
}

export const SEQUENCE_LAYERS: readonly LayerCase[] = [
  {
    name: 'convolution over positions',
    layer: conv1d({ name: 'c', length: 4, inputs: 2, filters: 2, kernel: 3 }),
    inputs: [sequence],
    formula: (w) => convolved(sequence.values, 4, 3, w('c.weight'), w('c.bias')),
  },
  {
    name: 'convolution with many filters',
    layer: conv1d({ name: 'c', length: 4, inputs: 4, filters: 8, kernel: 3, activation: 'relu' }),
    inputs: [wide],
    formula: (w) => convolved(wide.values, 4, 3, w('c.weight'), w('c.bias')).map((value) => Math.max(0, value)),
  },
  {
    name: 'two convolutions and a dense layer',
    layer: sequential([
      conv1d({ name: 'c', length: 8, inputs: 1, filters: 3, kernel: 5, activation: 'tanh' }),
      conv1d({ name: 'c2', length: 8, inputs: 3, filters: 2, kernel: 1 }),
      dense({ name: 'd', inputs: 16, units: 1 }),
    ]),
    inputs: [sequence],
    formula(w) {
      const first = convolved(sequence.values, 8, 5, w('c.weight'), w('c.bias')).map(Math.tanh);
      const second = convolved(first, 8, 1, w('c2.weight'), w('c2.bias'));
      return Array.from({ length: 6 }, (_, row) =>
        w('d.weight').reduce((sum, value, at) => sum + value * second[row * 16 + at], w('d.bias')[0]),
      );
    },
  },
  {
    name: 'a recurrent layer of few units',
    layer: gru({ name: 'g', length: 4, inputs: 2, units: 2 }),
    inputs: [sequence],
    formula: (w) => recurrent(sequence.values, 4, 2, 2, w),
  },
  {
    name: 'a recurrent layer of more units',
    layer: gru({ name: 'g', length: 2, inputs: 4, units: 5 }),
    inputs: [sequence],
    formula: (w) => recurrent(sequence.values, 2, 4, 5, w),
  },
  {
    name: 'pooling over positions',
    layer: pool({ length: 4 }),
    inputs: [sequence],
    formula: () => pooled(sequence.values, 4, 2),
  },
  {
    name: 'pooling of one position',
    layer: pool({ length: 1 }),
    inputs: [sequence],
    formula: () => pooled(sequence.values, 1, 8),
  },
  {
    name: 'a layer over a part of the row, beside one over the rest',
    layer: addUp([
      part(0, 2, dense({ name: 'first', inputs: 2, units: 3 })),
      part(2, 6, sequential([pool({ length: 3 }), dense({ name: 'second', inputs: 6, units: 3, bias: false })])),
    ]),
    inputs: [sequence],
    formula: (w) =>
      Array.from({ length: 6 }, (_, row) => {
        const own = sequence.values.slice(row * 8, row * 8 + 8);
        const rest = pooled(own.slice(2), 3, 2);
        return w('first.bias').map(
          (start, unit) =>
            start +
            own.slice(0, 2).reduce((sum, value, k) => sum + value * w('first.weight')[k * 3 + unit], 0) +
            rest.reduce((sum, value, k) => sum + value * w('second.weight')[k * 3 + unit], 0),
        );
      }).flat(),
  },
];
