import type { InputSpec } from '../backends/backend.js';
import type { Task } from '../engine.js';
import { sequential } from '../layers/compose.js';
import { dense } from '../layers/dense.js';
import { dropout } from '../layers/dropout.js';
import type { Layer } from '../layers/layer.js';
import { binaryCrossEntropy, type Loss, softmaxCrossEntropy } from '../layers/losses.js';
import { initialParameters, manifestOf, type ParameterManifest } from '../layers/parameters.js';
import type { Ops, Tensor } from '../ops/ops.js';

export interface Architecture {
  /** Width of an encoded row. */
  readonly inputs: number;
  /** Units of the hidden layers; none = a linear model. */
  readonly hidden: readonly number[];
  /** Of a linear model: its matrix is a product of two of this inner width. Absent: it is one matrix. */
  readonly rank?: number;
  /** Products for interest, 1 for risk. */
  readonly outputs: number;
}

/** Rows have a mean squared length of 1 whatever their width, so the first layer starts alike for every width. */
const FIRST = { normal: 0.1 };

/** Logits from encoded rows: ReLU layers with dropout after each, then a dense layer, which starts from zero where it is alone. */
export function network({ inputs, hidden, rank, outputs }: Architecture, rate = 0): Layer {
  const layers: Layer[] = [];
  let width = inputs;
  if (rank) {
    layers.push(dense({ name: 'factors', inputs, units: rank, bias: false, initialiser: FIRST }));
    width = rank;
  }
  hidden.forEach((units, index) => {
    const initialiser = index === 0 ? FIRST : 'he';
    layers.push(dense({ name: `deep.${index}`, inputs: width, units, activation: 'relu', initialiser }));
    if (rate > 0) layers.push(dropout({ name: `deep.${index}.dropout`, width: units, rate }));
    width = units;
  });
  const initialiser = layers.length === 0 ? 'zeros' : 'glorot';
  layers.push(dense({ name: 'output', inputs: width, units: outputs, initialiser }));
  return sequential(layers);
}

/**
 * Weights to start from: the output's bias is the prior, so that training begins at the model that knows no user.
 * @param prior one log-odds (risk) or log-probability (interest) for each output.
 */
export function startingWeights(model: Layer, prior: ArrayLike<number>, seed: number): Float32Array {
  const weights = initialParameters(model, seed);
  weights.set(prior, entryOf(manifestOf(model), 'output.bias').offset);
  return weights;
}

export function entryOf(manifest: ParameterManifest, name: string) {
  const entry = manifest.entries.find((candidate) => candidate.name === name);
  if (!entry) throw new Error(`The model has no parameter ${name}.`);
  return entry;
}

/** Inputs of the graph beside the encoded rows. For interest: 1 for each product that may be the answer. */
export const candidateSpecs = (task: Task, rows: number, outputs: number): InputSpec[] =>
  task === 'interest' ? [{ shape: [rows, outputs], dtype: 'float32' }] : [];

/** What the loss reads: candidates (interest), targets, weights. */
export function labelSpecs(task: Task, rows: number, outputs: number): InputSpec[] {
  const targets: InputSpec =
    task === 'interest' ? { shape: [rows], dtype: 'int32' } : { shape: [rows, 1], dtype: 'float32' };
  return [...candidateSpecs(task, rows, outputs), targets, { shape: [rows], dtype: 'float32' }];
}

/** Log loss over what labelSpecs describes: softmax over the candidates for interest, logistic for risk. */
export function lossOf(task: Task, ops: Ops, logits: Tensor, labels: readonly Tensor[]): Loss {
  if (task === 'risk') return binaryCrossEntropy(ops, logits, labels[0], { weights: labels[1] });
  return softmaxCrossEntropy(ops, logits, labels[1], { classes: labels[0], weights: labels[2] });
}

const NEVER = -1e9;

/**
 * Probabilities from logits. Interest: those of the candidates sum to 1; a product that is no candidate (owned already) gets
 * the probability that it would have, were it one more candidate.
 */
export function probabilities(task: Task, ops: Ops, logits: Tensor, candidates?: Tensor): Tensor {
  if (task === 'risk' || !candidates) return ops.sigmoid(logits);
  const open = ops.where(candidates, logits, ops.constant([NEVER], []));
  const highest = ops.max(open, [1], true);
  const sum = ops.sum(ops.exp(ops.sub(open, highest)), [1], true);
  const relative = ops.sub(logits, ops.add(highest, ops.log(sum)));
  return ops.where(candidates, ops.exp(relative), ops.sigmoid(relative));
}
