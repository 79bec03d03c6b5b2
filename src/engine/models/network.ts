import type { InputSpec } from '../backends/backend.js';
import type { Task } from '../engine.js';
import { activation } from '../layers/activation.js';
import { separateDense, sharedDense } from '../layers/batch-ensemble.js';
import { addUp, part, sequential } from '../layers/compose.js';
import { dense } from '../layers/dense.js';
import { dropout } from '../layers/dropout.js';
import type { Initialiser, Layer } from '../layers/layer.js';
import { binaryCrossEntropy, type Loss, softmaxCrossEntropy } from '../layers/losses.js';
import { initialParameters, manifestOf, type ParameterManifest } from '../layers/parameters.js';
import type { Ops, Tensor } from '../ops/ops.js';
import { type SequencePart, sequenceReader } from './sequence-reader.js';
import { productTower, type Towers } from './towers.js';

export interface Architecture {
  /** Width of an encoded row. */
  readonly inputs: number;
  /** Units of the hidden layers; none = a linear model. */
  readonly hidden: readonly number[];
  /** Inner width of a linear part whose matrix is a product of two: the whole model, or beside the hidden layers. */
  readonly rank?: number;
  /** Products for interest, 1 for risk. */
  readonly outputs: number;
  /**
   * So many networks in one, whose hidden layers share their weights but for scales (TabM): logits are (rows · networks, outputs). Needs
   * hidden layers; has neither a linear part beside them nor a sequence.
   */
  readonly networks?: number;
  /** The end of the row is a sequence, which is read by itself. Needs hidden layers. */
  readonly sequence?: SequencePart;
  /** The hidden layers make a user's vector, and products have theirs. Needs hidden layers, and has no linear part beside them. */
  readonly towers?: Towers;
}

/** Rows have a mean squared length of 1 whatever their width, so the first layer starts alike for every width. */
const FIRST = { normal: 0.1 };

/**
 * Logits from encoded rows. Linear: one dense layer, which starts from zero, or with a rank the product of two. Deep: ReLU layers
 * with dropout after each and a dense layer; with a rank, a factored linear part is added beside them. With a sequence, what its reader
 * makes of it enters the first hidden layer beside the rest of the row, which is all that a linear part then reads. With towers the last layer is the products'.
 */
export function network(architecture: Architecture, rate = 0): Layer {
  const { inputs, hidden, rank, outputs } = architecture;
  const output = (width: number, initialiser: Initialiser) =>
    dense({ name: 'output', inputs: width, units: outputs, initialiser });
  if (hidden.length === 0) {
    if (!rank) return output(inputs, 'zeros');
    return sequential([factors(inputs, rank), output(rank, 'glorot')]);
  }
  if (architecture.towers)
    return sequential([userTower(architecture, rate), productTower(architecture.towers, outputs)]);
  if (architecture.networks) return networksInOne(architecture, architecture.networks, rate);
  const deep = sequential([...hiddenLayers(architecture, rate), output(hidden[hidden.length - 1], 'glorot')]);
  if (!rank) return deep;
  const row = rowWidth(architecture);
  return addUp([
    sequential([
      row < inputs ? part(0, row, factors(row, rank)) : factors(row, rank),
      dense({ name: 'beside', inputs: rank, units: outputs, bias: false }),
    ]),
    deep,
  ]);
}

const factors = (inputs: number, units: number): Layer =>
  dense({ name: 'factors', inputs, units, bias: false, initialiser: FIRST });

/** Inputs that come before the sequence. */
const rowWidth = ({ inputs, sequence }: Architecture): number =>
  sequence ? inputs - sequence.steps * sequence.channels : inputs;

function hiddenLayers(architecture: Architecture, rate: number): Layer[] {
  const { hidden } = architecture;
  return hidden.flatMap((units, index) => {
    const name = `deep.${index}`;
    const layer =
      index === 0
        ? firstLayer(architecture, units, rate)
        : dense({ name, inputs: hidden[index - 1], units, activation: 'relu', initialiser: 'he' });
    return rate > 0 ? [layer, dropout({ name: `${name}.dropout`, width: units, rate })] : [layer];
  });
}

function networksInOne({ inputs, hidden, outputs }: Architecture, networks: number, rate: number): Layer {
  const layers = hidden.map((units, index) =>
    sharedDense({
      name: `deep.${index}`,
      inputs: index === 0 ? inputs : hidden[index - 1],
      units,
      networks,
      first: index === 0,
      initialiser: index === 0 ? FIRST : 'he',
      rate,
    }),
  );
  return sequential([
    ...layers,
    separateDense({ name: 'output', inputs: hidden[hidden.length - 1], units: outputs, networks }),
  ]);
}

