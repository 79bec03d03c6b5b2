import { dirname } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { loadDataset } from '../../database/import/load-dataset.js';
import { readDescriptor } from '../../database/import/read-descriptor.js';
import { BACKENDS, type BackendName } from '../../engine/backends/backend.js';
import { createEngine } from '../../engine/create-engine.js';
import type { Column, Dataset } from '../../engine/data/dataset.js';
import { type Engine, type EvaluationResult, MODELS, type ModelName, type Task } from '../../engine/engine.js';
import type { Favourable } from '../../engine/metrics/fairness/fairness.js';
import { SMALLEST_GROUP } from '../../engine/metrics/fairness/groups.js';
import { badInput } from '../../errors.js';
import { riskFairness } from '../../oversight/fairness-report.js';
import { createRuntime } from '../composition.js';
import { readConfig } from '../config.js';
import { atSameShare, mitigateThresholds, reweighedText, reweighingOf, thresholdsText } from '../fairness/mitigate.js';
import {
  DEFAULT_FAVOURABLE,
  offlineInterest,
  productClasses,
  protectedColumns,
  riskSamples,
} from '../fairness/offline.js';
import { fairnessText } from '../fairness/render.js';
import { versionOf, viewerFor } from '../fairness/stored.js';
import { createOutput, type Output } from '../output.js';

interface Options {
  institution?: string;
  modelVersion?: string;
  descriptor?: string;
  data?: string;
  model?: ModelName;
  task?: Task;
  attribute?: string[];
  threshold?: number;
  favourable: Favourable;
  smallestGroup: number;
  mitigate?: 'thresholds' | 'reweighing';
  seed: number;
  backend?: BackendName;
  threads?: number;
  crossValidate?: number;
  json?: boolean;
}

/** Reading files is this part of the work, as progress shows it. */
const READING = 0.05;

/** `concord fairness`: how a model's predictions fall out by protected attribute, on files or on stored users. */
export function fairnessCommand(): Command {
  return new Command('fairness')
    .description(
      'Show how predictions fall out by protected attribute (adverse impact, opportunity, calibration, exposure): of a model that is trained on files, or of a version on stored users.',
    )
    .option('--descriptor <file>', 'train on files: what they mean (docs/import.md)')
    .option('--data <folder>', "where the descriptor's files lie (default: the descriptor's folder)")
    .addOption(new Option('--model <name>', 'which model').choices(MODELS))
    .addOption(
      new Option('--task <name>', "what to learn (default: the descriptor's task)").choices(['interest', 'risk']),
    )
    .option('--institution <code>', 'or measure its stored users by a model version, and keep the report')
    .option(
      '--model-version <id>',
      'which version: its id, or risk or interest for the one that serves (default: risk)',
    )
    .option('--attribute <name...>', 'by which attributes (default: all that the descriptor protects)')
    .option('--threshold <probability>', 'where risk decisions part (default: the best F1 on validation users)', share)
    .addOption(
      new Option('--favourable <side>', 'which probabilities of the event are good news for the user')
        .choices(['low', 'high'])
        .default(DEFAULT_FAVOURABLE),
    )
    .option('--smallest-group <users>', 'figures of fewer users are left out', wholeNumber(1, 1e6), SMALLEST_GROUP)
    .addOption(
      new Option(
        '--mitigate <how>',
        'show the same figures with other thresholds, or of a model trained on reweighed users: nothing is kept',
      ).choices(['thresholds', 'reweighing']),
    )
    .option('--seed <number>', 'decides everything that is random', wholeNumber(0, 2 ** 31), 1)
    .addOption(new Option('--backend <name>', 'what computes (default: the best that works)').choices(BACKENDS))
    .option('--threads <number>', 'networks trained side by side (default: one a core)', wholeNumber(1, 256))
    .option('--cross-validate <folds>', 'by cross-validation, on all users', wholeNumber(2, 50))
    .option('--json', 'one JSON object on stdout')
    .action(runFairness);
}

async function runFairness(options: Options): Promise<void> {
  const output = createOutput(options);
  if ((options.institution === undefined) === (options.descriptor === undefined))
    throw badInput('Name a descriptor of files, or an institution whose users are stored.');
  if (options.descriptor === undefined) await ofStored(options, output);
  else if (options.model === undefined) throw badInput('Name the model that is trained: --model.');
  else await ofFiles({ ...options, descriptor: options.descriptor, model: options.model }, output);
}

/** Of users that are stored, by a version that is: the report is kept. */
async function ofStored(
  { institution, modelVersion = 'risk', threshold, favourable }: Options,
  output: Output,
): Promise<void> {
  const runtime = await createRuntime(readConfig(), { onStep: (step) => output.progress(step, 0) });
  try {
    const viewer = await viewerFor(runtime, institution);
    const versionId = await versionOf(runtime, viewer, modelVersion);
    output.progress('measuring', 0.2);
    const { report, level } = await runtime.services.oversight.fairness.assess(viewer, {
      versionId,
      threshold,
      favourable,
    });
    output.progress('done', 1);
    output.result({ level, fairness: report }, () => [fairnessText(report), ...report.remarks].join('\n\n'));
  } finally {
    await runtime.close();
  }
}

type FileOptions = Options & Required<Pick<Options, 'descriptor' | 'model'>>;

