import { readFile } from 'node:fs/promises';
import { badInput } from '../../errors.js';
import type { Descriptor } from './descriptor.js';

/**
 * Reads and checks a descriptor file.
 * @throws {ConcordError} BAD_INPUT that names the place in the file and says what to do.
 */
export async function readDescriptor(path: string): Promise<Descriptor> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw badInput(`The descriptor ${path} cannot be read (${(error as Error).message}).`, { path });
  });
  try {
    return JSON.parse(text) as Descriptor;
  } catch (error) {
    throw badInput(`The descriptor ${path} is no JSON: ${(error as Error).message}.`, { path });
  }
}
