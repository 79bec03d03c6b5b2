import type { InputSpec } from '../backends/backend.js';
import { sequential } from '../layers/compose.js';
import { dense } from '../layers/dense.js';
import type { Computation } from '../layers/graphs.js';
import type { Layer, LayerContext } from '../layers/layer.js';
import { binaryCrossEntropy, softmaxCrossEntropy } from '../layers/losses.js';
import { flattenGradients, manifestOf, type ParameterManifest, sliceParameters } from '../layers/parameters.js';
import type { Tensor } from '../ops/ops.js';

export interface AutoencoderShape {
  /** Inputs of the contract that come from columns. */
  readonly features: number;
  /** Products of the contract: the inputs after them. */
  readonly products: number;
  readonly hidden: number;
  /** Values of an embedding. */
  readonly latent: number;
}

export interface Autoencoder {
  /** (rows, features + products) → (rows, 2 · latent): mean and log variance. */
  readonly encoder: Layer;
  /** (rows, latent) → (rows, features + products): logits. */
  readonly decoder: Layer;
  readonly parameters: Layer['parameters'];
  /** Of both. */
  readonly manifest: ParameterManifest;
}

export function autoencoder({ features, products, hidden, latent }: AutoencoderShape): Autoencoder {
  const width = features + products;
  const encoder = sequential([
    dense({ name: 'encoder.hidden', inputs: width, units: hidden, activation: 'tanh', initialiser: 'glorot' }),
    dense({ name: 'encoder.latent', inputs: hidden, units: 2 * latent, initialiser: 'glorot' }),
  ]);
  const decoder = sequential([
    dense({ name: 'decoder.hidden', inputs: latent, units: hidden, activation: 'tanh', initialiser: 'glorot' }),
    dense({ name: 'decoder.output', inputs: hidden, units: width, initialiser: 'glorot' }),
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
 * One training step of a variational autoencoder (Kingma and Welling 2014): −log p(x | z) + β·KL(N(mean, variance) ‖ N(0, 1)), with
 * z = mean + √variance · noise, gradients through both. Columns have a Bernoulli likelihood for each of their inputs, products owned a
 * multinomial one (Liang et al. 2018).
 * Inputs: [parameters, what the encoder sees (rows, features + products), targets of the features (rows, features), products owned
 * (rows, products; absent without products), noise (rows, latent), β (1), weights (rows)].
 * Outputs: [gradient of the weighted loss (flat), that loss].
 */
export function autoencoderStep(shape: AutoencoderShape, rows: number): Computation {
  const { encoder, decoder, manifest } = autoencoder(shape);
  const { features, products, latent } = shape;
  const float = (...size: number[]): InputSpec => ({ shape: size, dtype: 'float32' });
  return {
    inputs: [
      float(manifest.size),
      float(rows, features + products),
      float(rows, features),
      ...(products > 0 ? [float(rows, products)] : []),
      float(rows, latent),
      float(1),
      float(rows),
    ],
    graph(ops, [flat, shown, targets, ...rest]) {
      const [noise, beta, weights] = rest.slice(-3);
      const half = ops.constant([0.5], []);
      const one = ops.constant([1], []);
      const parameters = sliceParameters(ops, flat, manifest);
      const encoded = encoder.forward(ops, parameters, [shown], CONTEXT);
      const mean = ops.slice(encoded.output, [0, 0], [rows, latent]);
      const logVariance = ops.slice(encoded.output, [0, latent], [rows, latent]);
      const deviation = ops.exp(ops.mul(logVariance, half));
      const variance = ops.square(deviation);
      const decoded = decoder.forward(ops, parameters, [ops.add(mean, ops.mul(deviation, noise))], CONTEXT);
      const logits = ops.slice(decoded.output, [0, 0], [rows, features]);
      const columns = binaryCrossEntropy(ops, logits, targets, { weights });
      let { total, delta } = columns;
      if (products > 0) {
        const scores = ops.slice(decoded.output, [0, features], [rows, products]);
        const owned = softmaxCrossEntropy(ops, scores, rest[0], { weights });
        total = ops.add(total, owned.total);
        delta = ops.concat([delta, owned.delta], 1);
      }
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
