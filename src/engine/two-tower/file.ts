import { ConcordError } from '../../errors.js';
import { manifestOf } from '../layers/parameters.js';
import { type Architecture, network } from '../models/network.js';
import type { NetworkShape } from '../models/network-file.js';
import type { TwoTowerWeights } from '../models/weights.js';
import { readSafetensors, writeSafetensors } from '../safetensors/safetensors.js';

const refuse = (reason: string, cause?: unknown) =>
  new ConcordError('BAD_INPUT', `These are not the weights of a two-tower model: ${reason}.`, {}, { cause });

/** As safetensors: the network's parameters by name, what is known of products, and the widths in the metadata. */
export function packTwoTower({ architecture, parameters }: TwoTowerWeights): Uint8Array<ArrayBuffer> {
  const { hidden, towers, sequence, outputs } = architecture;
  const { entries } = manifestOf(network(architecture));
  const content = towers?.content;
  return writeSafetensors({
    tensors: [
      ...entries.map(({ name, shape, offset }) => ({
        name,
        shape,
        values: parameters.subarray(offset, offset + shape.reduce((a, b) => a * b, 1)),
      })),
      ...(content ? [{ name: 'products', shape: [outputs, content.width], values: content.values }] : []),
    ],
    metadata: {
      format: 'concord',
      kind: 'two-tower',
      widths: JSON.stringify({
        hidden,
        embedding: towers?.embedding,
        content: content?.width ?? 0,
        units: sequence?.units ?? [],
      }),
    },
  });
}

/** @throws {ConcordError} BAD_INPUT where the file is malformed or does not fit the contract */
export function unpackTwoTower(bytes: Uint8Array, { inputs, outputs, sequence }: NetworkShape): TwoTowerWeights {
  const { tensors, metadata } = readSafetensors(bytes);
  const { hidden, embedding, content, units } = widthsIn(metadata.widths);
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const valuesOf = (name: string, shape: readonly number[]): Float32Array => {
    const tensor = byName.get(name);
    if (tensor?.shape.join() !== shape.join()) throw refuse(`tensor ${name} must be of shape ${shape}`);
    if (!tensor.values.every(Number.isFinite)) throw refuse(`a value of ${name} is no finite number`);
    return tensor.values;
  };
  if ((sequence !== undefined) !== units.length > 0)
    throw refuse('it reads a sequence where its contract has one, and only there');
  const architecture: Architecture = {
    inputs,
    outputs,
    hidden,
    towers: {
      embedding,
      ...(content > 0 && { content: { width: content, values: valuesOf('products', [outputs, content]) } }),
    },
    ...(sequence && { sequence: { ...sequence, reader: 'gru' as const, units } }),
  };
  const manifest = manifestOf(network(architecture));
  if (tensors.length !== manifest.entries.length + (content > 0 ? 1 : 0))
    throw refuse('a tensor is missing or too many');
  const parameters = new Float32Array(manifest.size);
  for (const { name, shape, offset } of manifest.entries) parameters.set(valuesOf(name, shape), offset);
  return { kind: 'two-tower', architecture, parameters };
}

interface Widths {
  readonly hidden: readonly number[];
  readonly embedding: number;
  /** 0: nothing is known of products. */
  readonly content: number;
  readonly units: readonly number[];
}

const MOST = 16_384;
const MOST_LAYERS = 16;

function widthsIn(text: string | undefined): Widths {
  let widths: Partial<Widths>;
  try {
    widths = JSON.parse(text ?? '');
  } catch (cause) {
    throw refuse('its widths are no JSON', cause);
  }
  const isWidth = (value: unknown) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MOST;
  const areWidths = (values: unknown, least: number) =>
    Array.isArray(values) && values.length >= least && values.length <= MOST_LAYERS && values.every(isWidth);
  const valid =
    typeof widths === 'object' &&
    widths !== null &&
    areWidths(widths.hidden, 1) &&
    areWidths(widths.units, 0) &&
    isWidth(widths.embedding) &&
    (widths.content === 0 || isWidth(widths.content));
  if (!valid) throw refuse('its widths are malformed');
  return widths as Widths;
}
