import { ConcordError } from '../../errors.js';
import { channelsOf, type FeatureContract, inputsOf } from '../encoders/contract.js';
import type { Task } from '../engine.js';
import { manifestOf } from '../layers/parameters.js';
import { readHeader, readValues, type TensorHeader, writeSafetensors } from '../safetensors/safetensors.js';
import { type Architecture, network } from './network.js';
import { READERS, type SequencePart } from './sequence-reader.js';
import type { NetworkWeights } from './weights.js';

const refuse = (reason: string) =>
  new ConcordError('BAD_INPUT', `These are not the weights of a Concord model: ${reason}.`);

/** As safetensors: member.0.deep.0.weight …, with the hidden layers in the metadata. */
export function packNetwork({ architecture, members }: NetworkWeights): Uint8Array<ArrayBuffer> {
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
      ...(architecture.sequence && {
        reader: architecture.sequence.reader,
        units: JSON.stringify(architecture.sequence.units),
      }),
      ...(architecture.networks && { networks: String(architecture.networks) }),
      members: String(members.length),
    },
  });
}

/**
 * @throws {ConcordError} BAD_INPUT where the file is malformed or does not fit the contract.
 */
export function unpackNetwork(bytes: Uint8Array, shape: NetworkShape): NetworkWeights {
  const header = readHeader(bytes);
  const { architecture, places } = networkOf(header, shape);
  const members = places.map((member) => {
    const flat = new Float32Array(manifestOf(network(architecture)).size);
    for (const { begin, offset, count } of member)
      readValues(bytes, header.dataStart + begin, flat.subarray(offset, offset + count));
    if (!flat.every(Number.isFinite)) throw refuse('a weight is not a finite number');
    return flat;
  });
  return { kind: 'network', architecture, members };
}

/** What networks have to fit: what the contract that comes with them says. */
export interface NetworkShape extends Pick<Architecture, 'inputs' | 'outputs'> {
  readonly sequence?: Pick<SequencePart, 'steps' | 'channels'>;
}

export const networkShape = (task: Task, contract: FeatureContract): NetworkShape => ({
  inputs: inputsOf(contract),
  outputs: task === 'interest' ? contract.products.length : 1,
  ...(contract.sequence && {
    sequence: { steps: contract.sequence.steps, channels: channelsOf(contract.sequence) },
  }),
});

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
export function readNetworkFile(start: Uint8Array, length: number, shape: NetworkShape): NetworkFile {
  const header = readHeader(start, length);
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
  { inputs, outputs, sequence }: NetworkShape,
): { architecture: Architecture; places: Place[][] } {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  if (metadata.kind !== 'network') throw refuse('they are no network');
  const hidden = parseWidths(metadata.hidden);
  const count = Number(metadata.members);
  if (!Number.isInteger(count) || count < 1 || count > 64) throw refuse('the number of members must be 1 to 64');
  const architecture = {
    inputs,
    hidden,
    outputs,
    ...(metadata.rank && { rank: parseUnits(metadata.rank) }),
    ...(metadata.networks && { networks: parseNetworks(metadata.networks) }),
    ...parseReader(metadata, sequence),
  };
  if (sequence && hidden.length === 0) throw refuse('a reader of sequences needs hidden layers');
  if (metadata.networks && (hidden.length === 0 || metadata.rank || sequence))
    throw refuse('networks in one need hidden layers, and neither a rank nor a sequence');
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

function parseWidths(text: string | undefined): number[] {
  const units = /^\[(.*)\]$/.exec(text ?? '')?.[1];
  if (units === undefined) throw refuse('the hidden layers are malformed');
  const widths = units === '' ? [] : units.split(',').map(parseUnits);
  if (widths.length > 16) throw refuse('there are too many hidden layers');
  return widths;
}

/** How the network reads the sequence that its contract has. */
function parseReader(
  { reader, units }: TensorHeader['metadata'],
  sequence: NetworkShape['sequence'],
): Pick<Architecture, 'sequence'> {
  if (reader === undefined && !sequence) return {};
  const known = READERS.find((name) => name === reader);
  if (!known || !sequence) throw refuse('a network reads a sequence where its contract has one, and only there');
  const widths = parseWidths(units);
  if (widths.length === 0) throw refuse('the reader of sequences has no units');
  return { sequence: { ...sequence, reader: known, units: widths } };
}

function parseNetworks(text: string): number {
  const networks = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (networks < 2 || networks > 256) throw refuse('there must be 2 to 256 networks in one');
  return networks;
}

function parseUnits(text: string): number {
  const units = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (units < 1 || units > 16_384) throw refuse('the width of a layer is malformed');
  return units;
}
