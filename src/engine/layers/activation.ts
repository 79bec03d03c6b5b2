import type { Ops, Tensor } from '../ops/ops.js';
import type { Layer } from './layer.js';

export type Activation = 'linear' | 'relu' | 'tanh' | 'sigmoid';

interface Rule {
  apply(ops: Ops, input: Tensor): Tensor;
  /** Gradient by the input; all of these can be had from the output. */
  derive(ops: Ops, output: Tensor, delta: Tensor): Tensor;
}

const one = (ops: Ops): Tensor => ops.constant([1], []);

export const ACTIVATIONS: Readonly<Record<Activation, Rule>> = {
  linear: { apply: (_, input) => input, derive: (_ops, _output, delta) => delta },
  relu: {
    apply: (ops, input) => ops.relu(input),
    derive: (ops, output, delta) => ops.mul(delta, ops.greater(output, ops.constant([0], []))),
  },
  tanh: {
    apply: (ops, input) => ops.tanh(input),
    derive: (ops, output, delta) => ops.mul(delta, ops.sub(one(ops), ops.square(output))),
  },
  sigmoid: {
    apply: (ops, input) => ops.sigmoid(input),
    derive: (ops, output, delta) => ops.mul(delta, ops.mul(output, ops.sub(one(ops), output))),
  },
};

/** An activation as a layer of its own, of any shape; dense() has one built in. */
export function activation(kind: Activation): Layer {
  const rule = ACTIVATIONS[kind];
  return {
    parameters: [],
    masks: [],
    forward(ops, _parameters, [input]) {
      const output = rule.apply(ops, input);
      return { output, backward: (delta) => ({ input: () => rule.derive(ops, output, delta), gradients: [] }) };
    },
  };
}
