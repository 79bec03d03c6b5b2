import { ACTIVATIONS, type Activation } from './activation.js';
import type { Initialiser, Layer } from './layer.js';
import { productTerm } from './product-term.js';

export interface DenseOptions {
  readonly name: string;
  /** Width of a row that comes in. */
  readonly inputs: number;
  /** Width of a row that goes out. */
  readonly units: number;
  readonly activation?: Activation;
  readonly initialiser?: Initialiser;
  readonly bias?: boolean;
}

/** (rows, inputs) → (rows, units): activation(input · weight + bias). */
export function dense(options: DenseOptions): Layer {
  const { name, inputs: width, units, activation = 'linear', bias = true } = options;
  const initialiser = options.initialiser ?? (activation === 'relu' ? 'he' : 'glorot');
  const rule = ACTIVATIONS[activation];
  const weight = { name: `${name}.weight`, shape: [width, units], initialiser };
  const offset = { name: `${name}.bias`, shape: [units], initialiser: 'zeros' as const };
  return {
    parameters: bias ? [weight, offset] : [weight],
    masks: [],
    forward(ops, parameters, [input]) {
      const kernel = parameters.get(weight.name);
      const output = rule.apply(
        ops,
        ops.matMul(input, kernel, { plus: bias ? parameters.get(offset.name) : undefined }),
      );
      return {
        output,
        backward(delta) {
          const inner = rule.derive(ops, output, delta);
          return {
            input: () => ops.matMul(inner, kernel, { transposeB: true }),
            gradients: [
              productTerm(ops, {
                products: [{ weight: weight.name, bias: bias ? offset.name : undefined, input, delta: inner }],
              }),
            ],
          };
        },
      };
    },
  };
}
