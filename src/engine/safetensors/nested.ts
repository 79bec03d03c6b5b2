import { ConcordError } from '../../errors.js';
import { type NamedTensor, readSafetensors, type TensorFile, writeSafetensors } from './safetensors.js';

/** A file that holds other files, each under a name. */
export interface NestedFile {
  readonly metadata: TensorFile['metadata'];
  readonly files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

/** Several files as one: tensors are called FILE/TENSOR, and what the metadata of each said stands in the metadata as JSON. */
export function nestFiles({ metadata, files }: NestedFile): Uint8Array<ArrayBuffer> {
  const read = [...files].map(([name, bytes]) => ({ name, ...readSafetensors(bytes) }));
  return writeSafetensors({
    tensors: read.flatMap(({ name, tensors }) =>
      tensors.map((tensor) => ({ ...tensor, name: `${name}/${tensor.name}` })),
    ),
    metadata: {
      ...metadata,
      files: JSON.stringify(read.map(({ name, metadata: own }) => [name, own])),
    },
  });
}

/** @throws {ConcordError} BAD_INPUT where the file is malformed, or a tensor is of no file */
export function unnestFiles(bytes: Uint8Array): NestedFile {
  const { tensors, metadata } = readSafetensors(bytes);
  const own = new Map(
    namesIn(metadata.files).map(([name, of]) => [name, { metadata: of, tensors: [] as NamedTensor[] }]),
  );
  for (const tensor of tensors) {
    const slash = tensor.name.indexOf('/');
    const file = own.get(tensor.name.slice(0, slash));
    if (slash < 0 || !file) throw malformed(`there is no file for tensor ${tensor.name}`);
    file.tensors.push({ ...tensor, name: tensor.name.slice(slash + 1) });
  }
  return { metadata, files: new Map([...own].map(([name, file]) => [name, writeSafetensors(file)])) };
}

const MOST_FILES = 64;

function namesIn(text: string | undefined): [string, TensorFile['metadata']][] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text ?? '');
  } catch (cause) {
    throw malformed('its list of files is no JSON', cause);
  }
  const isEntry = (entry: unknown): entry is [string, TensorFile['metadata']] =>
    Array.isArray(entry) &&
    entry.length === 2 &&
    typeof entry[0] === 'string' &&
    typeof entry[1] === 'object' &&
    entry[1] !== null &&
    Object.values(entry[1]).every((value) => typeof value === 'string');
  if (!Array.isArray(parsed) || parsed.length > MOST_FILES || !parsed.every(isEntry))
    throw malformed('its list of files is malformed');
  return parsed;
}

const malformed = (reason: string, cause?: unknown) =>
  new ConcordError('BAD_INPUT', `This is no file of several models: ${reason}.`, {}, { cause });
