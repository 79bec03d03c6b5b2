import { badInput } from '../../errors.js';
import type { InputSpec } from '../backends/backend.js';
import type { Ops, Tensor } from '../ops/ops.js';
import type { Computation, TrainingStep } from './graphs.js';
import type { LayerContext, UnitGradients } from './layer.js';
import { flattenGradients, manifestOf, sliceParameters } from './parameters.js';
import { unitsOf } from './terms.js';

export interface PrivateStep extends TrainingStep {
  /** Whether units whose norm is at most the bound are counted: for adaptive clipping. */
  readonly countBelow?: boolean;
  /**
   * Has each unit's gradient made, where a layer reads several positions of a row: what is rounded as these add up then belongs to the
   * gradient that is clipped, as MARGIN in federated/privacy/dp-sgd.ts presumes. For wide layers and short sequences that takes longer.
   */
  readonly positionsMade?: boolean;
  /** Rows of a unit, consecutive; `rows` is a multiple of it. */
  readonly unitRows: number;
  /** The sum is formed in so many blocks of units, which are added up at the end; default 1. Divides the number of units. */
  readonly blocks?: number;
  /** cut: factor min(1, bound / norm). scale: factor bound / (norm + stability), whatever the norm. */
  readonly rule: { readonly kind: 'cut' } | { readonly kind: 'scale'; readonly stability: number };
}

/** Keeps the root of 0 away from a division. */
const LEAST = 1e-30;

/**
 * What privateStep reads last: the square of the clip norm (1e-9 to 1e9) of each unit, and 0 for units that only fill up.
 * @param present units that there are, the first ones
 */
export function fillLimits(limits: Float32Array, present: number, bound: number): void {
  limits.fill(bound * bound, 0, present);
  limits.fill(0, present);
}

/**
 * The clipped sum of one micro-batch of a private step, as one graph: forward, backward, the norm of each unit's gradient, its factor, and
 * the sum of the rescaled gradients. No gradient of a unit by itself is made where a rule for its norm is cheaper.
 * Inputs: [parameters (flat), ...features, ...dropout masks, ...labels, limits (units, 1): see fillLimits].
 * Outputs: [clipped sum (flat, by the manifest)], and with countBelow the number of units whose norm was at most the bound (1).
 *
 * A unit of several rows, whose gradients may cancel to a sum far shorter than they are, is also kept from weighing more than rowLengths()
 * clip norms with its rows' gradients laid end to end: what rounding may do is bounded by that length, not by the sum's.
 * @throws {ConcordError} BAD_INPUT where a layer mixes rows, with the reason.
 */
export function privateStep(step: PrivateStep): Computation {
  const { model, rows, unitRows, blocks = 1, features, labels, loss, rule, countBelow, positionsMade } = step;
  if (model.mixesRows) throw badInput(`This model cannot be trained privately: ${model.mixesRows}`);
  const manifest = manifestOf(model);
  const masks = model.masks.map(({ width }): InputSpec => ({ shape: [rows, width], dtype: 'float32' }));
  const units = rows / unitRows;
  return {
    inputs: [
      { shape: [manifest.size], dtype: 'float32' },
      ...features,
      ...masks,
      ...labels,
      { shape: [units, 1], dtype: 'float32' },
    ],
    graph(ops, [flat, ...rest]) {
      const limits = rest[rest.length - 1];
      const drawn = rest.slice(features.length, features.length + masks.length);
      const named = new Map(model.masks.map(({ name }, index) => [name, drawn[index]]));
      const context: LayerContext = { training: true, mask: (name) => named.get(name) as Tensor };
      const pass = model.forward(ops, sliceParameters(ops, flat, manifest), rest.slice(0, features.length), context);
      const { delta } = loss(ops, pass.output, rest.slice(features.length + masks.length, -1));
      const terms = pass.backward(delta).gradients;
      const gradients = unitsOf(ops, terms, unitRows, positionsMade);
      const squared = squaredNorms(ops, gradients);
      let factors = factorsOf(ops, squared, limits, rule);
      if (unitRows > 1) {
        const ofRows = rootOf(ops, squaredNorms(ops, unitsOf(ops, terms, 1, positionsMade)));
        const lengths = ops.sum(ops.reshape(ofRows, [units, unitRows]), [1], true);
        const longest = ops.mul(ops.sqrt(limits), ops.constant([rowLengths(gradients, unitRows)], []));
        factors = ops.aboveZero(ops.minimum(factors, ops.div(longest, lengths)));
      }
      const sums = gradients.flatMap((each) => each.weightedSum(factors, blocks));
      const clipped = flattenGradients(ops, sums, manifest);
      if (!countBelow) return [clipped];
      const below = ops.add(ops.greater(limits, squared), ops.equal(limits, squared));
      return [clipped, ops.sum(ops.mul(below, ops.greater(limits, ops.constant([0], []))), [0], true)];
    },
  };
}

/** Roundings times lengths squared: with it, rounding a squared norm (UnitGradients.roundings) adds at most 2⁻⁷ to the sensitivity. */
const ROUNDINGS = 2 ** 18;

/** Clip norms that the gradients of a unit's rows are long together, at most: MARGIN in federated/privacy/dp-sgd.ts counts on it. */
function rowLengths(gradients: readonly UnitGradients[], unitRows: number): number {
  const roundings = Math.max(...gradients.map((each) => each.roundings));
  return Math.min(unitRows, Math.sqrt(ROUNDINGS / roundings));
}

const squaredNorms = (ops: Ops, gradients: readonly UnitGradients[]): Tensor =>
  gradients.flatMap((each) => each.squaredNorms()).reduce((sum, part) => ops.add(sum, part));

const rootOf = (ops: Ops, squared: Tensor): Tensor => ops.sqrt(ops.maximum(squared, ops.constant([LEAST], [])));

/**
 * Of the square of a norm and that of the clip norm. A unit whose norm is no number has 0, whatever a backend's minimum makes of it; one that
 * only fills up has 0 too, or where its norm is 0, anything.
 */
function factorsOf(ops: Ops, squared: Tensor, limits: Tensor, rule: PrivateStep['rule']): Tensor {
  if (rule.kind === 'scale') {
    const norms = ops.add(ops.sqrt(squared), ops.constant([rule.stability], []));
    return ops.aboveZero(ops.div(ops.sqrt(limits), norms));
  }
  // Ones in full are faster than one for all.
  const ones = ops.constant(new Float32Array(limits.shape[0]).fill(1), limits.shape);
  return ops.minimum(ops.aboveZero(ops.sqrt(ops.div(limits, squared))), ones);
}
