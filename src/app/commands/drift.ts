import { dirname } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { loadDataset } from '../../database/import/load-dataset.js';
import { readDescriptor } from '../../database/import/read-descriptor.js';
import { datasetOf } from '../../engine/data/banks.js';
import { conform } from '../../engine/data/conform.js';
import { type Dataset, FOLD } from '../../engine/data/dataset.js';
import { selectUsers } from '../../engine/data/split.js';
import { fitContract } from '../../engine/encoders/fit.js';
import { badInput } from '../../errors.js';
import { type DriftReport, driftLevel, driftReport } from '../../oversight/drift-report.js';
import { createRuntime } from '../composition.js';
import { readConfig } from '../config.js';
import { driftText } from '../fairness/render.js';
import { versionOf, viewerFor } from '../fairness/stored.js';
import { createOutput, type Output } from '../output.js';

interface Options {
  institution?: string;
  modelVersion?: string;
  descriptor?: string;
  data?: string;
  against?: string;
  againstData?: string;
  bins: number;
  json?: boolean;
}

/** `concord drift`: how far users have moved from those whom a model was trained on, stored ones or files. */
export function driftCommand(): Command {
  return new Command('drift')
    .description('Show how far users have moved from those of training: population stability index of every feature.')
    .option('--institution <code>', 'measure its stored users against a model version, and keep the report')
    .option(
      '--model-version <id>',
      'which version: its id, or risk or interest for the one that serves (default: risk)',
    )
    .option('--descriptor <file>', 'or, with no database: files of the users of training (docs/import.md)')
    .option('--data <folder>', "where the descriptor's files lie (default: the descriptor's folder)")
    .option(
      '--against <file>',
      "the descriptor of the users of now (default: the test users of the descriptor's split)",
    )
    .option('--against-data <folder>', 'where its files lie (default: as --data)')
    .option('--bins <number>', 'with files: into how many bins numbers are cut at most', bins, 32)
    .option('--json', 'one JSON object on stdout')
    .action(runDrift);
}

async function runDrift(options: Options): Promise<void> {
  const output = createOutput(options);
  if ((options.institution === undefined) === (options.descriptor === undefined))
    throw badInput('Name an institution whose users are stored, or a descriptor of files.');
  const report = options.descriptor
    ? await ofFiles(options.descriptor, options, output)
    : await ofStored(options, output);
  output.result({ level: driftLevel(report), ...report }, () => driftText(report));
}

async function ofStored({ institution, modelVersion = 'risk' }: Options, output: Output): Promise<DriftReport> {
  const runtime = await createRuntime(readConfig(), { onStep: (step) => output.progress(step, 0) });
  try {
    const viewer = await viewerFor(runtime, institution);
    const version = await versionOf(runtime, viewer, modelVersion);
    output.progress('measuring', 0.2);
    const { report } = await runtime.services.oversight.drift.assess(viewer, version);
    output.progress('done', 1);
    return report;
  } finally {
    await runtime.close();
  }
}

async function ofFiles(path: string, options: Options, output: Output): Promise<DriftReport> {
  const { data = dirname(path), against, againstData } = options;
  const load = async (descriptorPath: string, folder: string, from: number) => {
    const descriptor = await readDescriptor(descriptorPath);
    const { dataset, report } = await loadDataset(descriptor, folder, {
      onProgress: (stage, fraction) => output.progress(stage, from + fraction * 0.4),
    });
    for (const note of report.notes) output.note(note);
    return { dataset, task: descriptor.task };
  };
  const { dataset, task } = await load(path, data, 0);
  const inFold = (fold: number) => selectUsers(dataset.size, (user) => dataset.fold?.[user] === fold);
  const users = dataset.fold ? inFold(FOLD.train) : selectUsers(dataset.size, () => true);
  const current = against
    ? (await load(against, againstData ?? options.data ?? dirname(against), 0.4)).dataset
    : datasetOf(dataset, inFold(FOLD.test));
  if (current.size === 0)
    throw badInput('The descriptor has no split: name the users of now with --against and --against-data.');
  const holdings = dataset.ownership ? (task === 'interest' ? 'oneHidden' : 'owned') : 'none';
  const contract = fitContract(dataset, { users, bins: options.bins, encoding: 'piecewise', holdings });
  const kinds = new Map(dataset.columns.map(({ name, kind }) => [name, kind]));
  const report = await driftReport({
    task,
    contract,
    training: { trainingUsers: users.length },
    current: conform(current, kinds),
    baseline: labelsOf(dataset, users),
  });
  output.progress('done', 1);
  return report;
}

/** Of users whose label is known. */
function labelsOf({ label }: Dataset, users: Int32Array): { users: number; events: number } | undefined {
  const known = label && users.filter((user) => label[user] === 0 || label[user] === 1);
  if (!known || known.length === 0) return undefined;
  return { users: known.length, events: known.reduce((sum, user) => sum + label[user], 0) / known.length };
}

const bins = (text: string): number => {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 2 && value <= 128) return value;
  throw new InvalidArgumentError('A whole number from 2 to 128 is expected.');
};
