import { dirname } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Descriptor } from '../../database/import/descriptor.js';
import { loadDataset } from '../../database/import/load-dataset.js';
import { readDescriptor } from '../../database/import/read-descriptor.js';
import { BACKENDS, type BackendName } from '../../engine/backends/backend.js';
import { createEngine } from '../../engine/create-engine.js';
import { type EvaluationResult, MODELS, type ModelName, type Task } from '../../engine/engine.js';
import { readConfig } from '../config.js';
import { createOutput, type Output, table } from '../output.js';

interface Options {
  descriptor: string;
  data?: string;
  model: ModelName;
  task?: Task;
  seed: number;
  backend?: BackendName;
  threads?: number;
  crossValidate?: number;
  json?: boolean;
}

type Peers = NonNullable<Descriptor['peers']>;

/** Reading files is this part of the work, as progress shows it. */
const READING = 0.05;

/** `concord evaluate`: trains and tests a model on files, with no database, and shows what it reaches beside what others do. */
export function evaluateCommand(): Command {
  return new Command('evaluate')
    .description(
      'Train a model on a data set, test it on the stored split or by cross-validation, and print what it reaches.',
    )
    .requiredOption('--descriptor <file>', 'what the files mean (docs/import.md)')
    .option('--data <folder>', "where the descriptor's files lie (default: the descriptor's folder)")
    .addOption(new Option('--model <name>', 'which model').choices(MODELS).makeOptionMandatory())
    .addOption(
      new Option('--task <name>', "what to learn (default: the descriptor's task)").choices(['interest', 'risk']),
    )
    .option('--seed <number>', 'decides everything that is random', wholeNumber(0, 2 ** 31), 1)
    .addOption(new Option('--backend <name>', 'what computes (default: the best that works)').choices(BACKENDS))
    .option('--threads <number>', 'networks trained side by side (default: one a core)', wholeNumber(1, 256))
    .option('--cross-validate <folds>', 'by cross-validation too (alone, where no split is stored)', wholeNumber(2, 50))
    .option('--json', 'one JSON object on stdout')
    .action(runEvaluate);
}

async function runEvaluate(options: Options): Promise<void> {
  const output = createOutput(options);
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
    const result = await engine.evaluate(dataset, options.task ?? descriptor.task, {
      model: options.model,
      seed: options.seed,
      crossValidate: options.crossValidate,
      headProducts: descriptor.head,
      signal: stop.signal,
      onProgress: ({ stage, fraction, figures }) => output.progress(stage, READING + (1 - READING) * fraction, figures),
    });
    output.progress('done', 1);
    show(output, result, descriptor.peers ?? {});
  } finally {
    process.off('SIGINT', interrupt);
    await engine.close();
  }
}

function show(output: Output, result: EvaluationResult, peers: Peers): void {
  const { dataset, task, model, metrics, settings, backend, seconds } = result;
  output.result({ dataset, task, model, metrics, peers, settings, backend, seconds }, () => {
    const names = Object.keys(metrics).filter(
      (name) => !/^cv\d+_/.test(name) || /^cv\d+_(auc|mrr|recall@3|logloss)(_sd)?$/.test(name),
    );
    const rows = names.map((metric) => ({
      metric,
      [model]: rounded(metrics[metric]),
      ...Object.fromEntries(Object.entries(peers).map(([peer, figures]) => [peer, rounded(figures[metric])])),
    }));
    return `${dataset}, ${task}, ${model} on ${backend}, ${seconds} s\n\n${table(rows)}`;
  });
}

const rounded = (value: number | undefined): number | null => (value === undefined ? null : Number(value.toFixed(4)));

const wholeNumber = (least: number, most: number) => (text: string) => {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new InvalidArgumentError(`A whole number from ${least} to ${most} is expected.`);
};
