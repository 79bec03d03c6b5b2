import type { InputSpec } from '../../backends/backend.js';
import { sequential } from '../../layers/compose.js';
import { dense } from '../../layers/dense.js';
import type { Computation } from '../../layers/graphs.js';
import type { Layer, LayerContext } from '../../layers/layer.js';
import { softmaxCrossEntropy } from '../../layers/losses.js';
import { flattenGradients, manifestOf, type ParameterManifest, sliceParameters } from '../../layers/parameters.js';
import type { Tensor } from '../../ops/ops.js';

export interface VaeShape {
  readonly products: number;
  readonly hidden: number;
  readonly latent: number;
}

export interface VaeNetwork {
  /** (rows, products) → (rows, 2 · latent): mean and log variance. */
  readonly encoder: Layer;
  /** (rows, latent) → (rows, products). */
  readonly decoder: Layer;
  readonly parameters: Layer['parameters'];
  /** Of both. */
  readonly manifest: ParameterManifest;
}

export function vaeNetwork({ products, hidden, latent }: VaeShape): VaeNetwork {
  const encoder = sequential([
    dense({ name: 'encoder.hidden', inputs: products, units: hidden, activation: 'tanh', initialiser: 'glorot' }),
    dense({ name: 'encoder.latent', inputs: hidden, units: 2 * latent, initialiser: 'glorot' }),
  ]);
  const decoder = sequential([
    dense({ name: 'decoder.hidden', inputs: latent, units: hidden, activation: 'tanh', initialiser: 'glorot' }),
    dense({ name: 'decoder.output', inputs: hidden, units: products, initialiser: 'glorot' }),
  ]);
  const parameters = [...encoder.parameters, ...decoder.parameters];
  return { encoder, decoder, parameters, manifest: manifestOf({ parameters }) };
}

const CONTEXT: LayerContext = {
  training: true,
  mask: () => {
    throw new Error('There are no masks: what is dropped is left out of the input.');
  },
};

/**
 * One training step: −Σ target·log softmax(decoder(z)) over the products that are open + β·KL(N(mean, variance) ‖ N(0, 1)), with
 * z = mean + √variance · noise (Kingma and Welling 2014), gradients through both.
 * Inputs: [parameters, what the encoder sees, targets, open (rows, products each), noise (rows, latent), β (1), weights (rows)].
 * Outputs: [gradient of the weighted loss (flat), that loss].
 */
export function vaeStep(shape: VaeShape, rows: number): Computation {
  const { encoder, decoder, manifest } = vaeNetwork(shape);
  const { products, latent } = shape;
  const float = (...size: number[]): InputSpec => ({ shape: size, dtype: 'float32' });
  return {
    inputs: [
      float(manifest.size),
      float(rows, products),
      float(rows, products),
      float(rows, products),
      float(rows, latent),
      float(1),
      float(rows),
    ],
    graph(ops, [flat, shown, targets, open, noise, beta, weights]) {
      const half = ops.constant([0.5], []);
      const one = ops.constant([1], []);
      const parameters = sliceParameters(ops, flat, manifest);
      const encoded = encoder.forward(ops, parameters, [shown], CONTEXT);
      const mean = ops.slice(encoded.output, [0, 0], [rows, latent]);
      const logVariance = ops.slice(encoded.output, [0, latent], [rows, latent]);
      const deviation = ops.exp(ops.mul(logVariance, half));
      const variance = ops.square(deviation);
      const decoded = decoder.forward(ops, parameters, [ops.add(mean, ops.mul(deviation, noise))], CONTEXT);
      const { total, delta } = softmaxCrossEntropy(ops, decoded.output, targets, { weights, classes: open });
      const back = decoded.backward(delta);
      const slope = back.input(0) as Tensor;
      // The divergence is ½·Σ (mean² + variance − log variance − 1).
      const strength = ops.mul(ops.reshape(weights, [rows, 1]), beta);
      const twice = ops.sub(ops.sub(ops.add(ops.square(mean), variance), logVariance), one);
      const divergence = ops.sum(ops.mul(ops.mul(twice, half), strength));
      const byMean = ops.add(slope, ops.mul(mean, strength));
      const throughNoise = ops.mul(ops.mul(slope, noise), deviation);
      const byLogVariance = ops.mul(ops.add(throughNoise, ops.mul(ops.sub(variance, one), strength)), half);
      const terms = [...back.gradients, ...encoded.backward(ops.concat([byMean, byLogVariance], 1)).gradients];
      const gradients = terms.flatMap((term) => term.sum());
      return [flattenGradients(ops, gradients, manifest), ops.add(total, divergence)];
    },
  };
}
