import { ConcordError } from '../../errors.js';
import { manifestOf } from '../layers/parameters.js';
import { readHeader, readValues, type TensorHeader, writeSafetensors } from '../safetensors/safetensors.js';
import { packTrees, unpackTrees } from '../trees/artifact.js';
import type { TreeEnsemble } from '../trees/ensemble.js';
import { type Architecture, network } from './network.js';

/** What a weights file holds: networks of one architecture whose probabilities are averaged, trees, or shares that know no user. */
export type Weights = NetworkWeights | TreeWeights | PopularityWeights;

export interface NetworkWeights {
  readonly kind: 'network';
  readonly architecture: Architecture;
  /** Flat, in the order of the network's manifest; one vector a member. */
  readonly members: readonly Float32Array[];
}

export interface TreeWeights {
  readonly kind: 'trees';
  readonly ensemble: TreeEnsemble;
}

export interface PopularityWeights {
  readonly kind: 'popularity';
  /** Interest: each product's share of ownership. Risk: the one share of users with the event. */
  readonly shares: Float32Array;
}

const refuse = (reason: string) =>
  new ConcordError('BAD_INPUT', `These are not the weights of a Concord model: ${reason}.`);

/** As safetensors: member.0.deep.0.weight …, with the hidden layers in the metadata; trees as packTrees writes them. */
export function packWeights(weights: Weights): Uint8Array<ArrayBuffer> {
  if (weights.kind === 'trees') return packTrees(weights.ensemble);
  if (weights.kind === 'popularity') {
    return writeSafetensors({
      tensors: [{ name: 'shares', shape: [weights.shares.length], values: weights.shares }],
      metadata: { format: 'concord', kind: 'popularity' },
    });
  }
  const { architecture, members } = weights;
  const manifest = manifestOf(network(architecture));
  return writeSafetensors({
    tensors: members.flatMap((flat, member) =>
      manifest.entries.map(({ name, shape, offset }) => ({
        name: `member.${member}.${name}`,
        shape,
        values: flat.subarray(offset, offset + shape.reduce((a, b) => a * b, 1)),
      })),
    ),
    metadata: {
      format: 'concord',
      kind: 'network',
      hidden: JSON.stringify(architecture.hidden),
      ...(architecture.rank && { rank: String(architecture.rank) }),
      members: String(members.length),
    },
  });
}

/** What weights have to fit: what the contract that comes with them says. */
export interface WeightsShape extends Pick<Architecture, 'inputs' | 'outputs'> {
  /** Of each value that trees read, as treeInputs gives them; without them trees are refused. */
  readonly categories?: Int32Array;
}

/**
 * @throws {ConcordError} BAD_INPUT where the file is malformed or does not fit the contract.
 */
export function unpackWeights(bytes: Uint8Array, shape: WeightsShape): Weights {
  const header = readHeader(bytes);
  const { tensors, metadata, dataStart } = header;
  if (metadata.kind === 'trees') {
    const { categories, outputs } = shape;
    if (!categories) throw refuse('trees are no network');
    return { kind: 'trees', ensemble: unpackTrees(bytes, { categories, outputs }) };
  }
  if (metadata.kind === 'popularity') {
    const [place] = tensors;
    if (place?.name !== 'shares' || place.shape.join() !== String(shape.outputs) || tensors.length !== 1)
      throw refuse('there must be one share for each output');
    const shares = new Float32Array(shape.outputs);
    readValues(bytes, dataStart + place.begin, shares);
    return { kind: 'popularity', shares };
  }
  const { architecture, places } = networkOf(header, shape);
  const members = places.map((member) => {
    const flat = new Float32Array(manifestOf(network(architecture)).size);
    for (const { begin, offset, count } of member)
      readValues(bytes, dataStart + begin, flat.subarray(offset, offset + count));
    if (!flat.every(Number.isFinite)) throw refuse('a weight is not a finite number');
    return flat;
  });
  return { kind: 'network', architecture, members };
}

/** Where the parameters of a network are in its file: from dataStart to the end of the file, in the order of the manifest. */
export interface NetworkFile {
  readonly architecture: Architecture;
  readonly parameters: number;
  /** Bytes before the first parameter. */
  readonly dataStart: number;
}

/**
 * What the beginning of a file says, for who reads the parameters as a stream.
 * @param start of the file, the whole header in it
 * @param length of the whole file
 * @throws {ConcordError} BAD_INPUT where the file is malformed, does not fit the contract, or is no single network in order
 */
export function readNetworkFile(
  start: Uint8Array,
  length: number,
  shape: Pick<Architecture, 'inputs' | 'outputs'>,
): NetworkFile {
  const header = readHeader(start, length);
  if (header.metadata.kind === 'popularity') throw refuse('popularity is no network');
  if (header.metadata.kind === 'trees') throw refuse('trees are no network');
  const { architecture, places } = networkOf(header, shape);
  if (places.length !== 1) throw refuse('they are an ensemble, not a single network');
  if (places[0].some(({ begin, offset }) => begin !== 4 * offset)) throw refuse('the tensors are not in their order');
  return { architecture, parameters: manifestOf(network(architecture)).size, dataStart: header.dataStart };
}

/** A tensor's first byte, counted from the start of the data; its offset in the flat parameters, and how many they are. */
interface Place {
  readonly begin: number;
  readonly offset: number;
  readonly count: number;
}

/** Architecture, and for each member where its tensors are, in the order of the manifest. */
function networkOf(
  { tensors, metadata }: TensorHeader,
  { inputs, outputs }: Pick<Architecture, 'inputs' | 'outputs'>,
): { architecture: Architecture; places: Place[][] } {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  if (metadata.kind !== 'network') throw refuse('their kind is unknown');
  const hidden = parseHidden(metadata.hidden);
  const count = Number(metadata.members);
  if (!Number.isInteger(count) || count < 1 || count > 64) throw refuse('the number of members must be 1 to 64');
  const architecture = { inputs, hidden, outputs, ...(metadata.rank && { rank: parseUnits(metadata.rank) }) };
  const { entries } = manifestOf(network(architecture));
  if (tensors.length !== count * entries.length) throw refuse('a tensor is missing or too many');
  const places = Array.from({ length: count }, (_, member) =>
    entries.map(({ name, shape, offset }) => {
      const tensor = byName.get(`member.${member}.${name}`);
      if (tensor?.shape.join() !== shape.join())
        throw refuse(`tensor member.${member}.${name} must be of shape ${shape}`);
      return { begin: tensor.begin, offset, count: shape.reduce((product, length) => product * length, 1) };
    }),
  );
  return { architecture, places };
}

function parseHidden(text: string | undefined): number[] {
  const units = /^\[(.*)\]$/.exec(text ?? '')?.[1];
  if (units === undefined) throw refuse('the hidden layers are malformed');
  const hidden = units === '' ? [] : units.split(',').map(parseUnits);
  if (hidden.length > 16) throw refuse('there are too many hidden layers');
  return hidden;
}

function parseUnits(text: string): number {
  const units = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (units < 1 || units > 16_384) throw refuse('the width of a layer is malformed');
  return units;
}
