import { createHash } from 'node:crypto';
import { badInput } from '../../errors.js';
import type { Folds, Split } from './descriptor.js';
import { openCsv, type ReadContext } from './files/csv-file.js';
import { detached } from './values/text.js';

export type FoldName = 'train' | 'validation' | 'test';
export interface Place {
  readonly fold: FoldName;
  /** Code of the product that is hidden from the model. */
  readonly heldOut?: string;
}

const FOLDS: Required<Folds> = {
  train: ['train', 'training'],
  validation: ['val', 'validation', 'valid', 'dev'],
  test: ['test', 'testing'],
};

/** @returns a function from the text of a fold to its name. */
export function foldReader(folds: Folds = {}): (text: string) => FoldName | undefined {
  const names = new Map<string, FoldName>();
  for (const fold of ['train', 'validation', 'test'] as const) {
    for (const text of folds[fold] ?? FOLDS[fold]) names.set(text, fold);
  }
  return (text) => names.get(text);
}

/**
 * Reads the file of a stored split.
 * @returns key → place. @throws {ConcordError} BAD_INPUT for a column that is missing or a fold that no name fits.
 */
export async function readSplitFile(
  split: Extract<Split, { file: unknown }>,
  context: ReadContext,
): Promise<ReadonlyMap<string, Place>> {
  const csv = await openCsv(split.file, context);
  const indexOf = (column: string) => {
    const index = csv.columns.indexOf(column);
    if (index < 0)
      throw badInput(`${csv.name} has no column "${column}". It has: ${csv.columns.join(', ')}.`, { column });
    return index;
  };
  const [key, fold] = [indexOf(split.key), indexOf(split.fold)];
  const heldOut = split.heldOut === undefined ? undefined : indexOf(split.heldOut);
  const foldOf = foldReader(split.folds);
  const places = new Map<string, Place>();
  for await (const batch of csv.rows()) {
    for (const row of batch) {
      if (row.problem)
        throw badInput(`${csv.name}, line ${row.line}: ${row.problem}.`, { file: csv.name, line: row.line });
      const text = row.fields[fold]!.trim();
      const name = foldOf(text);
      if (!name) throw badInput(`${csv.name}, line ${row.line}: "${text}" names no fold; say in "folds" which it is.`);
      const hidden = heldOut === undefined ? '' : row.fields[heldOut]!.trim();
      places.set(
        detached(row.fields[key]!.trim()),
        hidden ? { fold: name, heldOut: detached(hidden) } : { fold: name },
      );
    }
  }
  return places;
}

/** @returns a number from 0 to 1 that depends on seed and text only: the same user is always in the same fold. */
export function uniform(seed: number, text: string): number {
  return createHash('sha256').update(`${seed}\n${text}`).digest().readUInt32BE(0) / 2 ** 32;
}

export function randomFold(
  { validation, test, seed = 42 }: { validation: number; test: number; seed?: number },
  id: string,
): FoldName {
  const u = uniform(seed, id);
  if (u < test) return 'test';
  return u < test + validation ? 'validation' : 'train';
}
