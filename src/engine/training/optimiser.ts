import type { ParameterManifest } from '../layers/parameters.js';
import type { TrainingSettings } from './settings.js';

/** Changes weights in place, from the gradient of the mean loss; keeps its own moments. */
export interface Optimiser {
  /** @param factor of the learning rate for this step; default 1 */
  step(weights: Float32Array, gradient: Float32Array, factor?: number): void;
}

type OptimiserSettings = Pick<TrainingSettings, 'optimiser' | 'learningRate' | 'weightDecay' | 'l1'>;

const MOMENTUM = 0.9;
const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/**
 * SGD, SGD with momentum or Adam over one flat vector; then decoupled weight decay and L1 by soft thresholding,
 * both on matrices only: a bias (one axis) is free.
 */
export function createOptimiser(settings: OptimiserSettings, manifest: ParameterManifest): Optimiser {
  const update = createUpdate(settings, manifest.size);
  const { learningRate, weightDecay, l1 } = settings;
  const matrices = manifest.entries
    .filter(({ shape }) => shape.length > 1)
    .map(({ offset, shape }) => [offset, offset + shape.reduce((a, b) => a * b, 1)] as const);
  return {
    step(weights, gradient, factor = 1) {
      update(weights, gradient, factor);
      if (weightDecay === 0 && l1 === 0) return;
      const keep = 1 - Math.min(1, factor * learningRate * weightDecay);
      const cut = factor * learningRate * l1;
      for (const [from, to] of matrices) {
        for (let index = from; index < to; index++) {
          const kept = weights[index] * keep;
          weights[index] = cut === 0 ? kept : Math.sign(kept) * Math.max(0, Math.abs(kept) - cut);
        }
      }
    },
  };
}

type Update = (weights: Float32Array, gradient: Float32Array, factor: number) => void;

function createUpdate({ optimiser, learningRate }: OptimiserSettings, size: number): Update {
  if (optimiser === 'sgd') {
    return (weights, gradient, factor) => {
      const rate = factor * learningRate;
      for (let index = 0; index < size; index++) weights[index] -= rate * gradient[index];
    };
  }
  if (optimiser === 'momentum') {
    const velocity = new Float32Array(size);
    return (weights, gradient, factor) => {
      const rate = factor * learningRate;
      for (let index = 0; index < size; index++) {
        const speed = MOMENTUM * velocity[index] + gradient[index];
        velocity[index] = speed;
        weights[index] -= rate * speed;
      }
    };
  }
  const { beta1, beta2, epsilon } = ADAM;
  const first = new Float32Array(size);
  const second = new Float32Array(size);
  let power1 = 1;
  let power2 = 1;
  return (weights, gradient, factor) => {
    power1 *= beta1;
    power2 *= beta2;
    const rate = (factor * learningRate * Math.sqrt(1 - power2)) / (1 - power1);
    const guard = epsilon * Math.sqrt(1 - power2);
    for (let index = 0; index < size; index++) {
      const slope = gradient[index];
      const mean = first[index] + (1 - beta1) * (slope - first[index]);
      const square = second[index] + (1 - beta2) * (slope * slope - second[index]);
      first[index] = mean;
      second[index] = square;
      weights[index] -= (rate * mean) / (Math.sqrt(square) + guard);
    }
  };
}
