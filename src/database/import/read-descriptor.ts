import { readFile } from 'node:fs/promises';
import { badInput } from '../../errors.js';
import type { Descriptor } from './descriptor.js';
import { problemsOf } from './descriptor-problems.js';

/** Problems shown at once: the first usually explain the others. */
const SHOWN = 8;
const LARGEST = 1 << 20;

/**
 * Reads and checks a descriptor file.
 * @throws {ConcordError} BAD_INPUT that names each place in the file and says what to do.
 */
export async function readDescriptor(path: string): Promise<Descriptor> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw badInput(`The descriptor ${path} cannot be read (${(error as Error).message}).`, { path });
  });
  if (text.length > LARGEST) throw badInput(`The descriptor ${path} is larger than 1 MiB.`, { path });
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    throw badInput(`The descriptor ${path} is no JSON: ${(error as Error).message}.`, { path });
  }
  return checkDescriptor(value, path);
}

/** @throws {ConcordError} BAD_INPUT listing what is wrong. @param path for the message. */
export function checkDescriptor(value: unknown, path: string): Descriptor {
  const problems = problemsOf(value);
  if (problems.length === 0) return value as Descriptor;
  const shown = problems.slice(0, SHOWN);
  if (problems.length > SHOWN) shown.push(`… and ${problems.length - SHOWN} more`);
  throw badInput(`The descriptor ${path} is not right:\n${shown.map((problem) => `  ${problem}`).join('\n')}`, {
    path,
    problems,
  });
}