/** The part of a network with towers that makes the users' vectors, (rows, embedding). Its parameters are the network's first. */
export function userTower(architecture: Architecture, rate = 0): Layer {
  const { hidden, towers } = architecture;
  if (!towers) throw new Error('The network has no towers.');
  const inputs = hidden[hidden.length - 1];
  return sequential([
    ...hiddenLayers(architecture, rate),
    dense({ name: 'user', inputs, units: towers.embedding, initialiser: 'glorot' }),
  ]);
}

function firstLayer(architecture: Architecture, units: number, rate: number): Layer {
  const { inputs, sequence } = architecture;
  const name = 'deep.0';
  if (!sequence) return dense({ name, inputs, units, activation: 'relu', initialiser: FIRST });
  const width = rowWidth(architecture);
  const { layer: reader, width: read } = sequenceReader(sequence);
  const ofSequence = sequential([
    part(width, inputs - width, reader),
    ...(rate > 0 ? [dropout({ name: 'sequence.dropout', width: read, rate })] : []),
    dense({ name: 'sequence.joined', inputs: read, units, bias: width === 0, initialiser: 'he' }),
  ]);
  if (width === 0) return sequential([ofSequence, activation('relu')]);
  const ofRow = part(0, width, dense({ name, inputs: width, units, initialiser: FIRST }));
  return sequential([addUp([ofRow, ofSequence]), activation('relu')]);
}

/**
 * Weights to start from: the output's bias is the prior, so that training begins at the model that knows no user.
 * @param prior one log-odds (risk) or log-probability (interest) for each output.
 */
export function startingWeights(model: Layer, prior: ArrayLike<number>, seed: number): Float32Array {
  const weights = initialParameters(model, seed);
  const { offset, shape } = entryOf(manifestOf(model), 'output.bias');
  // One after the other for each of several networks in one.
  for (let at = 0; at < shape[0]; at += prior.length) weights.set(prior, offset + at);
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

/**
 * Log loss over what labelSpecs describes: softmax over the candidates for interest, logistic for risk. Of several networks in one the
 * mean of their losses: each learns by itself.
 */
export function lossOf(task: Task, ops: Ops, logits: Tensor, labels: readonly Tensor[]): Loss {
  const times = logits.shape[0] / labels[0].shape[0];
  const each = (tensor: Tensor) => repeated(ops, tensor, times);
  const weights = (given: Tensor) => (times === 1 ? given : ops.mul(each(given), ops.constant([1 / times], [])));
  if (task === 'risk') return binaryCrossEntropy(ops, logits, each(labels[0]), { weights: weights(labels[1]) });
  const [classes, targets, given] = labels;
  return softmaxCrossEntropy(ops, logits, times === 1 ? targets : each(ops.oneHot(targets, logits.shape[1])), {
    classes: each(classes),
    weights: weights(given),
  });
}

/** Each row so many times, one after the other. */
export function repeated(ops: Ops, tensor: Tensor, times: number): Tensor {
  if (times === 1) return tensor;
  const [rows, ...rest] = tensor.shape;
  const size = rest.reduce((product, length) => product * length, 1);
  const copies = ops.broadcastTo(ops.reshape(tensor, [rows, 1, size]), [rows, times, size]);
  return ops.reshape(copies, [rows * times, ...rest]);
}

const NEVER = -1e9;

/**
 * Probabilities of rows from logits; of several networks in one the mean of theirs.
 * @param rows of the batch
 */
export function probabilities(task: Task, ops: Ops, logits: Tensor, rows: number, candidates?: Tensor): Tensor {
  const times = logits.shape[0] / rows;
  const each = probabilitiesOf(task, ops, logits, candidates && repeated(ops, candidates, times));
  return times === 1 ? each : ops.mean(ops.reshape(each, [rows, times, logits.shape[1]]), [1]);
}

/**
 * Probabilities from logits. Interest: those of the candidates sum to 1; a product that is no candidate (owned already) gets
 * the probability that it would have, were it one more candidate.
 */
function probabilitiesOf(task: Task, ops: Ops, logits: Tensor, candidates?: Tensor): Tensor {
  if (task === 'risk' || !candidates) return ops.sigmoid(logits);
  const open = ops.where(candidates, logits, ops.constant([NEVER], []));
  const highest = ops.max(open, [1], true);
  const sum = ops.sum(ops.exp(ops.sub(open, highest)), [1], true);
  const relative = ops.sub(logits, ops.add(highest, ops.log(sum)));
  return ops.where(candidates, ops.exp(relative), ops.sigmoid(relative));
}
