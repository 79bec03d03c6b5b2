import type { Ops, Tensor } from '../ops/ops.js';

export interface Loss {
  /** Sum over rows of weight × loss, a scalar. */
  readonly total: Tensor;
  /** Gradient of that total by the logits, in their shape. */
  readonly delta: Tensor;
}

export interface LossOptions {
  /**
   * A weight for each row, float32 (rows): 0 for rows that only fill up a micro-batch of fixed size, and for a mean
   * rather than a sum, 1 over the number of rows elsewhere.
   */
  readonly weights: Tensor;
}

export interface SoftmaxOptions extends LossOptions {
  /** float32 (rows, classes): 0 for classes that cannot be the answer (products owned already). A target must not be among them. */
  readonly classes?: Tensor;
}

/** Far below any logit, and still finite, so that 0 × it is 0. */
const NEVER = -1e9;

/**
 * −Σ target · log softmax(logits) for each row. Logits are (rows, classes); targets either int32 ids (rows), of which −1
 * is no class, or a float32 distribution (rows, classes), whose rows may also sum to something else than 1.
 */
export function softmaxCrossEntropy(
  ops: Ops,
  logits: Tensor,
  targets: Tensor,
  { weights, classes }: SoftmaxOptions,
): Loss {
  const wanted = targets.dtype === 'int32' ? ops.oneHot(targets, logits.shape[1]) : targets;
  const open = classes ? ops.where(classes, logits, ops.constant([NEVER], [])) : logits;
  const column = ops.reshape(weights, [-1, 1]);
  const losses = ops.mul(ops.mul(wanted, ops.logSoftmax(open)), column);
  const mass = ops.sum(wanted, [1], true);
  const delta = ops.mul(ops.sub(ops.mul(ops.softmax(open), mass), wanted), column);
  return { total: ops.neg(ops.sum(losses)), delta };
}

export interface BinaryOptions extends LossOptions {
  /** float32 (rows, labels): 0 for labels that are unknown. */
  readonly known?: Tensor;
}

/**
 * −(y · log σ(x) + (1 − y) · log(1 − σ(x))), summed over labels. Logits and targets are (rows, labels), with one label
 * (rows, 1); targets lie from 0 to 1.
 */
export function binaryCrossEntropy(ops: Ops, logits: Tensor, targets: Tensor, { weights, known }: BinaryOptions): Loss {
  const column = ops.reshape(weights, [-1, 1]);
  const weight = known ? ops.mul(known, column) : column;
  const losses = ops.sub(ops.softplus(logits), ops.mul(logits, targets));
  return {
    total: ops.sum(ops.mul(losses, weight)),
    delta: ops.mul(ops.sub(ops.sigmoid(logits), targets), weight),
  };
}
