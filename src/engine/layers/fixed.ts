import type { Layer } from './layer.js';

export interface FixedOptions {
  /** (units × inputs), row by row: what each output is made of. */
  readonly values: Float32Array;
  readonly inputs: number;
  readonly units: number;
}

/** (rows, inputs) → (rows, units) by a matrix that is given and not learnt. */
export function fixed({ values, inputs, units }: FixedOptions): Layer {
  return {
    parameters: [],
    masks: [],
    forward(ops, _parameters, [input]) {
      const matrix = ops.constant(values, [units, inputs]);
      return {
        output: ops.matMul(input, matrix, { transposeB: true }),
        backward: (delta) => ({ input: () => ops.matMul(delta, matrix), gradients: [] }),
      };
    },
  };
}
