import { Command, InvalidArgumentError, Option } from 'commander';
import { BACKENDS, type BackendName } from '../../engine/backends/backend.js';
import type { CalibrationChoice } from '../../engine/calibration/calibration.js';
import type { Series } from '../../engine/data/dataset.js';
import { MODELS, type ModelName, type ModelSettings, type Task } from '../../engine/engine.js';
import { warningsOf } from '../../engine/training/learning-curve.js';
import { badInput, ConcordError } from '../../errors.js';
import { MODEL_TASKS, type ModelVersionInfo } from '../../models/model-version.js';
import { createRuntime, localViewer, type Runtime } from '../composition.js';
import { readConfig } from '../config.js';
import { createOutput, type Output, table } from '../output.js';
import { givenSettings } from '../tuning/given-settings.js';
import { calibrationOption, settingsOption } from './options.js';

interface Options {
  task: Task | 'all';
  model: ModelName;
  institution?: string[];
  shared?: boolean;
  activate?: boolean;
  seed: number;
  settings?: string;
  calibration?: CalibrationChoice;
  series?: Series[];
  backend?: BackendName;
  json?: boolean;
}

interface Trained {
  readonly task: Task;
  readonly version: ModelVersionInfo;
}

interface Skipped {
  readonly task: Task;
  readonly reason: string;
}

const PAGE = 100;
const SHOWN = ['recall@3', 'mrr', 'tail_mrr', 'logloss', 'auc', 'ks'];

/** `concord train`: trains models from what is stored, beside a running server or without one. */
export function trainCommand(): Command {
  return new Command('train')
    .description(
      'Train a model on the users that are stored, and keep it as a new version. The first of its kind is activated.',
    )
    .addOption(new Option('--task <name>', 'what to learn').choices([...MODEL_TASKS, 'all']).makeOptionMandatory())
    .addOption(new Option('--model <name>', 'which model').choices(MODELS).makeOptionMandatory())
    .option('--institution <code...>', "whose users; one: the version is that institution's own (default: all, shared)")
    .option('--shared', "the consortium's shared version, also from the users of one institution")
    .option('--activate', 'let it serve at once, in place of the version that does')
    .option(
      '--series <name=columns>',
      'for cnn and gru: attributes that are steps of a sequence, oldest first, as owed=owed_may,owed_june; may be given several times',
      addSeries,
    )
    .addOption(settingsOption())
    .addOption(calibrationOption())
    .option('--seed <number>', 'decides everything that is random', wholeNumber, 1)
    .addOption(new Option('--backend <name>', 'what computes (default: the best that works)').choices(BACKENDS))
    .option('--json', 'one JSON object on stdout')
    .action(runTrain);
}

async function runTrain(options: Options): Promise<void> {
  const output = createOutput(options);
  const given = await settingsOf(options);
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once('SIGINT', interrupt);
  const runtime = await createRuntime(readConfig(), { onStep: (step) => output.progress(step, 0) });
  try {
    const trained: Trained[] = [];
    const skipped: Skipped[] = [];
    const institutions = await institutionsOf(runtime, options.institution);
    const own = institutions.length === 1 && options.institution !== undefined && !options.shared;
    const tasks = options.task === 'all' ? MODEL_TASKS : [options.task];
    for (const [index, task] of tasks.entries()) {
      try {
        const version = await runtime.services.training.train(
          localViewer(own ? institutions[0].id : undefined),
          {
            ...{ task, model: options.model, institutions, own, activate: options.activate ?? false },
            ...{ seed: options.seed, series: options.series },
          },
          {
            backend: options.backend,
            signal: stop.signal,
            settings: {
              ...given,
              ...(options.calibration && task === 'risk' && { calibration: options.calibration }),
            },
            onProgress: ({ stage, fraction, figures }) =>
              output.progress(`${task}: ${stage}`, (index + fraction) / tasks.length, figures),
          },
        );
        trained.push({ task, version });
      } catch (error) {
        const tooLittle = options.task === 'all' && error instanceof ConcordError && error.code === 'BAD_INPUT';
        if (!tooLittle) throw error;
        skipped.push({ task, reason: error.message });
      }
    }
    if (trained.length === 0) throw badInput(skipped.map(({ reason }) => reason).join(' '));
    output.progress('done', 1);
    for (const { version } of trained) for (const warning of warningsOf(version.training)) output.note(warning);
    show(output, trained, skipped);
  } finally {
    process.off('SIGINT', interrupt);
    await runtime.close();
  }
}

/** @throws {ConcordError} BAD_INPUT */
async function settingsOf({ settings, task, model }: Options): Promise<ModelSettings> {
  if (settings === undefined) return {};
  if (task === 'all') throw badInput('Settings are for one task: name it by --task.');
  return givenSettings(settings, { task, model });
}

/** @throws {ConcordError} NOT_FOUND where a code is unknown */
async function institutionsOf(
  { services }: Runtime,
  codes: readonly string[] | undefined,
): Promise<{ id: string; code: string }[]> {
  if (codes) return Promise.all([...new Set(codes)].map((code) => institutionOf(services, code)));
  const all: { id: string; code: string }[] = [];
  for (let after: string | undefined; ; after = all.at(-1)!.code) {
    const rows = await services.institutions.list(localViewer(), { first: PAGE, after });
    all.push(...rows.slice(0, PAGE));
    if (rows.length <= PAGE) return all;
  }
}

async function institutionOf(
  { institutions }: Runtime['services'],
  code: string,
): Promise<{ id: string; code: string }> {
  const id = await institutions.idOf(code);
  if (!id) throw new ConcordError('NOT_FOUND', `There is no institution with the code ${code}.`);
  return { id, code };
}

function show(output: Output, trained: readonly Trained[], skipped: readonly Skipped[]): void {
  const versions = trained.map(({ version: { institutionId, ...version } }) => ({
    ...version,
    shared: institutionId === null,
  }));
  output.result({ versions, skipped }, () => {
    const rows = versions.map(({ task, model, number, status, shared, metrics, training }) => ({
      task,
      model,
      version: number,
      owner: shared ? 'shared' : 'own',
      status,
      users: training.users as number,
      ...Object.fromEntries(SHOWN.filter((name) => name in metrics).map((name) => [name, metrics[name]])),
    }));
    const tables = rows.map((row) => table([row]));
    return [...tables, ...skipped.map(({ task, reason }) => `${task}: skipped. ${reason}`)].join('\n\n');
  });
}

function addSeries(text: string, before: Series[] = []): Series[] {
  const [, name, columns] = /^([^=,]+)=([^=]+)$/.exec(text) ?? [];
  const names = columns?.split(',').map((column) => column.trim()) ?? [];
  if (!name || names.some((column) => column === ''))
    throw new InvalidArgumentError('Written as NAME=COLUMN,COLUMN,… with the oldest first.');
  return [...before, { name: name.trim(), columns: names }];
}

function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('A whole number is expected.');
}
