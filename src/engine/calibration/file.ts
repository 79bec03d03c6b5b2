import { ConcordError } from '../../errors.js';
import type { Storage, StoredContext } from '../models/kind.js';
import type { CalibratedWeights } from '../models/weights.js';
import { readSafetensors, type TensorFile, writeSafetensors } from '../safetensors/safetensors.js';
import type { Calibration } from './calibration.js';

const refuse = (reason: string) =>
  new ConcordError('BAD_INPUT', `These are not the weights of a calibrated model: ${reason}.`);

/** The model's own file, with its metadata set aside. */
export function packCalibrated({ member, calibration }: CalibratedWeights, storage: Storage): Uint8Array<ArrayBuffer> {
  const { tensors, metadata } = readSafetensors(storage.pack(member));
  return writeSafetensors({
    tensors,
    metadata: {
      format: 'concord',
      kind: 'calibrated',
      member: JSON.stringify(metadata),
      calibration: JSON.stringify(calibration),
    },
  });
}

/** @throws {ConcordError} BAD_INPUT where the file is malformed or does not fit the contract */
export function unpackCalibrated(bytes: Uint8Array, context: StoredContext, storage: Storage): CalibratedWeights {
  const { tensors, metadata } = readSafetensors(bytes);
  if (metadata.kind !== 'calibrated' || context.task !== 'risk') throw refuse('they are no model of risk');
  const own = parse(metadata.member);
  // One within the other would never end.
  if (!isMetadata(own) || own.kind === 'calibrated') throw refuse('its model is malformed');
  const calibration = parse(metadata.calibration);
  if (!isCalibration(calibration)) throw refuse('its calibration is malformed');
  return {
    kind: 'calibrated',
    member: storage.unpack(writeSafetensors({ tensors, metadata: own }), context),
    calibration,
  };
}

function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    throw refuse('they are no JSON');
  }
}

const isMetadata = (value: unknown): value is TensorFile['metadata'] =>
  typeof value === 'object' && value !== null && Object.values(value).every((text) => typeof text === 'string');

const isAscending = (values: unknown): values is number[] =>
  Array.isArray(values) &&
  values.length > 0 &&
  values.every((value, place) => Number.isFinite(value) && (place === 0 || value > values[place - 1]));

function isCalibration(value: unknown): value is Calibration {
  const { method, slope, intercept, from, to } = (value ?? {}) as Record<string, unknown>;
  if (method === 'platt')
    return typeof slope === 'number' && slope > 0 && Number.isFinite(slope) && Number.isFinite(intercept);
  return method === 'isotonic' && isAscending(from) && isAscending(to) && from.length === to.length;
}
