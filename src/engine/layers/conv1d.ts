import type { Ops, Tensor } from '../ops/ops.js';
import { ACTIVATIONS, type Activation } from './activation.js';
import type { Initialiser, Layer } from './layer.js';
import { productTerm } from './product-term.js';
import { positionsOf } from './sequence.js';

export interface Conv1dOptions {
  readonly name: string;
  /** Positions of the sequence that comes in, and of the one that goes out. */
  readonly length: number;
  /** Width of a position that comes in. */
  readonly inputs: number;
  /** Width of a position that goes out. */
  readonly filters: number;
  /** Positions that a filter reads; odd. Beyond the ends it reads zeros. */
  readonly kernel: number;
  readonly activation?: Activation;
  readonly initialiser?: Initialiser;
}

/** Convolution over positions: (rows, length · inputs) → (rows, length · filters), at each position activation(window · weight + bias). */
export function conv1d(options: Conv1dOptions): Layer {
  const { name, length, inputs, filters, kernel, activation = 'linear' } = options;
  const initialiser = options.initialiser ?? (activation === 'relu' ? 'he' : 'glorot');
  const rule = ACTIVATIONS[activation];
  const width = kernel * inputs;
  const weight = { name: `${name}.weight`, shape: [width, filters], initialiser };
  const bias = { name: `${name}.bias`, shape: [filters], initialiser: 'zeros' as const };
  return {
    parameters: [weight, bias],
    masks: [],
    rowValues: length * kernel * Math.max(inputs, filters),
    forward(ops, parameters, [input]) {
      const [rows] = input.shape;
      const filter = parameters.get(weight.name);
      const columns = windows(ops, positionsOf(ops, input, length), kernel);
      const flat = ops.matMul(columns, filter, { plus: parameters.get(bias.name) });
      const output = rule.apply(ops, flat);
      return {
        output: ops.reshape(output, [rows, length * filters]),
        backward(delta) {
          const inner = rule.derive(ops, output, ops.reshape(delta, [rows * length, filters]));
          return {
            input() {
              // A window's part of an input position comes from the output position as far on the other side: the filter, turned round.
              const around = windows(ops, ops.reshape(inner, [rows, length, filters]), kernel);
              return ops.reshape(ops.matMul(around, turned(ops, filter, kernel)), [rows, length * inputs]);
            },
            gradients: [
              productTerm(ops, {
                products: [{ weight: weight.name, bias: bias.name, input: columns, delta: inner }],
                positions: length,
              }),
            ],
          };
        },
      };
    },
  };
}

/** (rows, length, width) → (rows · length, kernel · width): what lies around each position, with zeros beyond the ends. */
function windows(ops: Ops, sequence: Tensor, kernel: number): Tensor {
  const [rows, length, width] = sequence.shape;
  return ops.reshape(kernel === 1 ? sequence : ops.windows(sequence, kernel), [rows * length, kernel * width]);
}

/** (kernel · inputs, filters) → (kernel · filters, inputs), its positions in reverse. */
function turned(ops: Ops, filter: Tensor, kernel: number): Tensor {
  const [width, filters] = filter.shape;
  const inputs = width / kernel;
  const taps = Array.from({ length: kernel }, (_, at) =>
    ops.transpose(ops.slice(filter, [(kernel - 1 - at) * inputs, 0], [inputs, filters]), [1, 0]),
  );
  return kernel === 1 ? taps[0] : ops.concat(taps, 0);
}
