import { dirname } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { STRATEGIES, type Strategy } from '../../../federated/protocol/plan.js';
import type { Descriptor } from '../../database/import/descriptor.js';
import { loadDataset } from '../../database/import/load-dataset.js';
import { readDescriptor } from '../../database/import/read-descriptor.js';
import { BACKENDS, type BackendName } from '../../engine/backends/backend.js';
import type { CalibrationChoice } from '../../engine/calibration/calibration.js';
import { createEngine } from '../../engine/create-engine.js';
import type { Dataset } from '../../engine/data/dataset.js';
import { type Engine, type EvaluationResult, MODELS, type ModelName, type Task } from '../../engine/engine.js';
import { requireFederated } from '../../engine/models/federated.js';
import { warningsOf } from '../../engine/training/learning-curve.js';
import { badInput } from '../../errors.js';
import { readConfig } from '../config.js';
import { createOutput, type Output, table } from '../output.js';
import { declarationOf } from '../simulation/declaration.js';
import { runSimulation, withFold } from '../simulation/run.js';
import { givenSettings } from '../tuning/given-settings.js';
import { calibrationOption, settingsOption } from './options.js';

interface Options {
  descriptor: string;
  data?: string;
  model: ModelName;
  task?: Task;
  seed: number;
  backend?: BackendName;
  threads?: number;
  crossValidate?: number;
  settings?: string;
  calibration?: CalibrationChoice;
  banks?: number;
  splitBy: string[];
  strategy: Strategy;
  epsilon: number;
  delta: number;
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
    .addOption(settingsOption())
    .addOption(calibrationOption())
    .option(
      '--banks <number>',
      'simulate a federation of so many banks with private training; 1 = private, pooled',
      wholeNumber(1, 1000),
    )
    .option('--split-by <columns>', 'attributes, with commas, by whose values users are dealt to the banks', names, [])
    .addOption(new Option('--strategy <name>', 'how the banks train together').choices(STRATEGIES).default('fedsgd'))
    .option('--epsilon <number>', 'budget of each bank', positive, 3)
    .option('--delta <number>', 'its δ', positive, 1e-5)
    .option('--json', 'one JSON object on stdout')
    .action(runEvaluate);
}

async function runEvaluate(options: Options): Promise<void> {
  const output = createOutput(options);
  if (options.banks !== undefined) requireFederated(options.model);
  if (options.banks !== undefined && options.settings !== undefined)
    throw badInput('A federation has settings of its own, which do not depend on the data: leave --settings out.');
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
    if (options.banks !== undefined) {
      await evaluateFederation(
        { ...options, banks: options.banks },
        { output, engine, descriptor, dataset, signal: stop.signal },
      );
      return;
    }
    const task = options.task ?? descriptor.task;
    const given = options.settings === undefined ? {} : await givenSettings(options.settings, { ...options, task });
    const result = await engine.evaluate(dataset, task, {
      model: options.model,
      seed: options.seed,
      crossValidate: options.crossValidate,
      settings: { ...given, ...(options.calibration && { calibration: options.calibration }) },
      headProducts: descriptor.head,
      signal: stop.signal,
      onProgress: ({ stage, fraction, figures }) => output.progress(stage, READING + (1 - READING) * fraction, figures),
    });
    output.progress('done', 1);
    for (const warning of warningsOf(result.settings)) output.note(warning);
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

interface Setting {
  readonly output: Output;
  readonly engine: Engine;
  readonly descriptor: Descriptor;
  readonly dataset: Dataset;
  readonly signal: AbortSignal;
}

/** What of the work is the private training; then comes the model that is not private. */
const PRIVATE = 0.8;

/** The federation's figures beside those of the same model without privacy, and of the peers. */
async function evaluateFederation(
  { model, seed, banks, splitBy, strategy, epsilon, delta, ...options }: Options & { readonly banks: number },
  { output, engine, descriptor, signal, ...read }: Setting,
): Promise<void> {
  const started = performance.now();
  const task = options.task ?? descriptor.task;
  const dataset = withFold(read.dataset, task, seed);
  const { declaration, assumedCodeLists } = declarationOf(descriptor, dataset, task);
  if (assumedCodeLists.length > 0)
    output.note(`the categories that occur are taken for a public code list: ${assumedCodeLists.join(', ')}`);
  const headProducts = descriptor.head;
  const simulation = await runSimulation(
    { dataset, declaration, task, model, banks, splitBy, strategy, epsilon, delta },
    engine,
    {
      signal,
      onProgress: ({ stage, fraction, figures }) =>
        output.progress(stage, READING + (PRIVATE - READING) * fraction, figures),
    },
  );
  const metrics = await engine.measure(dataset, simulation.model, { seed, headProducts, signal });
  const plain = await engine.evaluate(dataset, task, {
    model,
    seed,
    headProducts,
    signal,
    onProgress: ({ stage, fraction }) => output.progress(stage, PRIVATE + (1 - PRIVATE) * fraction),
  });
  output.progress('done', 1);
  const { federation } = simulation;
  const peers = descriptor.peers ?? {};
  const seconds = Math.round((performance.now() - started) / 10) / 100;
  const columns = { private: metrics, 'not private': plain.metrics, ...peers };
  output.result(
    {
      dataset: dataset.name,
      task,
      model,
      metrics,
      nonPrivate: plain.metrics,
      peers,
      federation: { ...federation, splitBy, assumedCodeLists },
      backend: plain.backend,
      seconds,
    },
    () => {
      const rows = Object.keys(metrics).map((metric) => ({
        metric,
        ...Object.fromEntries(Object.entries(columns).map(([name, figures]) => [name, rounded(figures[metric])])),
      }));
      const sizes = federation.banks.map(({ users }) => users).join(', ');
      return `${dataset.name}, ${task}, ${model}, ${strategy}: ${banks} banks of ${sizes} users, ${federation.rounds} rounds, noise ${federation.noiseMultiplier.toFixed(3)}, ε = ${federation.epsilon.toFixed(4)} by the ledger at δ = ${delta}, ${seconds} s\n\n${table(rows)}`;
    },
  );
}

const names = (text: string): string[] =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

const positive = (text: string): number => {
  const value = Number(text);
  if (text.trim() !== '' && value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('A number above 0 is expected.');
};

const rounded = (value: number | undefined): number | null => (value === undefined ? null : Number(value.toFixed(4)));

const wholeNumber = (least: number, most: number) => (text: string) => {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new InvalidArgumentError(`A whole number from ${least} to ${most} is expected.`);
};
