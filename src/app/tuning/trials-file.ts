import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ModelName, ModelSettings, Task } from '../../engine/engine.js';
import { badInput } from '../../errors.js';

/** What a search is of: trials of another are not to be compared with it. */
export interface SearchHeader {
  /** Of Concord. */
  readonly version: string;
  readonly dataset: string;
  /** SHA-256 of the data and their split. */
  readonly data: string;
  readonly task: Task;
  readonly model: ModelName;
  readonly seed: number;
}

export interface TrialRecord {
  readonly trial: number;
  /** Whether it was trained with all of its epochs, rounds, trees or iterations, or with a third of them. */
  readonly full: boolean;
  readonly settings: ModelSettings;
  readonly validationLoss: number | null;
  readonly refused?: string;
  readonly backend: string;
  readonly seconds: number;
}

/** A look at the test users. */
export interface TestRecord {
  readonly trial: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly backend: string;
  readonly seconds: number;
}

export interface Trials {
  readonly header: SearchHeader;
  readonly trials: readonly TrialRecord[];
  readonly tests: readonly TestRecord[];
}

/** A file of JSON lines, to which each trial is added as it ends. */
export interface TrialsFile extends Trials {
  addTrial(record: TrialRecord): Promise<void>;
  addTest(record: TestRecord): Promise<void>;
}

type Line =
  | ({ readonly kind: 'search' } & SearchHeader)
  | ({ readonly kind: 'trial' } & TrialRecord)
  | ({ readonly kind: 'test' } & TestRecord);

/**
 * Opens the file of a search, or begins one. A last line that was broken off is taken away.
 * @throws {ConcordError} BAD_INPUT where the file is of another search, or none
 */
export async function openTrials(path: string, header: SearchHeader): Promise<TrialsFile> {
  const before = await readIfThere(path);
  const whole = before?.slice(0, before.lastIndexOf('\n') + 1);
  const known = whole ? parseTrials(whole, path) : { header, trials: [], tests: [] };
  for (const name of Object.keys(header) as (keyof SearchHeader)[])
    if (known.header[name] !== header[name])
      throw badInput(
        `${path} is of a search with another ${WHAT[name]} (${known.header[name]}, not ${header[name]}): remove it, or name another by --trials-file.`,
      );
  if (!whole) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, lineOf({ kind: 'search', ...header }));
  } else if (whole !== before) await writeFile(path, whole);
  const trials = [...known.trials];
  const tests = [...known.tests];
  return {
    header,
    trials,
    tests,
    async addTrial(record) {
      await appendFile(path, lineOf({ kind: 'trial', ...record }));
      trials.push(record);
    },
    async addTest(record) {
      await appendFile(path, lineOf({ kind: 'test', ...record }));
      tests.push(record);
    },
  };
}

const WHAT: Readonly<Record<keyof SearchHeader, string>> = {
  version: 'version of Concord',
  dataset: 'data set',
  data: 'state of the data or split',
  task: 'task',
  model: 'model',
  seed: 'seed',
};

const lineOf = (line: Line): string => `${JSON.stringify(line)}\n`;

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** @throws {ConcordError} BAD_INPUT where this is no file of trials */
export function parseTrials(text: string, path: string): Trials {
  const lines = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line, index) => parsed(line, `${path}, line ${index + 1}`));
  const [first, ...rest] = lines;
  if (first?.kind !== 'search')
    throw badInput(`${path} is no file of trials: it does not begin with what was searched.`);
  const { kind: _, ...header } = first;
  return {
    header,
    trials: rest.flatMap((line) => (line.kind === 'trial' ? [withoutKind(line)] : [])),
    tests: rest.flatMap((line) => (line.kind === 'test' ? [withoutKind(line)] : [])),
  };
}

function withoutKind<T extends Line>({ kind: _, ...record }: T): Omit<T, 'kind'> {
  return record;
}

function parsed(line: string, place: string): Line {
  try {
    const value = JSON.parse(line) as Line | null;
    if (value && ['search', 'trial', 'test'].includes(value.kind)) return value;
  } catch (cause) {
    throw badInput(`${place} is no JSON: ${(cause as Error).message}.`);
  }
  throw badInput(`${place} is neither a search, a trial nor a test.`);
}
