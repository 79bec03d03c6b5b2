import { access, constants, stat, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { loadDataset } from '../../database/import/load-dataset.js';
import { readDescriptor } from '../../database/import/read-descriptor.js';
import { BACKENDS, type BackendName } from '../../engine/backends/backend.js';
import { createEngine } from '../../engine/create-engine.js';
import { MODELS, type ModelName, type Task } from '../../engine/engine.js';
import { badInput } from '../../errors.js';
import { compareModels } from '../comparison/compare.js';
import { terminalText } from '../comparison/terminal-text.js';
import { readConfig } from '../config.js';
import { createOutput, EXIT } from '../output.js';
import { renderReport } from '../report/report.js';
import { VERSION } from '../version.js';

interface Options {
  descriptor: string;
  data?: string;
  models: ModelName[] | 'all';
  task?: Task;
  seed: number;
  crossValidate?: number;
  resamples: number;
  backend?: BackendName;
  threads?: number;
  html?: string;
  json?: boolean;
}

/** Reading files is this part of the work, as progress shows it. */
const READING = 0.03;

/** `concord compare`: trains and tests several models on files, with no database, and says which differences are findings. */
export function compareCommand(): Command {
  return new Command('compare')
    .description(
      'Train several models on a data set, test them on the same users, and say which is best and which differences are findings.',
    )
    .requiredOption('--descriptor <file>', 'what the files mean (docs/import.md)')
    .option('--data <folder>', "where the descriptor's files lie (default: the descriptor's folder)")
    .option('--models <names>', `with commas, or all: ${MODELS.join(', ')}`, modelNames, 'all')
    .addOption(
      new Option('--task <name>', "what to learn (default: the descriptor's task)").choices(['interest', 'risk']),
    )
    .option('--seed <number>', 'decides everything that is random', wholeNumber(0, 2 ** 31), 1)
    .option(
      '--cross-validate <folds>',
      'by cross-validation too (default: 5 folds for small risk sets, and where no split is stored)',
      wholeNumber(2, 50),
    )
    .option('--resamples <number>', 'draws of the bootstrap', wholeNumber(1000, 100_000), 2000)
    .addOption(new Option('--backend <name>', 'what computes (default: the best that works)').choices(BACKENDS))
    .option('--threads <number>', 'networks trained side by side (default: one a core)', wholeNumber(1, 256))
    .option('--html <file>', 'write a report with plots, one page that needs nothing else')
    .option('--json', 'one JSON object on stdout')
    .action(runCompare);
}

async function runCompare(options: Options): Promise<void> {
  const output = createOutput(options);
  const html = options.html === undefined ? undefined : await writablePath(options.html);
  const backend = options.backend ?? readConfig().backend;
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once('SIGINT', interrupt);
  const engine = createEngine({ backend, threads: options.threads });
  try {
    const descriptor = await readDescriptor(options.descriptor);
    const { dataset, report } = await loadDataset(descriptor, options.data ?? dirname(options.descriptor), {
      signal: stop.signal,
      onProgress: (stage, fraction) => output.progress(stage, fraction * READING),
    });
    for (const note of report.notes) output.note(note);
    const comparison = await compareModels(engine, {
      dataset,
      descriptor,
      report,
      task: options.task ?? descriptor.task,
      models: options.models === 'all' ? MODELS : options.models,
      skipUnfit: options.models === 'all',
      seed: options.seed,
      resamples: options.resamples,
      crossValidate: options.crossValidate,
      signal: stop.signal,
      onProgress: (stage, fraction, figures) => output.progress(stage, READING + (1 - READING) * fraction, figures),
    });
    if (html !== undefined) {
      await writeFile(
        html,
        renderReport(comparison, {
          command: commandLine(options),
          version: VERSION,
          node: process.version,
          platform: `${process.platform} ${process.arch}`,
          made: new Date(),
        }),
      );
    }
    output.progress('done', 1);
    output.result({ ...comparison, ...(html !== undefined && { html }) }, () =>
      [terminalText(comparison), ...(html !== undefined ? [`\nreport: ${html}`] : [])].join('\n'),
    );
    if (comparison.skipped.some(({ isFault }) => isFault)) process.exitCode = EXIT.failure;
  } finally {
    process.off('SIGINT', interrupt);
    await engine.close();
  }
}

/**
 * Says before the long work that the report could not be written after it.
 * @returns the whole path
 * @throws {ConcordError} BAD_INPUT
 */
async function writablePath(file: string): Promise<string> {
  const path = resolve(file);
  const known = await stat(path).catch(() => undefined);
  if (known?.isDirectory()) throw badInput(`${path} is a folder: name the file that the report is to be.`);
  try {
    await access(known ? path : dirname(path), constants.W_OK);
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'its folder is not there' : 'it cannot be written';
    throw badInput(`The report ${path} has no place: ${why}.`);
  }
  return path;
}

/** What to type for the same comparison; file names as they were given. */
function commandLine(options: Options): string {
  const words = ['--descriptor', options.descriptor];
  if (options.data !== undefined) words.push('--data', options.data);
  words.push('--models', options.models === 'all' ? 'all' : options.models.join(','));
  if (options.task) words.push('--task', options.task);
  words.push('--seed', String(options.seed));
  if (options.crossValidate !== undefined) words.push('--cross-validate', String(options.crossValidate));
  words.push('--resamples', String(options.resamples));
  if (options.backend) words.push('--backend', options.backend);
  if (options.html !== undefined) words.push('--html', options.html);
  return ['concord', 'compare', ...words.map(quoted)].join(' ');
}

const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

function modelNames(text: string): ModelName[] | 'all' {
  if (text === 'all') return 'all';
  const named = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const unknown = named.find((name) => !MODELS.some((model) => model === name));
  if (unknown !== undefined)
    throw new InvalidArgumentError(`There is no model ${unknown}: all, or ${MODELS.join(', ')}.`);
  if (named.length === 0) throw new InvalidArgumentError(`all, or some of ${MODELS.join(', ')}.`);
  return [...new Set(named)] as ModelName[];
}

const wholeNumber = (least: number, most: number) => (text: string) => {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new InvalidArgumentError(`A whole number from ${least} to ${most} is expected.`);
};
