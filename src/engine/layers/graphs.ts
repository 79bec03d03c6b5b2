import type { GraphFunction, InputSpec } from '../backends/backend.js';
import type { Ops, Tensor } from '../ops/ops.js';
import type { Layer, LayerContext } from './layer.js';
import type { Loss } from './losses.js';
import { flattenGradients, manifestOf, sliceParameters } from './parameters.js';

/** A graph with the inputs that it is to be compiled for. */
export interface Computation {
  readonly graph: GraphFunction;
  readonly inputs: readonly InputSpec[];
}

export interface TrainingStep {
  readonly model: Layer;
  /** Rows of a micro-batch. */
  readonly rows: number;
  /** What the model reads; shapes start with `rows`. */
  readonly features: readonly InputSpec[];
  /** What the loss reads: targets, weights, masks. */
  readonly labels: readonly InputSpec[];
  loss(ops: Ops, logits: Tensor, labels: readonly Tensor[]): Loss;
}

/**
 * One step of training as one graph.
 * Inputs: [parameters (flat), ...features, ...dropout masks in the order of model.masks, ...labels].
 * Outputs: [gradient of the total loss (flat, by the manifest), total loss].
 */
export function trainingStep({ model, rows, features, labels, loss }: TrainingStep): Computation {
  const manifest = manifestOf(model);
  const masks = model.masks.map(({ width }): InputSpec => ({ shape: [rows, width], dtype: 'float32' }));
  return {
    inputs: [{ shape: [manifest.size], dtype: 'float32' }, ...features, ...masks, ...labels],
    graph(ops, [flat, ...rest]) {
      const drawn = rest.slice(features.length, features.length + masks.length);
      const named = new Map(model.masks.map(({ name }, index) => [name, drawn[index]]));
      const context: LayerContext = { training: true, mask: (name) => named.get(name) as Tensor };
      const pass = model.forward(ops, sliceParameters(ops, flat, manifest), rest.slice(0, features.length), context);
      const { total, delta } = loss(ops, pass.output, rest.slice(features.length + masks.length));
      const gradients = pass.backward(delta).gradients.flatMap((term) => term.sum());
      return [flattenGradients(ops, gradients, manifest), total];
    },
  };
}
