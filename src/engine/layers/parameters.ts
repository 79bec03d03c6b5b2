import { ConcordError } from '../../errors.js';
import type { Ops, Tensor } from '../ops/ops.js';
import type { Initialiser, Layer, ParameterGradient, ParameterSpec, ParameterTensors } from './layer.js';
import { createRandom, type Random } from './random.js';

/** Where each parameter lies in one flat float32 vector. Stored beside the weights; plain JSON. */
export interface ParameterManifest {
  readonly size: number;
  readonly entries: readonly ParameterEntry[];
}

export interface ParameterEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

/** Parameters in the order in which the layer lists them, one after the other. Throws where two have the same name. */
export function manifestOf(layer: Pick<Layer, 'parameters'>): ParameterManifest {
  const entries: ParameterEntry[] = [];
  const names = new Set<string>();
  let offset = 0;
  for (const { name, shape } of layer.parameters) {
    if (names.has(name)) throw new ConcordError('INTERNAL', `Two parameters are called ${name}.`);
    names.add(name);
    entries.push({ name, shape: [...shape], offset });
    offset += sizeOf(shape);
  }
  return { size: offset, entries };
}

/** Initial weights: each parameter draws from a stream of its own, so that one more layer changes no other's weights. */
export function initialParameters(layer: Pick<Layer, 'parameters'>, seed: number): Float32Array {
  const manifest = manifestOf(layer);
  const flat = new Float32Array(manifest.size);
  const random = createRandom(seed);
  layer.parameters.forEach((spec, index) => {
    const { offset } = manifest.entries[index];
    initialise(flat.subarray(offset, offset + sizeOf(spec.shape)), spec, random.fork(spec.name));
  });
  return flat;
}

function initialise(values: Float32Array, { shape, initialiser }: ParameterSpec, random: Random): void {
  if (initialiser === 'zeros') return;
  if (initialiser === 'ones') {
    values.fill(1);
    return;
  }
  const draw = sampler(initialiser, shape, random);
  for (let index = 0; index < values.length; index++) values[index] = draw();
}

function sampler(initialiser: Exclude<Initialiser, 'zeros' | 'ones'>, shape: readonly number[], random: Random) {
  if (typeof initialiser === 'object') return () => initialiser.normal * random.normal();
  const fanIn = shape.at(-2) ?? 1;
  const fanOut = shape.at(-1) ?? 1;
  const limit = initialiser === 'he' ? Math.sqrt(6 / fanIn) : Math.sqrt(6 / (fanIn + fanOut));
  return () => limit * (2 * random.uniform() - 1);
}

/** Parameters as slices of one flat tensor, cut when first asked for. */
export function sliceParameters(ops: Ops, flat: Tensor, manifest: ParameterManifest): ParameterTensors {
  const entries = new Map(manifest.entries.map((entry) => [entry.name, entry]));
  const cut = new Map<string, Tensor>();
  return {
    get(name) {
      const known = cut.get(name);
      if (known) return known;
      const entry = entries.get(name);
      if (!entry) throw new ConcordError('INTERNAL', `The model has no parameter ${name}.`);
      const values = ops.slice(flat, [entry.offset], [sizeOf(entry.shape)]);
      const tensor = entry.shape.length === 1 ? values : ops.reshape(values, entry.shape);
      cut.set(name, tensor);
      return tensor;
    },
  };
}

/** Gradients as one flat tensor in the manifest's order: several of one name add up, a parameter without any has zeros. */
export function flattenGradients(
  ops: Ops,
  gradients: readonly ParameterGradient[],
  manifest: ParameterManifest,
): Tensor {
  const sums = new Map<string, Tensor>();
  for (const { name, value } of gradients) {
    const before = sums.get(name);
    sums.set(name, before ? ops.add(before, value) : value);
  }
  const pieces = manifest.entries.map(({ name, shape }) => {
    const value = sums.get(name);
    return value ? ops.reshape(value, [sizeOf(shape)]) : ops.fill([sizeOf(shape)], 0);
  });
  return pieces.length === 1 ? pieces[0] : ops.concat(pieces, 0);
}
