import { badInput } from '../../errors.js';
import type { InputSpec } from '../backends/backend.js';
import type { Ops, Tensor } from '../ops/ops.js';
import type { Computation, TrainingStep } from './graphs.js';
import type { LayerContext } from './layer.js';
import { flattenGradients, manifestOf, sliceParameters } from './parameters.js';
import { unitsOf } from './terms.js';

export interface PrivateStep extends TrainingStep {
  /** Rows of a unit, consecutive; `rows` is a multiple of it. */
  readonly unitRows: number;
  /** cut: factor min(1, bound / norm). scale: factor bound / (norm + stability), whatever the norm. */
  readonly rule: { readonly kind: 'cut' } | { readonly kind: 'scale'; readonly stability: number };
}

/** A squared norm above this, or one that is no number, makes the unit count as nothing. */
const MOST = 1e30;
/** Keeps the root of 0 away from a division. */
const LEAST = 1e-30;

/**
 * The clipped sum of one micro-batch of a private step, as one graph: forward, backward, the norm of each unit's gradient, its factor, and
 * the sum of the rescaled gradients. No gradient of a unit by itself is made where a rule for its norm is cheaper.
 * Inputs: [parameters (flat), bound (1), ...features, ...dropout masks, ...labels, present (units): 0 for units that only fill up].
 * Outputs: [clipped sum (flat, by the manifest), number of units whose norm was at most the bound (1)].
 * @throws {ConcordError} BAD_INPUT where a layer mixes rows, with the reason.
 */
export function privateStep({ model, rows, unitRows, features, labels, loss, rule }: PrivateStep): Computation {
  if (model.mixesRows) throw badInput(`This model cannot be trained privately: ${model.mixesRows}`);
  const manifest = manifestOf(model);
  const masks = model.masks.map(({ width }): InputSpec => ({ shape: [rows, width], dtype: 'float32' }));
  const units = rows / unitRows;
  return {
    inputs: [
      { shape: [manifest.size], dtype: 'float32' },
      { shape: [1], dtype: 'float32' },
      ...features,
      ...masks,
      ...labels,
      { shape: [units], dtype: 'float32' },
    ],
    graph(ops, [flat, bound, ...rest]) {
      const present = rest[rest.length - 1];
      const drawn = rest.slice(features.length, features.length + masks.length);
      const named = new Map(model.masks.map(({ name }, index) => [name, drawn[index]]));
      const context: LayerContext = { training: true, mask: (name) => named.get(name) as Tensor };
      const pass = model.forward(ops, sliceParameters(ops, flat, manifest), rest.slice(0, features.length), context);
      const { delta } = loss(ops, pass.output, rest.slice(features.length + masks.length, -1));
      const gradients = unitsOf(ops, pass.backward(delta).gradients, unitRows);
      const squared = gradients.map((each) => each.squaredNorms()).reduce((sum, part) => ops.add(sum, part));
      const { factors, below } = clip(ops, squared, bound, present, rule);
      const sums = gradients.flatMap((each) => each.weightedSum(factors));
      return [flattenGradients(ops, sums, manifest), ops.sum(below, [0], true)];
    },
  };
}

function clip(ops: Ops, squared: Tensor, bound: Tensor, present: Tensor, rule: PrivateStep['rule']) {
  const usable = ops.mul(present, ops.greater(ops.constant([MOST], []), squared));
  const norms = ops.sqrt(ops.maximum(squared, ops.constant([LEAST], [])));
  const reached =
    rule.kind === 'cut'
      ? ops.minimum(ops.div(bound, norms), ops.constant([1], []))
      : ops.div(bound, ops.add(norms, ops.constant([rule.stability], [])));
  const none = ops.constant([0], []);
  const below = ops.sub(usable, ops.mul(usable, ops.greater(norms, bound)));
  return { factors: ops.where(usable, reached, none), below };
}
