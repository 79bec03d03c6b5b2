import { ConcordError } from '../../errors.js';
import { parseContract } from '../encoders/contract.js';
import { readSafetensors, writeSafetensors } from '../safetensors/safetensors.js';
import { profileInputs } from './inputs.js';
import { type ProfileModel, QUANTILES, type TrainedProfiles } from './model.js';
import { type AutoencoderShape, autoencoder } from './network.js';

const MOST = { hidden: 4096, latent: 256, segments: 64 };

const refuse = (reason: string) =>
  new ConcordError('BAD_INPUT', `These are not the weights of a profile model: ${reason}.`);

/** As safetensors: the autoencoder's parameters by name, centres, errors, usual. */
export function packProfiles({ shape, parameters, centres, errors, usual }: ProfileModel): Uint8Array<ArrayBuffer> {
  const { hidden, latent } = shape;
  return writeSafetensors({
    tensors: [
      ...autoencoder(shape).manifest.entries.map(({ name, shape: size, offset }) => ({
        name,
        shape: size,
        values: parameters.subarray(offset, offset + sizeOf(size)),
      })),
      { name: 'centres', shape: [centres.length / latent, latent], values: centres },
      { name: 'errors', shape: [errors.length], values: errors },
      { name: 'usual', shape: [usual.length], values: usual },
    ],
    metadata: { format: 'concord', kind: 'profiles', hidden: String(hidden), latent: String(latent) },
  });
}

/**
 * Reads a model and believes nothing.
 * @throws {ConcordError} BAD_INPUT where the contract or the file is malformed, or they do not fit each other
 */
export function unpackProfiles(stored: Pick<TrainedProfiles, 'contract' | 'weights'>): ProfileModel {
  const contract = parseContract(stored.contract);
  const { tensors, metadata } = readSafetensors(stored.weights);
  if (metadata.kind !== 'profiles') throw refuse('they are of another kind');
  const { features, products, columns } = profileInputs(contract);
  const shape: AutoencoderShape = {
    features,
    products,
    hidden: wholeNumber(metadata.hidden, MOST.hidden),
    latent: wholeNumber(metadata.latent, MOST.latent),
  };
  const { manifest } = autoencoder(shape);
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  if (tensors.length !== manifest.entries.length + 3) throw refuse('a tensor is missing or too many');
  const valuesOf = (name: string, size?: readonly number[]): Float32Array => {
    const tensor = byName.get(name);
    if (!tensor || (size && tensor.shape.join() !== size.join()))
      throw refuse(`${name} is missing or of another shape`);
    if (!tensor.values.every(Number.isFinite)) throw refuse(`a value of ${name} is not a finite number`);
    return Float32Array.from(tensor.values);
  };
  const parameters = new Float32Array(manifest.size);
  for (const { name, shape: size, offset } of manifest.entries) parameters.set(valuesOf(name, size), offset);
  const centres = valuesOf('centres');
  const segments = centres.length / shape.latent;
  if (!Number.isInteger(segments) || segments < 1 || segments > MOST.segments)
    throw refuse('the centres are malformed');
  const errors = valuesOf('errors', [QUANTILES]);
  if (errors.some((error, index) => index > 0 && error < errors[index - 1])) throw refuse('the errors do not ascend');
  return {
    contract,
    shape,
    parameters,
    centres,
    errors,
    usual: valuesOf('usual', [columns.length + (products > 0 ? 1 : 0)]),
  };
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

function wholeNumber(text: string | undefined, most: number): number {
  const value = /^\d{1,5}$/.test(text ?? '') ? Number(text) : 0;
  if (value < 1 || value > most) throw refuse('a width is malformed');
  return value;
}
