import { ConcordError } from '../../errors.js';
import { manifestOf } from '../layers/parameters.js';
import { readSafetensors, writeSafetensors } from '../safetensors/safetensors.js';
import { type Architecture, network } from './network.js';

/** What a weights file holds: networks of one architecture whose probabilities are averaged, or shares that know no user. */
export type Weights = NetworkWeights | PopularityWeights;

export interface NetworkWeights {
  readonly kind: 'network';
  readonly architecture: Architecture;
  /** Flat, in the order of the network's manifest; one vector a member. */
  readonly members: readonly Float32Array[];
}

export interface PopularityWeights {
  readonly kind: 'popularity';
  /** Interest: each product's share of ownership. Risk: the one share of users with the event. */
  readonly shares: Float32Array;
}

const refuse = (reason: string) =>
  new ConcordError('BAD_INPUT', `These are not the weights of a Concord model: ${reason}.`);

/** As safetensors: member.0.deep.0.weight …, with the hidden layers in the metadata. */
export function packWeights(weights: Weights): Uint8Array<ArrayBuffer> {
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

/**
 * @param inputs width of a row and number of outputs, by the contract that comes with the weights.
 * @throws {ConcordError} BAD_INPUT where the file is malformed or does not fit the contract.
 */
export function unpackWeights(
  bytes: Uint8Array,
  { inputs, outputs }: Pick<Architecture, 'inputs' | 'outputs'>,
): Weights {
  const { tensors, metadata } = readSafetensors(bytes);
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  if (metadata.kind === 'popularity') {
    const shares = byName.get('shares')?.values;
    if (shares?.length !== outputs || tensors.length !== 1) throw refuse('there must be one share for each output');
    return { kind: 'popularity', shares };
  }
  if (metadata.kind !== 'network') throw refuse('their kind is unknown');
  const hidden = parseHidden(metadata.hidden);
  const count = Number(metadata.members);
  if (!Number.isInteger(count) || count < 1 || count > 64) throw refuse('the number of members must be 1 to 64');
  const architecture = { inputs, hidden, outputs, ...(metadata.rank && { rank: parseUnits(metadata.rank) }) };
  const manifest = manifestOf(network(architecture));
  if (tensors.length !== count * manifest.entries.length) throw refuse('a tensor is missing or too many');
  const members = Array.from({ length: count }, (_, member) => {
    const flat = new Float32Array(manifest.size);
    for (const { name, shape, offset } of manifest.entries) {
      const tensor = byName.get(`member.${member}.${name}`);
      if (tensor?.shape.join() !== shape.join())
        throw refuse(`tensor member.${member}.${name} must be of shape ${shape}`);
      flat.set(tensor.values, offset);
    }
    if (!flat.every(Number.isFinite)) throw refuse('a weight is not a finite number');
    return flat;
  });
  return { kind: 'network', architecture, members };
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
