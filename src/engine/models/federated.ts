import { badInput } from '../../errors.js';
import { type FeatureContract, parseContract } from '../encoders/contract.js';
import { checkDeclaredSeries } from '../encoders/declaration.js';
import type { PublicDeclaration } from '../encoders/public-grid.js';
import { type ModelName, NETWORK_MODELS, type NetworkModel, type Task, type TrainedModel } from '../engine.js';
import { initialParameters as drawParameters, manifestOf } from '../layers/parameters.js';
import { whyNotFederated } from './kinds.js';
import { type Architecture, entryOf, network } from './network.js';
import { networkShape, packNetwork } from './network-file.js';
import { READERS, type Reader } from './sequence-reader.js';

/** Wider than this (inputs times products), a linear layer is a product of two. */
const WIDE = 1_000_000;
const RANK = 128;
/** Networks that are trained privately are small: noise grows with the number of parameters. */
const PRIVATE_DNN = { hidden: [64], rank: 16 } as const;
/** What a sequence's reader makes at random must not drown the rest of the row. */
const SMALL_START = 0.2;
const PRIVATE_UNITS: Readonly<Record<Reader, readonly number[]>> = { cnn: [16], gru: [16] };

/**
 * Says which models a federation can train: those whose parameters can be averaged and clipped.
 * @throws {ConcordError} BAD_INPUT with the reason, for the others
 */
export function requireFederated(model: ModelName): NetworkModel {
  const network = NETWORK_MODELS.find((name) => name === model);
  if (network && !whyNotFederated(model)) return network;
  throw badInput(
    `${model}: ${whyNotFederated(model)}. Choose linear, logistic or dnn; of series of columns also cnn or gru.`,
    { model },
  );
}

/**
 * The network that a federation trains under a model's name; it follows from the public contract alone.
 * @throws {ConcordError} BAD_INPUT where the model has no parameters (popularity, trees), or reads sequences and the contract has none
 */
export function federatedArchitecture(task: Task, model: ModelName, contract: FeatureContract): Architecture {
  const { inputs, outputs, sequence } = networkShape(task, contract);
  const name = requireFederated(model);
  const reader = READERS.find((each) => each === name);
  if (reader && !(sequence && contract.sequence?.from))
    throw badInput(
      `${model}: nothing public is declared of a sequence. A federation reads series of declared columns; what there is in tables of events has no public ranges, and quantiles of a bank must not leave it.`,
      { model },
    );
  if (!reader && sequence) throw badInput(`${model} reads no sequence, and the contract has one.`, { model });
  if (name === 'dnn' || reader) {
    const { hidden, rank } = PRIVATE_DNN;
    const own = reader && sequence && { sequence: { ...sequence, reader, units: PRIVATE_UNITS[reader] } };
    return { inputs, outputs, hidden: [...hidden], rank, ...own };
  }
  return { inputs, outputs, hidden: [], ...(inputs * outputs > WIDE && { rank: RANK }) };
}

/**
 * What of a declaration a model reads: series are for models of sequences alone.
 * @throws {ConcordError} BAD_INPUT where these do not fit the columns
 */
export function declarationFor(model: ModelName, declaration: PublicDeclaration): PublicDeclaration {
  const { series = [], ...others } = declaration;
  if (series.length === 0 || !READERS.some((name) => name === model)) return others;
  checkDeclaredSeries(series, others.columns);
  return { ...others, series };
}

/**
 * Parameters that a federated run starts from, flat. Linear models start from zero. A network starts small, its last layers from zero:
 * then the first gradients are not dominated by what it guesses at random.
 */
export function initialParameters(
  model: ModelName,
  task: Task,
  contract: Readonly<Record<string, unknown>>,
  seed = 1,
): Float32Array {
  const layer = network(federatedArchitecture(task, model, parseContract(contract)));
  const flat = drawParameters(layer, seed);
  const manifest = manifestOf(layer);
  for (const name of ['output.weight', 'beside.weight']) {
    if (!manifest.entries.some((entry) => entry.name === name)) continue;
    const { offset, shape } = entryOf(manifest, name);
    flat.fill(0, offset, offset + shape.reduce((product, length) => product * length, 1));
  }
  const joined = manifest.entries.find((entry) => entry.name === 'sequence.joined.weight');
  if (joined) {
    const end = joined.offset + joined.shape.reduce((product, length) => product * length, 1);
    for (let index = joined.offset; index < end; index++) flat[index] *= SMALL_START;
  }
  return flat;
}

/**
 * Flat parameters as a model that is stored and served like any other.
 * @throws {ConcordError} BAD_INPUT where the parameters don't fit the contract or are not finite.
 */
export function toTrainedModel(
  task: Task,
  model: ModelName,
  contract: Readonly<Record<string, unknown>>,
  parameters: Float32Array,
  about: Pick<TrainedModel, 'metrics' | 'training'> = { metrics: {}, training: {} },
): TrainedModel {
  const architecture = federatedArchitecture(task, model, parseContract(contract));
  checkParameters(architecture, parameters);
  return {
    task,
    model,
    contract,
    weights: packNetwork({ kind: 'network', architecture, members: [parameters] }),
    ...about,
  };
}

/** Beyond this a model is lost: it cannot be trained further, and its gradients might overflow. */
const MOST = 1e6;

/** @throws {ConcordError} BAD_INPUT */
export function checkParameters(architecture: Architecture, parameters: Float32Array): void {
  const { size } = manifestOf(network(architecture));
  if (parameters.length !== size)
    throw badInput(`The model has ${size} parameters, not ${parameters.length}.`, { expected: size });
  checkValues(parameters);
}

/** Parameters, or some of them. @throws {ConcordError} BAD_INPUT */
export function checkValues(parameters: Float32Array): void {
  const { abs } = Math;
  for (let index = 0; index < parameters.length; index++) {
    if (!(abs(parameters[index]) <= MOST))
      throw badInput('Training diverged: a parameter is no number or beyond a million. Lower the learning rate.');
  }
}
