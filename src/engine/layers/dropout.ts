import type { Layer, MaskSpec } from './layer.js';
import type { Random } from './random.js';

export interface DropoutOptions {
  readonly name: string;
  readonly width: number;
  readonly rate: number;
}

/** (rows, width) → the same times a mask in training, unchanged otherwise. Masks are inputs of the graph: see fillMask. */
export function dropout({ name, width, rate }: DropoutOptions): Layer {
  if (rate === 0) return identity;
  return {
    parameters: [],
    masks: [{ name, width, rate }],
    forward(ops, parameters, inputs, context) {
      if (!context.training) return identity.forward(ops, parameters, inputs, context);
      const mask = context.mask(name);
      return {
        output: ops.mul(inputs[0], mask),
        backward: (delta) => ({ input: () => ops.mul(delta, mask), gradients: [] }),
      };
    },
  };
}

const identity: Layer = {
  parameters: [],
  masks: [],
  forward: (_ops, _parameters, [input]) => ({
    output: input,
    backward: (delta) => ({ input: () => delta, gradients: [] }),
  }),
};

/**
 * Draws a mask in place, 16 bits a value: 0 where dropped, 1 / (1 − rate) elsewhere. Drawn outside the graph, it is the
 * same on every backend. The rate is rounded to a 65,536th, and the mask's mean is exactly 1 for the rounded rate.
 */
export function fillMask(mask: Float32Array, { rate }: Pick<MaskSpec, 'rate'>, random: Random): void {
  const dropped = Math.round(rate * 65_536);
  const kept = 65_536 / (65_536 - dropped);
  for (let index = 0; index < mask.length; index += 2) {
    const bits = random.uint32();
    mask[index] = bits >>> 16 < dropped ? 0 : kept;
    // Beyond the end of an odd mask this writes nothing.
    mask[index + 1] = (bits & 0xffff) < dropped ? 0 : kept;
  }
}