async function ofFiles(options: FileOptions, output: Output): Promise<void> {
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once('SIGINT', interrupt);
  const engine = createEngine({ backend: options.backend ?? readConfig().backend, threads: options.threads });
  try {
    const descriptor = await readDescriptor(options.descriptor);
    const folder = options.data ?? dirname(options.descriptor);
    const { dataset, report } = await loadDataset(descriptor, folder, {
      signal: stop.signal,
      onProgress: (stage, fraction) => output.progress(stage, fraction * READING),
    });
    for (const note of report.notes) output.note(note);
    const columns = protectedColumns(dataset, options.attribute);
    const task = options.task ?? descriptor.task;
    if (task === 'interest' && options.mitigate) throw badInput('What is mitigated are decisions: of the task risk.');
    if (options.mitigate === 'reweighing' && columns.length !== 1)
      throw badInput('Reweighing is by one attribute: name it with --attribute.');
    const setting = { engine, output, signal: stop.signal, of: options.mitigate === 'reweighing' ? 2 : 1 };
    const result = await evaluate(setting, dataset, task, options);
    const about = aboutOf(result, dataset, columns);
    if (task === 'risk') {
      const evaluateWith = (weights: Float32Array) =>
        evaluate({ ...setting, done: 1 }, { ...dataset, weights }, task, options);
      await showRisk(output, dataset, result, { about, columns, options, evaluateWith });
    } else {
      output.progress('done', 1);
      const classes = await productClasses(descriptor, folder, dataset.ownership!.products);
      const fairness = offlineInterest(result, columns, classes, options.smallestGroup);
      output.result({ ...about, fairness }, () => `${heading(about)}\n${fairnessText(fairness)}`);
    }
  } finally {
    process.off('SIGINT', interrupt);
    await engine.close();
  }
}

interface Setting {
  readonly engine: Engine;
  readonly output: Output;
  readonly signal: AbortSignal;
  /** Evaluations in all, and which of them are done. */
  readonly of: number;
  readonly done?: number;
}

const evaluate = (
  { engine, output, signal, of, done = 0 }: Setting,
  dataset: Dataset,
  task: Task,
  { model, seed, crossValidate }: FileOptions,
): Promise<EvaluationResult> =>
  engine.evaluate(dataset, task, {
    ...{ model, seed, crossValidate, signal, predictions: true },
    onProgress: ({ stage, fraction, figures }) =>
      output.progress(stage, READING + ((1 - READING) * (done + fraction)) / of, figures),
  });

function aboutOf(
  { dataset, task, model, metrics, backend, seconds }: EvaluationResult,
  data: Dataset,
  columns: readonly Column[],
) {
  const read = new Set(data.columns.map(({ name }) => name));
  return {
    ...{ dataset, task, model, metrics, backend, seconds },
    attributes: columns.map(({ name }) => ({ attribute: name, readByModel: read.has(name) })),
  };
}

type About = ReturnType<typeof aboutOf>;

function heading({ dataset, task, model, attributes }: About): string {
  const read = attributes.filter(({ readByModel }) => readByModel).map(({ attribute }) => attribute);
  return `${dataset}, ${task}, ${model}; ${read.length > 0 ? `the model reads ${read.join(', ')}` : 'the model reads none of these attributes'}`;
}

interface RiskSetting {
  readonly about: About;
  readonly columns: readonly Column[];
  readonly options: FileOptions;
  /** Trains and tests again, with weights of users. */
  evaluateWith(weights: Float32Array): Promise<EvaluationResult>;
}

async function showRisk(
  output: Output,
  dataset: Dataset,
  result: EvaluationResult,
  { about, columns, options, evaluateWith }: RiskSetting,
): Promise<void> {
  const { threshold: given, favourable, smallestGroup: smallest, mitigate } = options;
  const samples = riskSamples(result, given);
  const rule = { favourable, threshold: samples.threshold };
  const fairness = riskFairness(samples.tested, columns, samples.tested.users, rule, smallest);
  const plain = { ...about, from: samples.from, fairness };
  const text = `${heading(about)}\non ${samples.from}\n${fairnessText(fairness)}`;
  if (mitigate === 'thresholds') {
    const mitigated = mitigateThresholds(samples, columns, rule, smallest);
    output.progress('done', 1);
    output.result({ ...plain, mitigated }, () => `${text}\n\n${thresholdsText(mitigated)}`);
  } else if (mitigate === 'reweighing') {
    const [column] = columns;
    const weighed = await evaluateWith(reweighingOf(dataset, column, smallest));
    const after = riskSamples(weighed, atSameShare(samples, riskSamples(weighed, given), favourable));
    const reweighed = {
      attribute: column.name,
      metrics: weighed.metrics,
      fairness: riskFairness(
        after.tested,
        columns,
        after.tested.users,
        { favourable, threshold: after.threshold },
        smallest,
      ),
    };
    output.progress('done', 1);
    output.result({ ...plain, reweighed }, () => `${text}\n\n${reweighedText(about.metrics, reweighed)}`);
  } else {
    output.progress('done', 1);
    output.result(plain, () => text);
  }
}

const share = (text: string): number => {
  const value = Number(text);
  if (text.trim() !== '' && value > 0 && value < 1) return value;
  throw new InvalidArgumentError('A number between 0 and 1 is expected.');
};

const wholeNumber = (least: number, most: number) => (text: string) => {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new InvalidArgumentError(`A whole number from ${least} to ${most} is expected.`);
};
