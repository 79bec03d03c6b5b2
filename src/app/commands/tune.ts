import { dirname, join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { loadDataset } from '../../database/import/load-dataset.js';
import { readDescriptor } from '../../database/import/read-descriptor.js';
import { BACKENDS, type BackendName } from '../../engine/backends/backend.js';
import { createEngine } from '../../engine/create-engine.js';
import { FOLD } from '../../engine/data/dataset.js';
import { MODELS, type ModelName, type Task } from '../../engine/engine.js';
import { requireSearchable } from '../../engine/tuning/space.js';
import { readConfig } from '../config.js';
import { createOutput, EXIT } from '../output.js';
import { digestOf } from '../tuning/digest.js';
import { search } from '../tuning/search.js';
import { type Found, searchText } from '../tuning/search-text.js';
import { openTrials } from '../tuning/trials-file.js';
import { VERSION } from '../version.js';

interface Options {
  descriptor: string;
  data?: string;
  model: ModelName;
  task?: Task;
  trials: number;
  seed: number;
  time?: number;
  trialsFile?: string;
  backend?: BackendName;
  threads?: number;
  json?: boolean;
}

/** Reading files is this part of the work, as progress shows it. */
const READING = 0.03;
const MINUTE = 60_000;

/** `concord tune`: searches settings of a model on files, by validation users alone, and keeps every trial. */
export function tuneCommand(): Command {
  return new Command('tune')
    .description(
      'Search the settings of a model by the log loss of validation users, keep every trial in a file, and test the best one once. What was broken off goes on where it was.',
    )
    .requiredOption('--descriptor <file>', 'what the files mean (docs/import.md)')
    .option('--data <folder>', "where the descriptor's files lie (default: the descriptor's folder)")
    .addOption(new Option('--model <name>', 'which model').choices(MODELS).makeOptionMandatory())
    .addOption(
      new Option('--task <name>', "what to learn (default: the descriptor's task)").choices(['interest', 'risk']),
    )
    .option('--trials <number>', 'settings that are tried, the usual ones first', wholeNumber(1, 10_000), 30)
    .option('--seed <number>', 'decides everything that is random', wholeNumber(0, 2 ** 31), 1)
    .option('--time <minutes>', 'begin no further trial after so long', minutes)
    .option(
      '--trials-file <file>',
      'where trials are kept, as JSON lines (default: trials/DATASET-TASK-MODEL.jsonl in this folder)',
    )
    .addOption(new Option('--backend <name>', 'what computes (default: the best that works)').choices(BACKENDS))
    .option('--threads <number>', 'networks trained side by side (default: one a core)', wholeNumber(1, 256))
    .option('--json', 'one JSON object on stdout')
    .action(runTune);
}

async function runTune(options: Options): Promise<void> {
  const { model, seed } = options;
  const output = createOutput(options);
  requireSearchable(model);
  const backend = options.backend ?? readConfig().backend;
  const ending = new AbortController();
  const stop = new AbortController();
  const interrupt = () => {
    if (ending.signal.aborted) stop.abort();
    else output.note('Ending after this trial; once more ends at once.');
    ending.abort();
  };
  process.on('SIGINT', interrupt);
  const engine = createEngine({ backend, threads: options.threads });
  try {
    const descriptor = await readDescriptor(options.descriptor);
    const { dataset, report } = await loadDataset(descriptor, options.data ?? dirname(options.descriptor), {
      signal: ending.signal,
      onProgress: (stage, fraction) => output.progress(stage, fraction * READING),
    });
    for (const note of report.notes) output.note(note);
    const task = options.task ?? descriptor.task;
    const path = options.trialsFile ?? join('trials', `${dataset.name}-${task}-${model}.jsonl`);
    const file = await openTrials(path, {
      ...{ version: VERSION, dataset: dataset.name, data: digestOf(dataset), task, model, seed },
    });
    const result = await search(
      engine,
      {
        ...{ dataset, task, model, seed, trials: options.trials, headProducts: descriptor.head },
        ...(options.time !== undefined && { milliseconds: options.time * MINUTE }),
      },
      file,
      {
        ending: ending.signal,
        signal: stop.signal,
        now: () => performance.now(),
        onProgress: (stage, fraction, figures) => output.progress(stage, READING + (1 - READING) * fraction, figures),
      },
    );
    if (result.ended !== 'interrupted') output.progress('done', 1);
    const isSplit = dataset.fold?.includes(FOLD.test) ?? false;
    const found: Found = {
      ...{ dataset: dataset.name, task, model, seed, file: path, isSplit },
      ...{ peers: descriptor.peers ?? {}, ...result },
    };
    const { best = null, test = null } = result;
    output.result({ ...found, best, test }, () => searchText(found));
    if (result.ended === 'interrupted') process.exitCode = EXIT.cancelled;
  } finally {
    process.off('SIGINT', interrupt);
    await engine.close();
  }
}

const minutes = (text: string): number => {
  const value = Number(text);
  if (text.trim() !== '' && value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('A number of minutes above 0 is expected.');
};

const wholeNumber = (least: number, most: number) => (text: string) => {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new InvalidArgumentError(`A whole number from ${least} to ${most} is expected.`);
};
