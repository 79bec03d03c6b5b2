import type { Layer } from './layer.js';
import { rowTerm } from './terms.js';

export interface LayerNormOptions {
  readonly name: string;
  readonly width: number;
  /** Added to the variance. */
  readonly epsilon?: number;
}

/** (rows, width) → each row less its mean, over its standard deviation, times gain plus bias. */
export function layerNorm({ name, width, epsilon = 1e-5 }: LayerNormOptions): Layer {
  const gain = { name: `${name}.gain`, shape: [width], initialiser: 'ones' as const };
  const bias = { name: `${name}.bias`, shape: [width], initialiser: 'zeros' as const };
  return {
    parameters: [gain, bias],
    masks: [],
    forward(ops, parameters, [input]) {
      const scale = parameters.get(gain.name);
      const centred = ops.sub(input, ops.mean(input, [1], true));
      const variance = ops.mean(ops.square(centred), [1], true);
      const inverse = ops.reciprocal(ops.sqrt(ops.add(variance, ops.constant([epsilon], []))));
      const normal = ops.mul(centred, inverse);
      return {
        output: ops.add(ops.mul(normal, scale), parameters.get(bias.name)),
        backward: (delta) => ({
          input() {
            const scaled = ops.mul(delta, scale);
            const along = ops.mul(normal, ops.mean(ops.mul(scaled, normal), [1], true));
            return ops.mul(inverse, ops.sub(ops.sub(scaled, ops.mean(scaled, [1], true)), along));
          },
          gradients: [
            rowTerm(ops, [
              { name: gain.name, value: ops.mul(delta, normal) },
              { name: bias.name, value: delta },
            ]),
          ],
        }),
      };
    },
  };
}
